/**
 * Reads a flattened device tree (Devicetree Specification 0.4, chapter 5): one walk over the structure block, which
 * tells a visitor of each property. Malformed input ends the walk, nothing more.
 */

const MAGIC: u32 = 0xd00dfeed;
const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROP: u32 = 3;
const NOP: u32 = 4;
const MAX_DEPTH: i32 = 16;

/** Big-endian. */
export function be32(p: usize): u32 {
  return bswap(load<u32>(p));
}

export function be64(p: usize): u64 {
  return bswap(load<u64>(p));
}

/** Whether the NUL-terminated bytes at `p` are `s` (ASCII). */
export function isText(p: usize, s: string): bool {
  for (let i = 0; i < s.length; i++) if (load<u8>(p + i) != <u8>s.charCodeAt(i)) return false;
  return load<u8>(p + s.length) == 0;
}

/** Whether the bytes at `p` begin with `s`. */
export function beginsWith(p: usize, s: string): bool {
  for (let i = 0; i < s.length; i++) if (load<u8>(p + i) != <u8>s.charCodeAt(i)) return false;
  return true;
}

export abstract class FdtVisitor {
  /** A property of the node named `node` (with its unit address), at depth 1 for a child of the root. */
  abstract property(depth: i32, node: usize, name: usize, value: usize, len: u32): void;
  /** All properties of the node have been told; children come before this. */
  endNode(_depth: i32, _node: usize): void {}
}

/** Total size of the tree at `dtb`, or 0: there is none. */
export function fdtSize(dtb: usize): u32 {
  return be32(dtb) == MAGIC ? be32(dtb + 4) : 0;
}

export function walkFdt(dtb: usize, visitor: FdtVisitor): void {
  if (fdtSize(dtb) == 0) return;
  const strings = dtb + be32(dtb + 12);
  const end = dtb + be32(dtb + 8) + be32(dtb + 36);
  const nodes = new StaticArray<usize>(MAX_DEPTH);
  let depth = -1;
  let p = dtb + be32(dtb + 8);
  while (p < end) {
    const token = be32(p);
    p += 4;
    if (token == BEGIN_NODE) {
      if (++depth >= MAX_DEPTH) return;
      nodes[depth] = p;
      while (load<u8>(p) != 0) p++;
      p = (p + 4) & ~(<usize>3);
    } else if (token == END_NODE) {
      if (depth < 0) return;
      visitor.endNode(depth, nodes[depth]);
      depth--;
    } else if (token == PROP) {
      if (depth < 0) return;
      const len = be32(p);
      const value = p + 8;
      visitor.property(depth, nodes[depth], strings + be32(p + 4), value, len);
      p = (value + len + 3) & ~(<usize>3);
    } else if (token != NOP) return;
  }
}
