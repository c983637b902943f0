/**
 * Where a function has its frame. A path that needs none, mostly an early return or all but the failing checks of a leaf, gets
 * none: the prologue stands at the start of the blocks where the region that needs the frame is entered.
 *
 * Once there, the frame stays until a return: every successor of a block in the region is in the region, and a block that is
 * entered from inside is entered only from inside.
 */
import { FIRST_VIRTUAL, RA, SP, isCalleeSaved } from '../ir/abi.ts';
import { type LBlock, type LFunction, type LInsn, insn } from './lir.ts';
import { computeLiveness, intersects } from './liveness.ts';

/** The smallest such region that contains the blocks for which `needs` holds. */
export function frameRegion(blocks: readonly LBlock[], needs: (block: LBlock) => boolean): Set<LBlock> {
  const preds = predecessors(blocks);
  const region = new Set<LBlock>();
  const work = blocks.filter(needs);
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (region.has(block)) continue;
    region.add(block);
    work.push(...block.succs);
    // Here and at each successor, predecessors must all be inside or all be outside.
    for (const at of [block, ...block.succs]) {
      const all = preds.get(at)!;
      if (all.some(pred => region.has(pred))) work.push(...all);
    }
  }
  return region;
}

/** Blocks of the region that are entered from outside: there the prologue stands. */
export function regionEntries(blocks: readonly LBlock[], region: ReadonlySet<LBlock>): Set<LBlock> {
  const preds = predecessors(blocks);
  return new Set(blocks.filter((b, i) => region.has(b) && (i === 0 || !preds.get(b)!.some(pred => region.has(pred)))));
}

function predecessors(blocks: readonly LBlock[]): Map<LBlock, LBlock[]> {
  const preds = new Map<LBlock, LBlock[]>(blocks.map(block => [block, []]));
  for (const block of blocks) for (const next of new Set(block.succs)) preds.get(next)!.push(block);
  return preds;
}

/** Of allocated code: whether the instruction reads or writes the frame, or what the frame saves. */
export function touchesFrame({ op, defs, uses, isIncoming }: LInsn): boolean {
  if (op === 'call' || op === 'spill' || op === 'reload') return true;
  if (defs.some(reg => reg < 0 || isCalleeSaved(reg))) return true;
  return uses.some(reg => reg < 0 || isCalleeSaved(reg) || (reg === SP && !isIncoming));
}

/**
 * Before allocation: gives what lives across calls a register of its own from the region's entries on, so that up to there it
 * may stay where it came in. Only if some ordinary path returns without the frame.
 */
export function splitAtFrame(fn: LFunction): void {
  const { blocks } = fn;
  const region = frameRegion(blocks, block => block.insns.some(i => i.op === 'call'));
  const isEarlyExit = (block: LBlock): boolean =>
    !region.has(block) && !block.isCold && ['ret', 'tail'].includes(block.insns[block.insns.length - 1]!.op);
  if (region.has(blocks[0]!) || !blocks.some(isEarlyExit)) return;
  const { virtual, fixed } = computeLiveness(fn);
  const starts = new Map<LBlock, number>();
  blocks.reduce((start, block) => {
    starts.set(block, start);
    return start + 2 * block.insns.length;
  }, 0);
  const renamed = new Map<number, number>();
  const copies: { entry: LBlock; regs: number[] }[] = [];
  const crossing = virtual.flatMap((ranges, v) => (intersects(ranges, fixed[RA]!) ? [v] : []));
  for (const entry of regionEntries(blocks, region)) {
    const start = starts.get(entry)!;
    const regs = crossing.filter(v => intersects(virtual[v]!, [start, start + 1])).map(v => v + FIRST_VIRTUAL);
    for (const reg of regs) {
      if (renamed.has(reg)) continue;
      fn.isFloat.push(fn.isFloat[reg - FIRST_VIRTUAL]!);
      renamed.set(reg, fn.isFloat.length - 1 + FIRST_VIRTUAL);
    }
    if (regs.length > 0) copies.push({ entry, regs });
  }
  const rename = (reg: number): number => renamed.get(reg) ?? reg;
  for (const block of region) {
    for (const at of block.insns) {
      at.defs = at.defs.map(rename);
      at.uses = at.uses.map(rename);
    }
  }
  for (const { entry, regs } of copies) {
    const copy = insn('pcopy', regs.map(rename), regs, entry.insns[0]!.off);
    copy.isSplit = true;
    entry.insns.unshift(copy);
  }
}
