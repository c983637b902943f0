/** Control-flow facts of a function: order, predecessors, dominators, natural loops, cold blocks. */
import { type Block, type IrFunction, removeEdge } from './ir.ts';

/** Drops unreachable blocks and sorts the others by position, which is a topological order but for back edges. */
export function orderBlocks(fn: IrFunction): void {
  const reached = new Set<Block>([fn.entry]);
  const work = [fn.entry];
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    for (const next of block.successors()) {
      if (reached.has(next)) continue;
      reached.add(next);
      work.push(next);
    }
  }
  for (const block of fn.blocks) {
    if (!reached.has(block)) for (const next of block.successors()) removeEdge(block, next);
  }
  fn.blocks = fn.blocks.filter(block => reached.has(block)).sort((a, b) => a.position - b.position);
  fn.blocks.forEach((block, i) => {
    block.order = i;
    block.position = i;
  });
}

/** Needs ordered blocks. Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm". */
export function computeDominators(fn: IrFunction): void {
  for (const block of fn.blocks) block.idom = null;
  fn.entry.idom = fn.entry;
  let changed: boolean;
  do {
    changed = false;
    for (const block of fn.blocks) {
      if (block === fn.entry) continue;
      let idom: Block | null = null;
      for (const pred of block.preds) {
        if (pred.idom !== null) idom = idom === null ? pred : meet(idom, pred);
      }
      if (idom !== block.idom) {
        block.idom = idom;
        changed = true;
      }
    }
  } while (changed);
}

function meet(a: Block, b: Block): Block {
  while (a !== b) {
    while (a.order > b.order) a = a.idom!;
    while (b.order > a.order) b = b.idom!;
  }
  return a;
}

export function dominates(a: Block, b: Block): boolean {
  while (b.order > a.order) b = b.idom!;
  return a === b;
}

/** Needs dominators. Wasm control flow is reducible: every back edge goes to a dominator. */
export function findLoops(fn: IrFunction): void {
  for (const block of fn.blocks) {
    block.loop = null;
    block.outerLoop = null;
    block.depth = 0;
  }
  // Headers in order: an outer loop's before an inner one's, so that inner ones overwrite.
  for (const header of fn.blocks) {
    const latches = header.preds.filter(pred => pred.order >= header.order && dominates(header, pred));
    if (latches.length === 0) continue;
    const body = new Set<Block>([header]);
    const work = [...latches];
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      if (body.has(block)) continue;
      body.add(block);
      work.push(...block.preds);
    }
    header.outerLoop = header.loop;
    for (const block of body) {
      block.loop = header;
      block.depth++;
    }
  }
}

/** A block is cold when all its ways lead to a trap. */
export function findCold(fn: IrFunction): void {
  for (let i = fn.blocks.length - 1; i >= 0; i--) {
    const block = fn.blocks[i]!;
    const next = block.successors();
    block.isCold = block.term.kind === 'trap' || (next.length > 0 && next.every(b => b.isCold && b.order > i));
  }
}

/** The blocks of the loop with this header, in order. */
export function loopBody(fn: IrFunction, header: Block): Block[] {
  return fn.blocks.filter(block => isInLoop(block, header));
}

export function isInLoop(block: Block, header: Block): boolean {
  for (let loop = block.loop; loop !== null; loop = loop.outerLoop) if (loop === header) return true;
  return false;
}

export function analyse(fn: IrFunction): void {
  orderBlocks(fn);
  computeDominators(fn);
  findLoops(fn);
  findCold(fn);
}

/** Expected executions of a block per call of its function. */
export function frequency(block: Block): number {
  return block.isCold ? 0.001 : 8 ** Math.min(block.depth, 5);
}
