/** Rewrites spilled registers: each use reads a slot (or makes a constant again) into a temporary, each definition stores it. */
import { FIRST_VIRTUAL } from '../ir/abi.ts';
import { type LFunction, type LInsn, insn } from './lir.ts';

interface SpillState {
  slotCount: number;
  /** Registers (less 64) that must not be spilled again. */
  temporaries: Set<number>;
}

export function rewriteSpills(fn: LFunction, spilled: readonly number[], state: SpillState): void {
  const constants = singleConstants(fn, new Set(spilled.map(v => v + FIRST_VIRTUAL)));
  const slots = new Map<number, number>();
  for (const v of spilled) if (!constants.has(v + FIRST_VIRTUAL)) slots.set(v + FIRST_VIRTUAL, state.slotCount++);
  const temporary = (of: number): number => {
    fn.isFloat.push(fn.isFloat[of - FIRST_VIRTUAL]!);
    state.temporaries.add(fn.isFloat.length - 1);
    return fn.isFloat.length - 1 + FIRST_VIRTUAL;
  };
  for (const block of fn.blocks) {
    const out: LInsn[] = [];
    for (const at of block.insns) {
      if (at.defs.length === 1 && constants.get(at.defs[0]!) === at) continue;
      const isCopy = at.op === 'pcopy';
      const loaded = new Map<number, number>();
      at.uses = at.uses.map(reg => {
        const slot = slots.get(reg);
        const constant = constants.get(reg);
        if (slot === undefined && constant === undefined) return reg;
        if (slot !== undefined && isCopy) return -1 - slot;
        let temp = loaded.get(reg);
        if (temp === undefined) {
          loaded.set(reg, (temp = temporary(reg)));
          if (constant !== undefined) out.push({ ...constant, defs: [temp], off: at.off });
          else out.push(insn('reload', [temp], [], at.off, slot));
        }
        return temp;
      });
      out.push(at);
      at.defs = at.defs.map(reg => {
        const slot = slots.get(reg);
        if (slot === undefined) return reg;
        if (isCopy) return -1 - slot;
        const temp = temporary(reg);
        out.push(insn('spill', [], [temp], at.off, slot));
        return temp;
      });
    }
    block.insns = out;
  }
}

/** Of those registers the ones with one definition, which is a constant. */
function singleConstants(fn: LFunction, spilled: ReadonlySet<number>): Map<number, LInsn> {
  const found = new Map<number, LInsn | null>();
  for (const { insns } of fn.blocks) {
    for (const at of insns) {
      for (const reg of at.defs) {
        if (!spilled.has(reg)) continue;
        found.set(reg, !found.has(reg) && (at.op === 'li' || at.op === 'la') ? at : null);
      }
    }
  }
  return new Map([...found].filter((entry): entry is [number, LInsn] => entry[1] !== null));
}
