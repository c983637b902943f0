/**
 * The ext4 driver in Node on images of mke2fs (and debugfs) where they are installed, and of tools/image always: whole
 * trees compared, then damaged in every way that a seed can find.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  linkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadAs } from "../../../test/lib/as-wasm.ts";
import { crc32c } from "../../../tools/image/crc32c.ts";
import { writeExt4 } from "../../../tools/image/ext4-writer.ts";
import { treeOf } from "../../../tools/image/manifest.ts";

interface Harness {
  init(): void;
  optionRoom(n: number): number;
  mount(sectors: bigint): bigint;
  walk(): void;
  log(): void;
  textPtr(): number;
  textLen(): number;
}

const EINVAL = 22;
const EROFS = 30;
const EUCLEAN = 117;
const SECTOR = 512;
const MTIME = 1_600_000_000;
const SUPER = 1024;
const SUPER_INCOMPAT = SUPER + 0x60;

let image: Uint8Array = new Uint8Array(0);
/** Device reads since the last mount: what a damaged image may cost. */
let reads = 0;
const MAX_READS = 2_000_000;

const k = await loadAs<Harness>("guest-kernel/fs/ext4/ext4.test.as.ts", {
  rv: {
    diskRead: (sector: bigint, count: number, dst: number) => {
      if (++reads > MAX_READS) throw new Error("a walk does not end");
      const at = Number(sector) * SECTOR;
      new Uint8Array(k.memory.buffer).set(image.subarray(at, at + count * SECTOR), dst >>> 0);
      return 0;
    },
  },
});
k.exports.init();

const text = (): string => Buffer.from(k.memory.buffer, k.exports.textPtr(), k.exports.textLen()).toString("latin1");

function mount(bytes: Uint8Array, options = ""): number {
  image = bytes;
  reads = 0;
  const at = k.exports.optionRoom(options.length);
  new Uint8Array(k.memory.buffer).set(Buffer.from(options), at);
  return Number(k.exports.mount(BigInt(bytes.length / SECTOR)));
}

function walk(): string[] {
  k.exports.walk();
  return text().split("\n").filter(Boolean).sort();
}

function log(): string {
  k.exports.log();
  return text();
}

const scratch = mkdtempSync(join(tmpdir(), "strata-ext4-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const has = (tool: string): boolean => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0;
const canMake = has("mke2fs") && has("debugfs");
const whenMade = canMake ? describe : describe.skip;

const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const noise = (n: number, seed: number): Uint8Array => {
  const next = random(seed);
  return Uint8Array.from({ length: n }, () => next() * 256);
};
const crcOf = (data: Uint8Array): string => crc32c(0xffff_ffff, data).toString(16).padStart(8, "0");

/** Files of the tree: name to content. */
const FILES: Record<string, Uint8Array> = {
  "a/hello": Buffer.from("hello\n"),
  "a/empty": new Uint8Array(0),
  "a/tiny": noise(50, 1),
  "a/odd": noise(100_001, 2),
  "a/page": noise(4096, 3),
  ...Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`many/file-with-quite-a-long-name-${i}`, Buffer.from(`${i}`)]),
  ),
};
const LONG_TARGET = "x/".repeat(100);
const LONG_VALUE = "v".repeat(700);

/** The tree on this machine's disk, and what a walk says about it. */
function makeTree(): { source: string; expected: string[] } {
  const source = join(scratch, "tree");
  mkdirSync(join(source, "a"), { recursive: true, mode: 0o755 });
  mkdirSync(join(source, "many"), { mode: 0o755 });
  const expected: string[] = [];
  for (const [name, data] of Object.entries(FILES)) {
    writeFileSync(join(source, name), data, { mode: 0o640 });
    utimesSync(join(source, name), MTIME, MTIME);
    const links = name === "a/odd" ? 2 : 1;
    const line = ` mode=100640 nlink=${links} uid=0 gid=0 mtime=${MTIME} size=${data.length} crc=${crcOf(data)}`;
    expected.push(`/${name}${line}`);
    if (links === 2) expected.push(`/a/second${line}`);
  }
  linkSync(join(source, "a/odd"), join(source, "a/second"));
  symlinkSync("hello", join(source, "a/short"));
  symlinkSync(LONG_TARGET, join(source, "a/long"));
  writeFileSync(join(source, "a/sparse"), "begin");
  truncateSync(join(source, "a/sparse"), 150_000);
  return { source, expected };
}

const DEVICES = [
  "mknod null c 1 3",
  "mknod wide b 259 1000",
  "mknod pipe p",
  "ea_set /a/hello user.small value",
  "ea_set /a/hello trusted.overlay.opaque y",
  `ea_set /a/hello user.long ${LONG_VALUE}`,
];

const tree = canMake ? makeTree() : null;

function make(name: string, ...args: string[]): Uint8Array {
  const file = join(scratch, `${name}.img`);
  execFileSync("mke2fs", ["-q", "-F", "-t", "ext4", "-d", tree!.source, ...args, file, "6M"], { stdio: "pipe" });
  const commands = join(scratch, "commands");
  writeFileSync(commands, `${DEVICES.join("\n")}\n`);
  execFileSync("debugfs", ["-w", "-f", commands, file], { stdio: "pipe" });
  return new Uint8Array(readFileSync(file));
}

/** Owners are whoever runs the test. */
const anonymous = (lines: string[]): string[] => lines.map(l => l.replace(/uid=\d+ gid=\d+/, "uid=0 gid=0"));

whenMade("images of mke2fs", () => {
  test.each<[string, string[]]>([
    ["the defaults here", []],
    ["1 KiB blocks", ["-b", "1024"]],
    ["2 KiB blocks", ["-b", "2048"]],
    ["4 KiB blocks", ["-b", "4096"]],
    ["no checksums", ["-O", "^metadata_csum"]],
    ["the defaults of e2fsprogs 1.47", ["-O", "metadata_csum_seed,orphan_file", "-b", "1024"]],
    ["32-bit descriptors", ["-O", "^64bit"]],
    ["indirect blocks", ["-O", "^extents,^64bit,^metadata_csum", "-b", "1024"]],
    ["inline data", ["-O", "inline_data", "-I", "512"]],
    ["small inodes", ["-I", "128", "-O", "^metadata_csum"]],
    ["no file types in directories", ["-O", "^filetype,^metadata_csum"]],
  ])("%s", (name, args) => {
    expect(mount(make(name.replaceAll(" ", "-"), ...args))).toBe(0);
    const seen = anonymous(walk());
    for (const line of tree!.expected) {
      const shown = line.startsWith("/a/hello ") ? seen.find(l => l.startsWith(line)) : line;
      expect(seen).toContain(shown);
    }
    expect(seen.filter(l => /(lookup|readdir|read|readlink|xattrs)=-|differs/.test(l))).toEqual([]);
    const find = (path: string): string => seen.find(l => l.startsWith(`${path} `)) ?? `${path} is missing`;
    expect(find("/a/short")).toContain(" -> hello");
    expect(find("/a/long")).toContain(` -> ${LONG_TARGET}`);
    expect(find("/null")).toMatch(/mode=20\d+ .*rdev=103$/);
    expect(find("/wide")).toMatch(/mode=60\d+ .*rdev=3103e8$/);
    expect(find("/pipe")).toMatch(/mode=10\d{3} /);
    expect(find("/a/hello")).toContain("user.small=value");
    expect(find("/a/hello")).toContain("trusted.overlay.opaque=y");
    expect(find("/a/hello")).toContain(`user.long=${LONG_VALUE}`);
    // mke2fs 1.47.0 itself cuts this file short when it stores content in inodes.
    if (name !== "inline data") expect(find("/a/sparse")).toMatch(/size=150000 .* hole=\d+ data=-6$/);
  });

  test("what it cannot read is refused, with a line", () => {
    const plain = make("plain", "-O", "^metadata_csum");
    const unknown = plain.slice();
    unknown[SUPER_INCOMPAT + 2]! |= 1; // encrypt
    expect(mount(unknown)).toBe(-EINVAL);
    expect(log()).toContain("EXT4-fs (vda): cannot mount because of unsupported features 0x10000");
    expect(mount(new Uint8Array(65536))).toBe(-EINVAL);
    expect(mount(plain.subarray(0, plain.length / 2))).toBe(-EINVAL);
    expect(log()).toContain("block count exceeds the size of the device");
    expect(mount(plain, "data=journal")).toBe(-EINVAL);
  });

  test("a journal that was not replayed: refused, or mounted without it", () => {
    const dirty = make("dirty", "-O", "^metadata_csum");
    dirty[SUPER_INCOMPAT]! |= 4;
    expect(mount(dirty)).toBe(-EROFS);
    expect(log()).toContain("recovery required on readonly filesystem");
    expect(mount(dirty, "noload")).toBe(0);
  });

  test("checksums are verified", () => {
    const good = make("sums", "-O", "metadata_csum", "-b", "1024");
    const bad = good.slice();
    bad[SUPER + 0x30]! ^= 1;
    expect(mount(bad)).toBe(-EUCLEAN);
    const stat = execFileSync("debugfs", ["-R", "imap /a/hello", join(scratch, "sums.img")], {
      stdio: "pipe",
    }).toString();
    const [, block, offset] = /located at block (\d+), offset (0x[0-9a-f]+)/.exec(stat)!;
    const inode = good.slice();
    inode[Number(block) * 1024 + Number(offset) + 0x10]! ^= 1;
    expect(mount(inode)).toBe(0);
    expect(walk()).toContain(`/a/hello lookup=-${EUCLEAN}`);
    expect(log()).toMatch(/error: inode \d+: checksum does not match/);
  });

  /** Reads the whole tree of an image with random bits flipped; a trap or an endless walk throws. */
  function fuzz(good: Uint8Array, rounds: number, seed: number): { mounted: number; damaged: number } {
    const next = random(seed);
    const used = good.length;
    let mounted = 0;
    let damaged = 0;
    for (let round = 0; round < rounds; round++) {
      const bad = good.slice();
      const flips = 1 + Math.floor(next() * 40);
      for (let i = 0; i < flips; i++) {
        // Most of an image is file data or free: half of the flips go where the metadata is.
        const at = next() < 0.5 ? Math.floor(next() * Math.min(used, 300_000)) : Math.floor(next() * used);
        if (at >= SUPER && at < SUPER + 1024 && next() < 0.9) continue;
        bad[at]! ^= 1 << Math.floor(next() * 8);
      }
      if (mount(bad) !== 0) continue;
      mounted++;
      if (walk().some(l => l.includes(`-${EUCLEAN}`))) damaged++;
    }
    return { mounted, damaged };
  }

  test.each<[string, string[], number]>([
    ["with checksums", ["-O", "metadata_csum", "-b", "1024"], 11],
    ["without checksums", ["-O", "^metadata_csum", "-b", "1024"], 12],
    ["indirect blocks", ["-O", "^extents,^64bit,^metadata_csum", "-b", "1024"], 13],
    ["inline data", ["-O", "inline_data,^metadata_csum", "-I", "512", "-b", "1024"], 14],
  ])("damaged images, %s: errors and never a trap", (name, args, seed) => {
    const { mounted, damaged } = fuzz(make(`fuzz-${name.replaceAll(" ", "-")}`, ...args), 60, seed);
    expect(mounted).toBeGreaterThan(20);
    expect(damaged).toBeGreaterThan(5);
  });
});

if (!canMake) test.skip("images of mke2fs: e2fsprogs is not installed", () => {});

test("images of tools/image", () => {
  const sources = { read: () => noise(9_000_001, 5), list: () => [] };
  const bytes = writeExt4(
    treeOf(
      {
        label: "test",
        entries: [
          { path: "/etc", mode: "2755", uid: 5, gid: 70000 },
          { path: "/etc/motd", text: "hello\n", mode: "640", xattrs: { "trusted.overlay.opaque": "y" } },
          { path: "/short", symlink: "etc/motd" },
          { path: "/long", symlink: LONG_TARGET },
          { path: "/null", char: [1, 3], mode: "666" },
          { path: "/big", source: "big" },
        ],
      },
      sources,
      MTIME,
    ),
    { uuid: new Uint8Array(16).fill(7), label: "test", time: MTIME },
  );
  expect(mount(bytes)).toBe(0);
  const seen = walk();
  expect(seen).toContain(`/etc mode=42755 nlink=2 uid=5 gid=70000 mtime=${MTIME}`);
  const motd = crcOf(Buffer.from("hello\n"));
  expect(seen).toContain(
    `/etc/motd mode=100640 nlink=1 uid=0 gid=0 mtime=${MTIME} size=6 crc=${motd} trusted.overlay.opaque=y`,
  );
  expect(seen).toContain(`/short mode=120777 nlink=1 uid=0 gid=0 mtime=${MTIME} -> etc/motd`);
  expect(seen).toContain(`/long mode=120777 nlink=1 uid=0 gid=0 mtime=${MTIME} -> ${LONG_TARGET}`);
  // The walk reads at most 40 pages of a file.
  const start = crcOf(noise(9_000_001, 5).subarray(0, 40 * 4096));
  expect(seen.find(l => l.startsWith("/big "))).toContain(`size=9000001 crc=${start}`);
});
