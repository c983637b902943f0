/**
 * Moves what a loop computes anew each time with the same result to the block before it: pure operations, and loads in
 * the part of the body that surely runs, if nothing in the loop may write where they read.
 */
import { analyse, loopBody } from '../ir/cfg.ts';
import { splitEdge } from '../ir/edges.ts';
import type { Block, IrFunction, Value } from '../ir/ir.ts';
import { COMPARISONS, effectOf } from '../ir/ir-ops.ts';
import { areApart } from './memory-state.ts';

/** Needs and leaves valid analyses. */
export function hoistInvariants(fn: IrFunction): void {
  const headers = fn.blocks.filter(block => block.loop === block);
  // Inner loops first: what leaves them may then leave the loop around them.
  for (const header of headers.reverse()) {
    const body = loopBody(fn, header);
    const found = findInvariants(header, body);
    if (found.length === 0) continue;
    const before = blockBefore(fn, header);
    if (before === null) continue;
    const moved = new Set(found);
    for (const block of body) block.values = block.values.filter(value => !moved.has(value));
    for (const value of found) {
      value.block = before;
      before.values.push(value);
    }
  }
  analyse(fn);
}

function findInvariants(header: Block, body: readonly Block[]): Value[] {
  const inside = new Set(body);
  const sure = certainBlocks(header, inside);
  const writes = body.flatMap(block => block.values.filter(v => ['write', 'effect'].includes(effectOf(v.op))));
  const found: Value[] = [];
  const out = new Set<Value>();
  const isOutside = (value: Value): boolean => value.isConst || out.has(value) || !inside.has(value.block!);
  for (const block of body) {
    for (const value of block.values) {
      if (!value.args.every(isOutside)) continue;
      const effect = effectOf(value.op);
      const isFree = effect === 'pure' && isWorthMoving(value);
      const isRead = effect === 'read' && sure.has(block) && writes.every(write => areApart(value, write));
      if (!isFree && !isRead) continue;
      found.push(value);
      out.add(value);
    }
  }
  return found;
}

/** A comparison is part of its branch. What only has constants is made by the constant pool. */
function isWorthMoving({ op, args }: Value): boolean {
  return !COMPARISONS.has(op) && op !== 'copy' && (args.length > 0 || op === 'symaddr');
}

/** Blocks that run whenever the loop is entered, unless the program traps before. */
function certainBlocks(header: Block, inside: ReadonlySet<Block>): Set<Block> {
  const sure = new Set<Block>();
  let at: Block | undefined = header;
  while (at !== undefined && !sure.has(at)) {
    sure.add(at);
    const next: Block[] = at.successors().filter(block => !block.isCold);
    const only = next.length === 1 ? next[0]! : undefined;
    at = only !== undefined && inside.has(only) && only.preds.length === 1 ? only : undefined;
  }
  return sure;
}

/** The block that enters the loop and goes nowhere else; made where there is none. */
function blockBefore(fn: IrFunction, header: Block): Block | null {
  const entries = header.preds.filter(pred => pred.position < header.position);
  if (entries.length !== 1) return null;
  const entry = entries[0]!;
  if (entry.successors().length === 1) return entry;
  const middle = splitEdge(fn, entry, header);
  middle.loop = entry.loop;
  middle.depth = entry.depth;
  // Only just before the header, so that no other loop comes between.
  fn.blocks = fn.blocks.filter(block => block !== middle);
  fn.blocks.splice(fn.blocks.indexOf(header), 0, middle);
  return middle;
}
