/**
 * Live ranges of registers, exact and with holes.
 *
 * Instructions are numbered in layout order. Instruction i reads its uses at 2i and writes its defs at 2i + 1, so a register
 * read last where another is written first may be the same. A range is a list of [start, end) pairs, ascending, disjoint.
 */
import { FIRST_VIRTUAL } from '../ir/abi.ts';
import type { LBlock, LFunction } from './lir.ts';

export type Ranges = number[];

export interface Liveness {
  /** Ranges of virtual register v at [v - 64]. */
  virtual: Ranges[];
  /** Ranges of machine registers 0–63: between fixed definitions and uses, and where clobbered. */
  fixed: Ranges[];
}

export function computeLiveness(fn: LFunction): Liveness {
  const liveOut = solve(fn);
  const count = fn.isFloat.length;
  const virtual: Ranges[] = Array.from({ length: count }, () => []);
  const fixed: Ranges[] = Array.from({ length: FIRST_VIRTUAL }, () => []);
  let position = 2 * fn.blocks.reduce((n, block) => n + block.insns.length, 0);
  // Ranges grow from the end towards the start, as (end, start) pairs, and are reversed at last.
  const endOf = new Float64Array(count + FIRST_VIRTUAL).fill(-1);
  const ranges = (reg: number): Ranges => (reg < FIRST_VIRTUAL ? fixed[reg]! : virtual[reg - FIRST_VIRTUAL]!);
  const close = (reg: number, start: number): void => {
    pushReversed(ranges(reg), start, endOf[reg]!);
    endOf[reg] = -1;
  };
  const live = new Set<number>();
  for (let b = fn.blocks.length - 1; b >= 0; b--) {
    const block = fn.blocks[b]!;
    for (const v of liveOut[b]!) {
      live.add(v + FIRST_VIRTUAL);
      endOf[v + FIRST_VIRTUAL] = position;
    }
    for (let i = block.insns.length - 1; i >= 0; i--) {
      position -= 2;
      const insn = block.insns[i]!;
      for (const reg of insn.clobbers) if (!live.has(reg)) pushReversed(ranges(reg), position + 1, position + 2);
      for (const reg of insn.defs) {
        if (reg < 0) continue;
        // Without late uses a definition begins after all reads; scratch definitions begin before them.
        if (!live.delete(reg)) endOf[reg] = position + 2;
        close(reg, position + 1);
      }
      insn.uses.forEach((reg, k) => {
        if (reg < 0 || live.has(reg)) return;
        live.add(reg);
        endOf[reg] = k < insn.lateUses ? position + 2 : position + 1;
      });
    }
    for (const reg of live) close(reg, position);
    live.clear();
  }
  for (const list of virtual) list.reverse();
  for (const list of fixed) list.reverse();
  return { virtual, fixed };
}

/** Appends [start, end) to a descending list, joining it with the previous one where they touch. */
function pushReversed(list: Ranges, start: number, end: number): void {
  if (list.length > 0 && list[list.length - 1]! <= end) {
    list[list.length - 1] = Math.min(start, list[list.length - 1]!);
    list[list.length - 2] = Math.max(end, list[list.length - 2]!);
  } else list.push(end, start);
}

/** Virtual registers (less 64) live at the end of each block. */
function solve(fn: LFunction): number[][] {
  const index = new Map<LBlock, number>(fn.blocks.map((block, i) => [block, i]));
  const { global, locals } = numberGlobals(fn);
  const words = (global.length + 31) >>> 5;
  const liveIn = fn.blocks.map(() => new Int32Array(words));
  const liveOut = fn.blocks.map(() => new Int32Array(words));
  const kills = fn.blocks.map(() => new Int32Array(words));
  fn.blocks.forEach((block, b) => {
    const gen = liveIn[b]!;
    const kill = kills[b]!;
    for (const { uses, defs } of block.insns) {
      for (const reg of uses) mark(gen, reg, locals, kill);
      for (const reg of defs) mark(kill, reg, locals, null);
    }
  });
  let changed: boolean;
  do {
    changed = false;
    for (let b = fn.blocks.length - 1; b >= 0; b--) {
      const out = liveOut[b]!;
      for (const succ of fn.blocks[b]!.succs) {
        const into = liveIn[index.get(succ)!]!;
        for (let w = 0; w < words; w++) out[w]! |= into[w]!;
      }
      const into = liveIn[b]!;
      const kill = kills[b]!;
      for (let w = 0; w < words; w++) {
        const next = into[w]! | (out[w]! & ~kill[w]!);
        if (next !== into[w]) {
          into[w] = next;
          changed = true;
        }
      }
    }
  } while (changed);
  return liveOut.map(set => {
    const out: number[] = [];
    for (let w = 0; w < words; w++) {
      for (let bits = set[w]!; bits !== 0; bits &= bits - 1) out.push(global[w * 32 + 31 - Math.clz32(bits & -bits)]!);
    }
    return out;
  });
}

function mark(set: Int32Array, reg: number, numbers: Int32Array, unless: Int32Array | null): void {
  if (reg < FIRST_VIRTUAL) return;
  const n = numbers[reg - FIRST_VIRTUAL]!;
  if (n < 0) return;
  const bit = 1 << (n & 31);
  if (unless !== null && unless[n >>> 5]! & bit) return;
  set[n >>> 5]! |= bit;
}

/** Only registers that are read in a block before it writes them can live across blocks; most do not. */
function numberGlobals(fn: LFunction): { global: number[]; locals: Int32Array } {
  const locals = new Int32Array(fn.isFloat.length).fill(-1);
  const global: number[] = [];
  const writtenIn = new Int32Array(fn.isFloat.length).fill(-1);
  fn.blocks.forEach((block, b) => {
    for (const { uses, defs } of block.insns) {
      for (const reg of uses) {
        const v = reg - FIRST_VIRTUAL;
        if (v >= 0 && writtenIn[v] !== b && locals[v]! < 0) locals[v] = global.push(v) - 1;
      }
      for (const reg of defs) if (reg >= FIRST_VIRTUAL) writtenIn[reg - FIRST_VIRTUAL] = b;
    }
  });
  return { global, locals };
}

export function intersects(a: Ranges, b: Ranges): boolean {
  if (a.length === 0 || b.length === 0) return false;
  // The shorter list walks, the longer one is searched.
  if (a.length > b.length) [a, b] = [b, a];
  let j = lowerBound(b, a[0]!);
  for (let i = 0; i < a.length; i += 2) {
    const start = a[i]!;
    const end = a[i + 1]!;
    while (j < b.length && b[j + 1]! <= start) j += 2;
    if (j >= b.length) return false;
    if (b[j]! < end) return true;
  }
  return false;
}

/** Index of the first pair that ends after `at`. */
function lowerBound(list: Ranges, at: number): number {
  let low = 0;
  let high = list.length >>> 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[2 * middle + 1]! <= at) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

export function unite(a: Ranges, b: Ranges): Ranges {
  const out: Ranges = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const fromA = j >= b.length || (i < a.length && a[i]! < b[j]!);
    const start = fromA ? a[i]! : b[j]!;
    const end = fromA ? a[i + 1]! : b[j + 1]!;
    if (fromA) i += 2;
    else j += 2;
    const last = out.length - 1;
    if (last >= 0 && out[last]! >= start) out[last] = Math.max(out[last]!, end);
    else out.push(start, end);
  }
  return out;
}

export function sizeOf(ranges: Ranges): number {
  let size = 0;
  for (let i = 0; i < ranges.length; i += 2) size += ranges[i + 1]! - ranges[i]!;
  return size;
}
