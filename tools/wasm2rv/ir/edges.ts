/**
 * Makes room on edges before instruction selection: a phi's copies need a block of their own on an edge from a block with
 * several successors, and a loop needs a block before it for what is hoisted. Blocks that stay empty cost nothing.
 */
import { type Block, type IrFunction, retarget } from './ir.ts';

export function splitEdges(fn: IrFunction): void {
  for (const block of [...fn.blocks]) {
    const successors = block.successors();
    // A choice between equals is a jump, and has room for copies as it is.
    if (successors.length === 1) block.term = { kind: 'jump', target: successors[0]!, off: termOff(block) };
    if (successors.length < 2) continue;
    for (const next of successors) {
      const isEntryOfLoop = next.loop === next && next.position > block.position;
      if (next.phis.length > 0 || isEntryOfLoop) splitEdge(fn, block, next);
    }
  }
  for (const header of [...fn.blocks]) if (header.loop === header) ensurePreheader(fn, header);
}

function termOff(block: Block): number {
  return block.term.kind === 'none' ? 0 : block.term.off;
}

export function splitEdge(fn: IrFunction, from: Block, to: Block): Block {
  const middle = fn.newBlock();
  middle.term = { kind: 'jump', target: to, off: termOff(from) };
  middle.position = to.position > from.position && to.loop === to ? positionBefore(fn, to) : positionAfter(fn, from);
  retarget(from, to, middle);
  middle.preds = [from];
  to.preds[to.preds.indexOf(from)] = middle;
  return middle;
}

function positionAfter(fn: IrFunction, block: Block): number {
  let next = Infinity;
  for (const other of fn.blocks) if (other.position > block.position && other.position < next) next = other.position;
  return next === Infinity ? block.position + 1 : (block.position + next) / 2;
}

function positionBefore(fn: IrFunction, block: Block): number {
  let previous = -1;
  for (const other of fn.blocks) {
    if (other.position < block.position && other.position > previous) previous = other.position;
  }
  return (previous + block.position) / 2;
}

/** Several blocks enter the loop: joins them in one, with phis of their own. */
function ensurePreheader(fn: IrFunction, header: Block): void {
  const entries = header.preds.filter(pred => pred.position < header.position);
  if (entries.length < 2) return;
  const before = fn.newBlock();
  before.term = { kind: 'jump', target: header, off: termOff(header) };
  before.position = Math.max(...entries.map(e => e.position)) / 2 + header.position / 2;
  const latches = header.preds.filter(pred => pred.position >= header.position);
  for (const phi of header.phis) {
    const merged = fn.value(
      'phi',
      phi.type,
      entries.map(e => phi.args[header.preds.indexOf(e)]!),
      phi.off,
    );
    merged.block = before;
    before.phis.push(merged);
    phi.args = [merged, ...latches.map(l => phi.args[header.preds.indexOf(l)]!)];
  }
  before.preds = entries;
  for (const entry of entries) retarget(entry, header, before);
  header.preds = [before, ...latches];
}

/** The only block that enters a loop, once edges are split. */
export function preheader(header: Block): Block | undefined {
  return header.preds.find(pred => pred.position < header.position);
}
