/**
 * Last changes to the graph of an allocated function: what both ways of a branch begin with moves before the branch (copies
 * for phis mostly), empty blocks vanish, cold blocks go to the end.
 */
import type { LBlock, LInsn } from './lir.ts';

export function layOutBlocks(blocks: readonly LBlock[]): LBlock[] {
  const entry = blocks[0]!;
  joinCommonHeads(blocks);
  const isEmpty = (b: LBlock): boolean => b.insns.length === 1 && b.insns[0]!.op === 'jump' && b.succs[0] !== b;
  const forward = (block: LBlock): LBlock => {
    let at = block;
    for (let steps = 0; isEmpty(at) && steps < blocks.length; steps++) at = at.succs[0]!;
    return at;
  };
  for (const block of blocks) block.succs = block.succs.map(forward);
  const kept = blocks.filter(block => block === entry || !isEmpty(block));
  return [...kept.filter(b => b === entry || !b.isCold), ...kept.filter(b => b !== entry && b.isCold)];
}

function joinCommonHeads(blocks: readonly LBlock[]): void {
  const predecessors = new Map<LBlock, number>();
  for (const { succs } of blocks) for (const next of succs) predecessors.set(next, (predecessors.get(next) ?? 0) + 1);
  // From the end, so that what moves up once can move again.
  for (let i = blocks.length - 1; i >= 0; i--) {
    const { insns, succs } = blocks[i]!;
    const branch = insns[insns.length - 1]!;
    const [a, b] = succs;
    if (branch.op !== 'branch' || a === undefined || b === undefined || a === b) continue;
    if (predecessors.get(a) !== 1 || predecessors.get(b) !== 1) continue;
    while (isMovable(a.insns[0]!) && isSame(a.insns[0]!, b.insns[0]!)) {
      const insn = a.insns[0]!;
      if (insn.defs.some(def => branch.uses.includes(def))) break;
      insns.splice(insns.length - 1, 0, insn);
      a.insns.shift();
      b.insns.shift();
    }
  }
}

function isMovable({ op }: LInsn): boolean {
  return op === 'pcopy' || op === 'mv' || op === 'li';
}

function isSame(a: LInsn, b: LInsn): boolean {
  const isEqual = (x: readonly number[], y: readonly number[]): boolean =>
    x.length === y.length && x.every((v, i) => v === y[i]);
  return a.op === b.op && a.imm === b.imm && isEqual(a.defs, b.defs) && isEqual(a.uses, b.uses);
}
