/** The overlay in Node, over tmpfs layers: commands in, errnos and dumps out. The oracle's scripts are in test/overlay. */
import { describe, expect, test } from "vitest";
import { loadAs } from "../../../test/lib/as-wasm.ts";

interface Harness {
  init(): void;
  requestRoom(n: number): number;
  answerPtr(): number;
  answerLen(): number;
  run(): bigint;
  failNth(n: number, errno: number): void;
  changes(): number;
  collect(): void;
  usage(): void;
  log(): void;
}

const EIO = 5;
const ENOENT = 2;
const EEXIST = 17;
const EXDEV = 18;
const EINVAL = 22;
const EROFS = 30;
const ENOTEMPTY = 39;
const ELOOP = 40;
const ENODATA = 61;
const ESTALE = 116;

const module = await loadAs<Harness>("guest-kernel/fs/overlay/overlay.test.as.ts");
const k = module.exports;
k.init();

const answer = (): string => Buffer.from(module.memory.buffer, k.answerPtr(), k.answerLen()).toString("latin1");

/** Runs one command; >= 0 or -errno. */
function run(command: string): number {
  const bytes = Buffer.from(command, "latin1");
  const at = k.requestRoom(bytes.length);
  new Uint8Array(module.memory.buffer).set(bytes, at);
  return Number(k.run());
}

/** Runs commands that must succeed; the last one's answer. */
function ok(...commands: string[]): string {
  for (const c of commands) {
    const r = run(c);
    if (r < 0) throw new Error(`${c}: errno ${-r}`);
  }
  return answer();
}

const LAYERS = "lowerdir=/t/l1:/t/l2,upperdir=/t/up,workdir=/t/work";
let scratch = 0;

/** A fresh tmpfs at /t with layers l1 (top), l2, up and work; `fill` makes what they hold; then the overlay at /t/m. */
function overlay(fill: string[], type = "tmpfs", options = LAYERS): void {
  if (scratch++ > 0) ok("umount /t/m", "umount /t");
  else ok("mkdir /t");
  k.failNth(-1, 0);
  k.collect();
  ok(`mount ${type} /t rw `, "mkdir /t/l1", "mkdir /t/l2", "mkdir /t/up", "mkdir /t/work", "mkdir /t/m", ...fill);
  ok(`mount overlay /t/m rw ${options}`);
}

const names = (path: string): string[] => ok(`ls ${path}`).trim().split(" ").filter(Boolean).sort();

describe("lookup and merge", () => {
  test("B1 B3: directories merge, the upper wins", () => {
    overlay([
      "mkdir /t/l1/d",
      "mkdir /t/l2/d",
      "write /t/l1/d/a 1",
      "write /t/l2/d/a 2",
      "write /t/l2/d/b 2",
      "mkdir /t/up/d",
      "write /t/up/d/b u",
    ]);
    expect(ok("dump /t/m")).toBe(". 40755\n./d 40755\n./d/a 100644 '1'\n./d/b 100644 'u'\n");
  });

  test("B2 B4: a file on top hides, a file below stops the merge", () => {
    overlay([
      "write /t/l1/x f",
      "mkdir /t/l2/x",
      "write /t/l2/x/y 2",
      "mkdir /t/up/z",
      "write /t/l1/z f",
      "mkdir /t/l2/z",
      "write /t/l2/z/deep 2",
    ]);
    expect(ok("dump /t/m")).toBe(". 40755\n./x 100644 'f'\n./z 40755\n");
  });

  test("B5 B6 B7: whiteouts and opaque directories stop the merge in any layer", () => {
    overlay([
      "mkdir /t/l2/o",
      "write /t/l2/o/gone 2",
      "mkdir /t/l2/o/sub",
      "write /t/l2/o/sub/gone 2",
      "mkdir /t/l1/o",
      "setxattr /t/l1/o trusted.overlay.opaque y",
      "mkdir /t/l1/o/sub",
      "write /t/l1/o/sub/here 1",
      "write /t/l2/w 2",
      "mknod /t/l1/w c 0 0",
    ]);
    expect(ok("dump /t/m")).toBe(". 40755\n./o 40755\n./o/sub 40755\n./o/sub/here 100644 '1'\n");
    expect(run("stat /t/m/w")).toBe(-ENOENT);
  });

  test("C2: an empty file with the whiteout xattr hides in a directory marked x", () => {
    overlay([
      "mkdir /t/l2/d",
      "write /t/l2/d/a 2",
      "write /t/l2/d/b 2",
      "mkdir /t/l1/d",
      "setxattr /t/l1/d trusted.overlay.opaque x",
      "write /t/l1/d/a ",
      "setxattr /t/l1/d/a trusted.overlay.whiteout y",
    ]);
    expect(names("/t/m/d")).toEqual(["b"]);
    expect(run("stat /t/m/d/a")).toBe(-ENOENT);
  });

  test("C3: StarryOS markers count only under their option", () => {
    const fill = ["mkdir /t/l2/d", "write /t/l2/d/a 2", "mkdir /t/l1/d", "write /t/l1/d/.wh..wh..opq "];
    overlay(fill);
    expect(names("/t/m/d")).toEqual([".wh..wh..opq", "a"]);
    overlay(fill, "tmpfs", `${LAYERS},markers=starry`);
    expect(names("/t/m/d")).toEqual([]);
    expect(run("stat /t/m/d/.wh..wh..opq")).toBe(-ENOENT);
  });
});

describe("copy-up", () => {
  test("D1 D5 D18: mode, times, xattrs; the lower file and the parent directory stay as they were", () => {
    overlay(["mkdir /t/l2/d", "write /t/l2/d/f old", "setxattr /t/l2/d/f user.k v", "chmod /t/l2/d/f 4711"]);
    const before = ok("stat /t/m/d").split(" ");
    ok("append /t/m/d/f +new");
    expect(ok("dump /t/up")).toBe(". 40755\n./d 40755\n./d/f 104711 user.k=v 'old+new'\n");
    expect(ok("dump /t/l2")).toBe(". 40755\n./d 40755\n./d/f 104711 user.k=v 'old'\n");
    expect(ok("stat /t/m/d").split(" ")[3]).toBe(before[3]);
    expect(ok("dump /t/work")).toBe(". 40755\n./work 40000\n");
  });

  test("D14: O_TRUNC copies nothing; D15: truncate keeps the beginning", () => {
    overlay(["write /t/l2/f 0123456789", "write /t/l2/g 0123456789"]);
    ok("write /t/m/f new", "truncate /t/m/g 3");
    expect(ok("dump /t/up")).toBe(". 40755\n./f 100644 'new'\n./g 100644 '012'\n");
  });

  test("L1 I2: a descriptor opened before copy-up sees the new content, and the number stays", () => {
    overlay(["write /t/l2/f old"]);
    const ino = ok("stat /t/m/f").split(" ")[0];
    ok("open 0 /t/m/f r", "append /t/m/f +more");
    expect(ok("read 0")).toBe("old+more");
    expect(ok("stat /t/m/f").split(" ")[0]).toBe(ino);
    ok("close 0");
  });

  test("D22: a hard link is broken by copy-up, its twin keeps the old content", () => {
    overlay(["write /t/l2/f old", "link /t/l2/f /t/l2/g"]);
    ok("append /t/m/f +new");
    expect(ok("dump /t/m")).toBe(". 40755\n./f 100644 'old+new'\n./g 100644 'old'\n");
    expect(ok("stat /t/m/f").split(" ")[0]).not.toBe(ok("stat /t/m/g").split(" ")[0]);
  });
});

describe("create and remove", () => {
  test("C1 C7 C8 F6 F7: whiteouts only where something lies below, all links of one inode", () => {
    overlay(["write /t/l2/a 2", "write /t/l2/b 2"]);
    ok("write /t/m/new x", "unlink /t/m/new", "append /t/m/a x", "unlink /t/m/a", "unlink /t/m/b");
    expect(ok("dump /t/up")).toBe(". 40755\n./a 20000 rdev=0\n./b 20000 rdev=0\n");
    expect(ok("stat /t/up/a").split(" ")[0]).toBe(ok("stat /t/up/b").split(" ")[0]);
    expect(ok("dump /t/m")).toBe(". 40755\n");
  });

  test("E5 E6: what is made over a whiteout takes its place; a directory is opaque", () => {
    overlay(["write /t/l2/f 2", "mkdir /t/l2/d", "write /t/l2/d/x 2"]);
    ok("unlink /t/m/f", "write /t/m/f new", "unlink /t/m/d/x", "rmdir /t/m/d", "mkdir /t/m/d");
    expect(ok("dump /t/m")).toBe(". 40755\n./d 40755\n./f 100644 'new'\n");
    expect(ok("dump /t/up")).toBe(". 40755\n./d 40755 trusted.overlay.opaque=y\n./f 100644 'new'\n");
    expect(ok("ls /t/work/work").trim()).toMatch(/^#[0-9a-f]+$/);
  });

  test("F3 F4: rmdir looks at the merged view, and clears whiteouts", () => {
    overlay(["mkdir /t/l2/d", "write /t/l2/d/x 2"]);
    expect(run("rmdir /t/m/d")).toBe(-ENOTEMPTY);
    ok("unlink /t/m/d/x", "rmdir /t/m/d");
    expect(ok("dump /t/up")).toBe(". 40755\n./d 20000 rdev=0\n");
  });

  test("F8: an upper changed underneath is stale", () => {
    overlay(["write /t/l2/f 2"]);
    ok("append /t/m/f x", "unlink /t/up/f");
    expect(run("unlink /t/m/f")).toBe(-ESTALE);
  });

  test("F12: an open file outlives its name", () => {
    overlay(["write /t/l2/f low", "write /t/up/g up"]);
    ok("open 0 /t/m/f r", "open 1 /t/m/g w", "unlink /t/m/f", "unlink /t/m/g");
    expect(ok("read 0")).toBe("low");
    ok("fdwrite 1 !");
    expect(ok("read 1")).toBe("up!");
    ok("close 0", "close 1");
  });

  test("C6: a whiteout cannot be made by hand", () => {
    overlay([]);
    expect(run("mknod /t/m/w c 0 0")).toBe(-1);
  });
});

describe("rename", () => {
  test("G1 G3: lower and merged directories are not moved", () => {
    overlay(["mkdir /t/l2/d", "mkdir /t/l1/e", "mkdir /t/up/e"]);
    expect(run("mv /t/m/d /t/m/d2")).toBe(-EXDEV);
    expect(run("mv /t/m/e /t/m/e2")).toBe(-EXDEV);
  });

  test("G4 G5 G6: files move with a whiteout where one is needed", () => {
    overlay(["write /t/l2/f 2", "write /t/l2/w 2"]);
    ok("unlink /t/m/w", "mv /t/m/f /t/m/w", "write /t/m/p up", "mv /t/m/p /t/m/q");
    expect(ok("dump /t/up")).toBe(". 40755\n./f 20000 rdev=0\n./q 100644 'up'\n./w 100644 '2'\n");
  });

  test("G7 G8 G14: a directory over an empty one, opaque where it would merge", () => {
    overlay([
      "mkdir /t/l2/full",
      "write /t/l2/full/x 2",
      "mkdir /t/l2/bare",
      "mkdir /t/l2/p",
      "mkdir /t/l2/p/n",
      "write /t/l2/p/n/x 2",
    ]);
    ok("mkdir /t/m/new", "write /t/m/new/y u");
    expect(run("mv /t/m/new /t/m/full")).toBe(-ENOTEMPTY);
    ok("unlink /t/m/full/x", "mv /t/m/new /t/m/full");
    expect(ok("dump /t/m/full")).toBe(". 40755\n./y 100644 'u'\n");
    ok("mv /t/m/full /t/m/bare", "unlink /t/m/p/n/x", "rmdir /t/m/p/n", "mv /t/m/bare /t/m/p/n");
    expect(ok("dump /t/m/p")).toBe(". 40755\n./n 40755\n./n/y 100644 'u'\n");
    expect(run("stat /t/m/full")).toBe(-ENOENT);
  });

  test("G11: NOREPLACE sees the merged view, a whiteout counts as absent", () => {
    overlay(["write /t/l2/a 2", "write /t/l2/b 2"]);
    expect(run("mv /t/m/a /t/m/b noreplace")).toBe(-EEXIST);
    ok("unlink /t/m/b", "mv /t/m/a /t/m/b noreplace");
    expect(names("/t/m")).toEqual(["b"]);
  });

  test("G12: files change places", () => {
    overlay(["write /t/l2/a A", "write /t/l1/b B", "mkdir /t/l1/d"]);
    ok("mv /t/m/a /t/m/b exchange");
    expect(ok("dump /t/m")).toBe(". 40755\n./a 100644 'B'\n./b 100644 'A'\n./d 40755\n");
    expect(run("mv /t/m/a /t/m/d exchange")).toBe(-EXDEV);
  });
});

describe("listing, xattrs, mounting", () => {
  test("H2: the lowest layer comes first", () => {
    overlay(["write /t/l2/1 x", "write /t/l2/2 x", "write /t/l1/3 x", "write /t/l1/1 x", "write /t/up/4 x"]);
    const all = ok("ls /t/m").trim().split(" ");
    expect(all.slice(0, 2).sort()).toEqual(["1", "2"]);
    expect(all.slice(2).sort()).toEqual(["3", "4"]);
  });

  test("J1 J2 J3: own xattrs are hidden, a user's are escaped", () => {
    overlay(["mkdir /t/up/d", "setxattr /t/up/d trusted.overlay.opaque y", "setxattr /t/up/d trusted.overlayfoo 1"]);
    expect(run("getxattr /t/m/d trusted.overlay.opaque")).toBe(-ENODATA);
    ok("setxattr /t/m/d trusted.overlay.mine 2");
    expect(ok("dump /t/m")).toBe(". 40755\n./d 40755 trusted.overlayfoo=1 trusted.overlay.mine=2\n");
    expect(ok("dump /t/up")).toContain("trusted.overlay.overlay.mine=2");
  });

  test.each([
    ["A1", "upperdir=/t/up,workdir=/t/work", EINVAL],
    ["A2", "lowerdir=/t/l1", EINVAL],
    ["A4", "lowerdir=/t/l1,upperdir=/t/up", EINVAL],
    ["A6", "lowerdir=/t/none,upperdir=/t/up,workdir=/t/work", ENOENT],
    ["A6", "lowerdir=/t/file,upperdir=/t/up,workdir=/t/work", EINVAL],
    ["A7", "lowerdir=/t/l1,upperdir=/t/up,workdir=/", EINVAL],
    ["A8", "lowerdir=/t/l1,upperdir=/t/up,workdir=/t/up", EINVAL],
    ["A9", "lowerdir=/t/up,upperdir=/t/up,workdir=/t/work", ELOOP],
    ["A9", "lowerdir=/t/l1:/t/l1,upperdir=/t/up,workdir=/t/work", ELOOP],
    ["A13", "lowerdir=/t/l1,upperdir=/t/m,workdir=/t/m", EINVAL],
    ["A17", "lowerdir=:/t/l1,upperdir=/t/up,workdir=/t/work", EINVAL],
    ["A18", "lowerdir=/t/l1::/t/l2,upperdir=/t/up,workdir=/t/work", EINVAL],
    ["A20", `${LAYERS},volatile`, EINVAL],
    ["A20", `${LAYERS},nonsense`, EINVAL],
  ])("%s: %s is refused", (_row, options, errno) => {
    overlay(["write /t/file x", "mkdir /t/m2", "mkdir /t/l1/x"]);
    expect(run(`mount overlay /t/m2 rw ${options}`)).toBe(-errno);
  });

  test("A3: two lowers alone are read-only", () => {
    overlay(["mkdir /t/m2", "write /t/l1/f 1", "mkdir /t/l3", "mkdir /t/l4"]);
    ok("mount overlay /t/m2 rw lowerdir=/t/l4:/t/l3");
    expect(run("mkdir /t/m2/d")).toBe(-EROFS);
    ok("umount /t/m2");
  });
});

test("nothing is left behind: frames, dentries and inodes after many mounts are as before", () => {
  const measure = (): string => {
    overlay([]);
    k.usage();
    return answer();
  };
  const before = measure();
  for (let i = 0; i < 5; i++) {
    overlay(["mkdir /t/l2/d", "write /t/l2/d/x 2", "write /t/l2/f 2"]);
    ok(
      "open 0 /t/m/f r",
      "append /t/m/f x",
      "unlink /t/m/f",
      "close 0",
      "unlink /t/m/d/x",
      "rmdir /t/m/d",
      "mkdir /t/m/d",
      "mv /t/m/d /t/m/e",
    );
  }
  expect(measure()).toBe(before);
});

/** Every command of a fixed list, with the Nth change of the upper failing, for every N. */
describe("a failing upper leaves the old state or the new one", () => {
  const FILL = [
    "mkdir /t/l2/d",
    "write /t/l2/d/x low",
    "mkdir /t/l2/bare",
    "write /t/l2/f low",
    "write /t/l2/g low",
    "setxattr /t/l2/f user.k v",
    "mkdir /t/l1/d",
    "write /t/l1/d/y low",
    "symlink f /t/l2/s",
  ];
  const PREPARE = [
    "unlink /t/m/g",
    "write /t/m/up new",
    "mkdir /t/m/pure",
    "write /t/m/pure/z new",
    "mkdir /t/m/cleared",
    "unlink /t/m/d/x",
    "unlink /t/m/d/y",
  ];
  const COMMANDS = [
    "append /t/m/f +more",
    "write /t/m/f new",
    "chmod /t/m/f 600",
    "truncate /t/m/f 1",
    "setxattr /t/m/f user.n 1",
    "write /t/m/g again",
    "mkdir /t/m/g",
    "mknod /t/m/g p 0 0",
    "symlink a /t/m/g",
    "link /t/m/f /t/m/g",
    "link /t/m/f /t/m/h",
    "unlink /t/m/f",
    "unlink /t/m/up",
    "rmdir /t/m/d",
    "rmdir /t/m/bare",
    "rmdir /t/m/cleared",
    "mv /t/m/f /t/m/h",
    "mv /t/m/f /t/m/g",
    "mv /t/m/up /t/m/f",
    "mv /t/m/f /t/m/bare/f",
    "mv /t/m/pure /t/m/d",
    "mv /t/m/pure /t/m/g",
    "mv /t/m/pure /t/m/bare",
    "mv /t/m/f /t/m/s exchange",
    "write /t/m/bare/new n",
  ];

  test.each(COMMANDS)("%s", command => {
    const prepare = (): string => {
      overlay(FILL, "faulty");
      ok(...PREPARE);
      return ok("dump /t/m");
    };
    const old = prepare();
    k.failNth(-1, 0);
    expect(run(command)).toBeGreaterThanOrEqual(0);
    const steps = k.changes();
    // Opening with O_TRUNC empties the file before anything is written.
    const between = command.startsWith("write /t/m/f")
      ? [old.replace("./f 100644 user.k=v 'low'", "./f 100644 user.k=v ''")]
      : [];
    const fresh = ok("dump /t/m");
    expect(steps).toBeGreaterThan(0);
    for (let n = 0; n < steps; n++) {
      prepare();
      k.failNth(n, EIO);
      const r = run(command);
      k.failNth(-1, 0);
      const now = ok("dump /t/m");
      if (r < 0) {
        expect(r, `step ${n}`).toBe(-EIO);
        expect([old, fresh, ...between], `step ${n}`).toContain(now);
      } else expect(now, `step ${n}`).toBe(fresh);
    }
  });
});

/** Deterministic numbers in [0, n). */
function dice(seed: number): (n: number) => number {
  return n => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
}

const PATHS = ["a", "b", "c", "a/a", "a/b", "b/a", "b/c", "a/a/a", "a/b/c"];

/** Commands that make a random tree below `root`. */
function randomTree(roll: (n: number) => number, root: string, isLayer: boolean): string[] {
  const dirs = new Set([""]);
  const commands: string[] = [];
  for (const path of PATHS) {
    if (!dirs.has(path.split("/").slice(0, -1).join("/"))) continue;
    const at = `${root}/${path}`;
    const kind = roll(isLayer ? 7 : 5);
    if (kind < 2) {
      commands.push(`mkdir ${at}`);
      dirs.add(path);
      if (isLayer && roll(5) === 0) commands.push(`setxattr ${at} trusted.overlay.opaque y`);
    } else if (kind === 2) commands.push(`write ${at} ${root}:${path}`);
    else if (kind === 3) commands.push(`symlink t${roll(9)} ${at}`);
    else if (kind === 5) commands.push(`mknod ${at} c 0 0`);
  }
  return commands;
}

/** One random command; `@` stands for the tree's root. */
function randomCommand(roll: (n: number) => number): string {
  const path = (): string => `@/${PATHS[roll(PATHS.length)]}`;
  const commands = [
    () => `mkdir ${path()}`,
    () => `rmdir ${path()}`,
    () => `unlink ${path()}`,
    () => `append ${path()} +${roll(10)}`,
    () => `truncate ${path()} ${roll(4)}`,
    () => `chmod ${path()} 7${roll(8)}${roll(8)}`,
    () => `symlink x${roll(9)} ${path()}`,
    () => `mknod ${path()} p 0 0`,
    () => `link ${path()} ${path()}`,
    () => `mv ${path()} ${path()}`,
    () => `mv ${path()} ${path()}`,
    () => `mv ${path()} ${path()} exchange`,
    () => `mv ${path()} ${path()} noreplace`,
    () => `setxattr ${path()} user.k ${roll(10)}`,
    () => `write @/${"abc"[roll(3)]}${roll(3)} new`,
  ];
  return commands[roll(commands.length)]!();
}

/** Commands that make the tree of a dump below `root`. */
function rebuild(dumped: string, root: string): string[] {
  return dumped
    .split("\n")
    .slice(1, -1)
    .map(line => {
      const [, path, mode, rest] = /^\.\/(\S+) (\d+) ?(.*)$/.exec(line)!;
      if (mode!.startsWith("4")) return `mkdir ${root}/${path}`;
      if (mode!.startsWith("12")) return `symlink ${rest!.replace("-> ", "")} ${root}/${path}`;
      return `write ${root}/${path} ${rest!.slice(1, -1)}`;
    });
}

test.each(Array.from({ length: 40 }, (_, i) => i))(
  "random commands do what they do on one plain tmpfs, seed %i",
  seed => {
    const roll = dice(seed + 1);
    overlay([
      ...randomTree(roll, "/t/l2", true),
      ...randomTree(roll, "/t/l1", true),
      ...randomTree(roll, "/t/up", true),
    ]);
    ok("mkdir /t/flat", ...rebuild(ok("dump /t/m"), "/t/flat"));
    const done: string[] = [];
    for (let i = 0; i < 60; i++) {
      const command = randomCommand(roll);
      const before = ok("dump /t/m");
      const r = run(command.replaceAll("@", "/t/m"));
      done.push(`${command} = ${r}`);
      if (r === -EXDEV) expect(ok("dump /t/m"), done.join("\n")).toBe(before);
      else {
        expect(r, done.join("\n")).toBe(run(command.replaceAll("@", "/t/flat")));
        expect(ok("dump /t/m"), done.join("\n")).toBe(ok("dump /t/flat"));
      }
    }
    // What is on the layers says the same to a new mount.
    const last = ok("dump /t/m");
    ok("umount /t/m", `mount overlay /t/m rw ${LAYERS}`);
    expect(ok("dump /t/m"), done.join("\n")).toBe(last);
  },
);

test.each(Array.from({ length: 15 }, (_, i) => i))(
  "random commands on a failing upper: the old state or the new one, seed %i",
  seed => {
    const roll = dice(seed + 1000);
    const fill = [
      ...randomTree(roll, "/t/l2", true),
      ...randomTree(roll, "/t/l1", true),
      ...randomTree(roll, "/t/up", true),
    ];
    const done: string[] = [];
    const again = (): string => {
      overlay(fill, "faulty");
      for (const c of done) run(c);
      return ok("dump /t/m");
    };
    for (let i = 0; i < 12; i++) {
      const command = randomCommand(roll).replaceAll("@", "/t/m");
      const old = again();
      k.failNth(-1, 0);
      const r = run(command);
      const steps = k.changes();
      const fresh = ok("dump /t/m");
      for (let n = 0; n < steps; n++) {
        again();
        k.failNth(n, EIO);
        const f = run(command);
        k.failNth(-1, 0);
        const what = `${[...done, command].join("\n")}\nfailing at ${n}: ${f} instead of ${r}`;
        expect([old, fresh], what).toContain(ok("dump /t/m"));
        if (f >= 0) expect(ok("dump /t/m"), what).toBe(fresh);
        else expect([-EIO, r], what).toContain(f);
        ok("umount /t/m", `mount overlay /t/m rw ${LAYERS}`);
        expect([old, fresh], `${what}, mounted again`).toContain(ok("dump /t/m"));
      }
      done.push(command);
    }
  },
);
