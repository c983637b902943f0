/**
 * Register allocation by priority: those who gain most per instruction that they occupy choose first, each the register that
 * saves most copies among those that are free over all its ranges. Who finds none, or none worth saving a callee-saved
 * register for, is spilled (or made again, if a constant); then all is allocated anew, now with short-lived temporaries.
 */
import { assert } from '../../../emulator/base/assert.ts';
import { ALLOCATABLE_F, ALLOCATABLE_X, FIRST_VIRTUAL, isCalleeSaved } from '../ir/abi.ts';
import { coalesce, dropIdentities } from './coalesce.ts';
import { instructionCount } from './constants.ts';
import type { LFunction, LInsn } from './lir.ts';
import { type Liveness, type Ranges, computeLiveness, intersects, sizeOf, unite } from './liveness.ts';
import { rewriteSpills } from './spill.ts';

export interface Allocation {
  slotCount: number;
  usedCalleeSaved: number[];
}

/** Loads, stores and instructions at entry and exit that using one more callee-saved register costs. */
const CALLEE_SAVE_COST = 2;
const MAX_ROUNDS = 20;
const MAX_WISHES = 24;

interface Candidate {
  v: number;
  /** Expected executions of instructions that spilling would add. */
  cost: number;
  priority: number;
}

/** Replaces virtual by machine registers in `fn`. */
export function allocateRegisters(fn: LFunction): Allocation {
  const state = { slotCount: 0, temporaries: new Set<number>() };
  for (let round = 0; ; round++) {
    assert(round < MAX_ROUNDS, `register allocation of ${fn.name} does not end`);
    const live = computeLiveness(fn);
    coalesce(fn, live);
    const { assigned, spilled } = color(fn, live, state.temporaries);
    if (spilled.length > 0) {
      rewriteSpills(fn, spilled, state);
      continue;
    }
    rename(fn, assigned);
    return { slotCount: state.slotCount, usedCalleeSaved: calleeSavedIn(fn) };
  }
}

interface Facts {
  cost: Float64Array;
  /** Copies with machine registers and with other virtual ones. */
  hints: Map<number, { reg: number; freq: number }[]>;
}

function collect(fn: LFunction): Facts {
  const count = fn.isFloat.length;
  const cost = new Float64Array(count);
  const hints: Facts['hints'] = new Map();
  const definition: (LInsn | null | undefined)[] = new Array<LInsn | null | undefined>(count);
  const useFreq = new Float64Array(count);
  const hint = (of: number, reg: number, freq: number): void => {
    if (of < FIRST_VIRTUAL) return;
    const list = hints.get(of - FIRST_VIRTUAL);
    if (list === undefined) hints.set(of - FIRST_VIRTUAL, [{ reg, freq }]);
    else list.push({ reg, freq });
  };
  for (const { insns, freq } of fn.blocks) {
    for (const insn of insns) {
      const { op, defs, uses } = insn;
      for (const reg of defs) {
        if (reg < FIRST_VIRTUAL) continue;
        const v = reg - FIRST_VIRTUAL;
        cost[v]! += freq;
        definition[v] = definition[v] === undefined ? insn : null;
      }
      for (const reg of uses) {
        if (reg < FIRST_VIRTUAL) continue;
        cost[reg - FIRST_VIRTUAL]! += freq;
        useFreq[reg - FIRST_VIRTUAL]! += freq;
      }
      if (op === 'pcopy' || op === 'mv') {
        defs.forEach((def, i) => {
          hint(def, uses[i]!, freq);
          hint(uses[i]!, def, freq);
        });
      } else if (op === 'select') {
        for (const source of [uses[2]!, uses[3]!]) {
          hint(defs[0]!, source, freq / 2);
          hint(source, defs[0]!, freq / 2);
        }
      }
    }
  }
  definition.forEach((insn, v) => {
    // What can be made again needs no memory: its uses cost what making costs, its definition is saved.
    if (insn?.op === 'li') cost[v] = useFreq[v]! * instructionCount(BigInt(insn.imm)) - (cost[v]! - useFreq[v]!);
    else if (insn?.op === 'la') cost[v] = useFreq[v]! * 2 - (cost[v]! - useFreq[v]!);
  });
  return { cost, hints };
}

function color(
  fn: LFunction,
  { virtual, fixed }: Liveness,
  temporaries: ReadonlySet<number>,
): { assigned: Int32Array; spilled: number[] } {
  const { cost, hints } = collect(fn);
  const assigned = new Int32Array(fn.isFloat.length).fill(-1);
  const spilled: number[] = [];
  const taken: Ranges[] = fixed.slice();
  const saved = new Set<number>();
  const candidates: Candidate[] = [];
  virtual.forEach((ranges, v) => {
    if (ranges.length === 0) return;
    const isTemporary = temporaries.has(v);
    const size = sizeOf(ranges);
    candidates.push({ v, cost: isTemporary ? Infinity : cost[v]!, priority: isTemporary ? Infinity : cost[v]! / size });
  });
  candidates.sort((a, b) => (a.priority === b.priority ? a.v - b.v : b.priority - a.priority));

  const score = new Float64Array(FIRST_VIRTUAL);
  const wanted = wishes(hints);
  for (const { v, cost: spillCost } of candidates) {
    const ranges = virtual[v]!;
    score.fill(0);
    for (const { reg, freq } of hints.get(v) ?? []) {
      const partner = reg < FIRST_VIRTUAL ? reg : assigned[reg - FIRST_VIRTUAL]!;
      if (partner >= 0) score[partner]! += freq;
    }
    let best = -1;
    let bestScore = -Infinity;
    for (const reg of fn.isFloat[v] ? ALLOCATABLE_F : ALLOCATABLE_X) {
      let value = score[reg]!;
      // Others that would save a copy by this register and could not have it any more.
      for (const wish of wanted[reg]!) {
        if (wish.v === v || assigned[wish.v]! >= 0 || value <= bestScore) continue;
        if (intersects(virtual[wish.v]!, ranges)) value -= wish.freq;
      }
      if (isCalleeSaved(reg) && !saved.has(reg)) value -= CALLEE_SAVE_COST;
      if (value <= bestScore || intersects(ranges, taken[reg]!)) continue;
      best = reg;
      bestScore = value;
    }
    const isWorth = best >= 0 && (!isCalleeSaved(best) || saved.has(best) || spillCost >= CALLEE_SAVE_COST);
    if (!isWorth) {
      spilled.push(v);
      continue;
    }
    assigned[v] = best;
    if (isCalleeSaved(best)) saved.add(best);
    taken[best] = unite(taken[best]!, ranges);
  }
  return { assigned, spilled };
}

/** Per machine register, the virtual ones that a copy links to it. */
function wishes(hints: Facts['hints']): { v: number; freq: number }[][] {
  const wanted: { v: number; freq: number }[][] = Array.from({ length: FIRST_VIRTUAL }, () => []);
  for (const [v, list] of hints)
    for (const { reg, freq } of list) if (reg < FIRST_VIRTUAL) wanted[reg]?.push({ v, freq });
  // The most often executed copies matter; a bound keeps large functions fast.
  for (const list of wanted) {
    list.sort((a, b) => b.freq - a.freq);
    list.length = Math.min(list.length, MAX_WISHES);
  }
  return wanted;
}

function rename(fn: LFunction, assigned: Int32Array): void {
  const map = (reg: number): number => (reg < FIRST_VIRTUAL ? reg : assigned[reg - FIRST_VIRTUAL]!);
  for (const block of fn.blocks) {
    for (const insn of block.insns) {
      insn.defs = insn.defs.map(map);
      insn.uses = insn.uses.map(map);
      if (insn.op === 'pcopy') dropIdentities(insn.defs, insn.uses);
    }
    block.insns = block.insns.filter(insn => insn.op !== 'pcopy' || insn.defs.length > 0);
  }
}

function calleeSavedIn(fn: LFunction): number[] {
  const used = new Set<number>();
  for (const { insns } of fn.blocks) {
    for (const { defs } of insns) for (const reg of defs) if (isCalleeSaved(reg)) used.add(reg);
  }
  return [...used].sort((a, b) => a - b);
}
