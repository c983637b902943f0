import fc from "fast-check";
import { expect, test } from "vitest";
import { loadVfs, type Outcome, type Vfs } from "../../../test/lib/vfs-wasm.ts";

/** The model: a tree of nodes; what a path means and what each operation does to it, in the plainest way. */
type Node = { kind: "dir"; names: Map<string, Node> } | { kind: "file"; data: string; links: number };
type Dir = Extract<Node, { kind: "dir" }>;

const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

const newDir = (): Dir => ({ kind: "dir", names: new Map() });

class Model {
  root = newDir();

  /** The node, or an errno. */
  find(path: string[]): Node | string {
    let at: Node = this.root;
    for (const name of path) {
      if (at.kind !== "dir") return "ENOTDIR";
      const next: Node | undefined = at.names.get(name);
      if (!next) return "ENOENT";
      at = next;
    }
    return at;
  }

  dirOf(path: string[]): Dir | string {
    const d = this.find(path.slice(0, -1));
    return typeof d === "string" ? d : d.kind === "dir" ? d : "ENOTDIR";
  }

  mkdir(path: string[]): Outcome {
    const d = this.dirOf(path);
    if (typeof d === "string") return d;
    const name = path.at(-1)!;
    if (d.names.has(name)) return "EEXIST";
    d.names.set(name, newDir());
    return 0;
  }

  write(path: string[], data: string): Outcome {
    const d = this.dirOf(path);
    if (typeof d === "string") return d;
    const there = d.names.get(path.at(-1)!);
    if (there?.kind === "dir") return "EISDIR";
    if (there) there.data = data;
    else d.names.set(path.at(-1)!, { kind: "file", data, links: 1 });
    return 0;
  }

  read(path: string[]): string {
    const n = this.find(path);
    return typeof n === "string" ? n : n.kind === "dir" ? "EISDIR" : n.data;
  }

  unlink(path: string[]): Outcome {
    const d = this.dirOf(path);
    if (typeof d === "string") return d;
    const there = d.names.get(path.at(-1)!);
    if (!there) return "ENOENT";
    if (there.kind === "dir") return "EISDIR";
    there.links--;
    d.names.delete(path.at(-1)!);
    return 0;
  }

  rmdir(path: string[]): Outcome {
    const d = this.dirOf(path);
    if (typeof d === "string") return d;
    const there = d.names.get(path.at(-1)!);
    if (!there) return "ENOENT";
    if (there.kind !== "dir") return "ENOTDIR";
    if (there.names.size > 0) return "ENOTEMPTY";
    d.names.delete(path.at(-1)!);
    return 0;
  }

  link(from: string[], to: string[]): Outcome {
    const n = this.find(from);
    if (typeof n === "string") return n;
    const d = this.dirOf(to);
    if (typeof d === "string") return d;
    if (d.names.has(to.at(-1)!)) return "EEXIST";
    if (n.kind === "dir") return "EPERM";
    n.links++;
    d.names.set(to.at(-1)!, n);
    return 0;
  }

  rename(from: string[], to: string[], flags: number): Outcome {
    const a = this.dirOf(from);
    if (typeof a === "string") return a;
    const b = this.dirOf(to);
    if (typeof b === "string") return b;
    const source = a.names.get(from.at(-1)!);
    const target = b.names.get(to.at(-1)!);
    if (!source) return "ENOENT";
    if (flags === RENAME_NOREPLACE && target) return "EEXIST";
    if (flags === RENAME_EXCHANGE && !target) return "ENOENT";
    if (this.isAbove(from, to)) return "EINVAL";
    if (this.isAbove(to, from)) return flags === RENAME_EXCHANGE ? "EINVAL" : "ENOTEMPTY";
    if (source === target) return 0;
    if (flags === RENAME_EXCHANGE) {
      a.names.set(from.at(-1)!, target!);
      b.names.set(to.at(-1)!, source);
      return 0;
    }
    if (target) {
      if (source.kind === "dir" && target.kind !== "dir") return "ENOTDIR";
      if (source.kind !== "dir" && target.kind === "dir") return "EISDIR";
      if (target.kind === "dir" && target.names.size > 0) return "ENOTEMPTY";
      if (target.kind === "file") target.links--;
    }
    a.names.delete(from.at(-1)!);
    b.names.set(to.at(-1)!, source);
    return 0;
  }

  /** `upper` names a directory that lies on the way to `lower`. */
  isAbove(upper: string[], lower: string[]): boolean {
    return upper.length < lower.length && upper.every((name, i) => name === lower[i]);
  }
}

const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant("mkdir" as const), path }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant("write" as const), path, size: fc.constantFrom(0, 3, 4096, 9000) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("unlink" as const), path }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("rmdir" as const), path }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("link" as const), path, to: path }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("rename" as const),
      path,
      to: path,
      flags: fc.constantFrom(0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const at = (p: string[]): string => `/m/${p.join("/")}`;

function run(v: Vfs, m: Model, s: Step, n: number): [Outcome, Outcome] {
  switch (s.op) {
    case "mkdir":
      return [v.mkdir(at(s.path)), m.mkdir(s.path)];
    case "write": {
      const data = String.fromCharCode(97 + (n % 26)).repeat(s.size);
      return [v.write(at(s.path), data), m.write(s.path, data)];
    }
    case "unlink":
      return [v.unlink(at(s.path)), m.unlink(s.path)];
    case "rmdir":
      return [v.rmdir(at(s.path)), m.rmdir(s.path)];
    case "link":
      return [v.link(at(s.path), at(s.to)), m.link(s.path, s.to)];
    case "rename":
      return [v.rename(at(s.path), at(s.to), s.flags), m.rename(s.path, s.to, s.flags)];
  }
}

/** Every name of the model is there, with its content, its links and its directory's count, and nothing else. */
function compare(v: Vfs, dir: Dir, where: string): void {
  const fd = v.open(where, 0o200000) as number;
  const listed = v.list(fd, 1000).map(e => e.name);
  v.close(fd);
  expect(listed.toSorted()).toEqual([".", "..", ...dir.names.keys()].toSorted());
  const subdirs = [...dir.names.values()].filter(n => n.kind === "dir").length;
  expect(v.stat(where)).toMatchObject({ nlink: 2 + subdirs });
  for (const [name, node] of dir.names) {
    const below = `${where}/${name}`;
    if (node.kind === "dir") compare(v, node, below);
    else {
      expect(v.stat(below)).toMatchObject({ type: "file", nlink: node.links, size: node.data.length });
      expect(v.read(below)).toBe(node.data);
    }
  }
}

test("does what a plain model of directories does, and gives everything back", async () => {
  const v = await loadVfs();
  v.mkdir("/m");
  const before = v.counters();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      v.mount("/m", "");
      const m = new Model();
      steps.forEach((s, n) => {
        const [ours, theirs] = run(v, m, s, n);
        expect(ours, JSON.stringify(s)).toBe(theirs);
      });
      compare(v, m.root, "/m");
      expect(v.umount("/m")).toBe(0);
      expect(v.counters()).toEqual(before);
      v.k.collect();
    }),
    { seed: 4, numRuns: 300 },
  );
});
