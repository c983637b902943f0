/**
 * Joins virtual registers that are copied to one another and never hold different values at the same time: their ranges do
 * not meet. The most often executed copies choose first.
 */
import { FIRST_VIRTUAL } from '../ir/abi.ts';
import type { LFunction } from './lir.ts';
import { type Liveness, intersects, unite } from './liveness.ts';

interface Affinity {
  a: number;
  b: number;
  freq: number;
}

/** Renames in `fn` and unites in `live`. */
export function coalesce(fn: LFunction, { virtual }: Liveness): void {
  const parent = Int32Array.from(fn.isFloat, (_, i) => i);
  const find = (v: number): number => {
    while (parent[v] !== v) v = parent[v] = parent[parent[v]!]!;
    return v;
  };
  for (const { a, b } of affinities(fn)) {
    const x = find(a);
    const y = find(b);
    if (x === y || fn.isFloat[x] !== fn.isFloat[y] || intersects(virtual[x]!, virtual[y]!)) continue;
    parent[y] = x;
    virtual[x] = unite(virtual[x]!, virtual[y]!);
    virtual[y] = [];
  }
  const rename = (reg: number): number => (reg < FIRST_VIRTUAL ? reg : find(reg - FIRST_VIRTUAL) + FIRST_VIRTUAL);
  for (const block of fn.blocks) {
    for (const insn of block.insns) {
      for (let i = 0; i < insn.defs.length; i++) insn.defs[i] = rename(insn.defs[i]!);
      for (let i = 0; i < insn.uses.length; i++) insn.uses[i] = rename(insn.uses[i]!);
      if (insn.op === 'pcopy') dropIdentities(insn.defs, insn.uses);
    }
    block.insns = block.insns.filter(insn => insn.op !== 'pcopy' || insn.defs.length > 0);
  }
}

export function dropIdentities(defs: number[], uses: number[]): void {
  for (let i = defs.length - 1; i >= 0; i--) {
    if (defs[i] !== uses[i]) continue;
    defs.splice(i, 1);
    uses.splice(i, 1);
  }
}

function affinities(fn: LFunction): Affinity[] {
  const out: Affinity[] = [];
  const add = (a: number, b: number, freq: number): void => {
    if (a >= FIRST_VIRTUAL && b >= FIRST_VIRTUAL && a !== b) {
      out.push({ a: a - FIRST_VIRTUAL, b: b - FIRST_VIRTUAL, freq });
    }
  };
  for (const { insns, freq } of fn.blocks) {
    for (const { op, defs, uses, isSplit } of insns) {
      if (isSplit) continue;
      if (op === 'pcopy' || op === 'mv') defs.forEach((def, i) => add(def, uses[i]!, freq));
      else if (op === 'select') {
        add(defs[0]!, uses[2]!, freq / 2);
        add(defs[0]!, uses[3]!, freq / 2);
      }
    }
  }
  return out.sort((a, b) => b.freq - a.freq);
}
