/**
 * Inlines small functions into their callers, callees first. asc leaves array accessors and the like as calls; their checks
 * and loads can be shared with the caller's only once they are part of it.
 *
 * The cost of a callee is the number of its values outside cold blocks: what a call costs is of the same order.
 */
import { type Block, type IrFunction, type Terminator, type Value, mapTerminator } from '../ir/ir.ts';

const MAX_COST = 20;
/** Of a callee; its cold blocks are copied too. */
const MAX_BLOCKS = 12;
/** A caller that has grown to this many values takes no more. */
const MAX_CALLER = 6000;

/** Inlines in place; `reoptimise` is called for each function that has changed. */
export function inlineCalls(functions: ReadonlyMap<string, IrFunction>, reoptimise: (fn: IrFunction) => void): void {
  const done = new Set<string>();
  const inProgress = new Set<string>();
  const visit = (fn: IrFunction): void => {
    if (done.has(fn.name) || inProgress.has(fn.name)) return;
    inProgress.add(fn.name);
    const callees = calledBy(fn);
    for (const name of callees) {
      const callee = functions.get(name);
      if (callee !== undefined) visit(callee);
    }
    const candidates = new Map<string, IrFunction>();
    for (const name of callees) {
      const callee = functions.get(name);
      if (callee !== undefined && done.has(name) && isSmall(callee)) candidates.set(name, callee);
    }
    if (candidates.size > 0 && inlineInto(fn, candidates)) reoptimise(fn);
    inProgress.delete(fn.name);
    done.add(fn.name);
  };
  for (const fn of functions.values()) visit(fn);
}

function calledBy(fn: IrFunction): Set<string> {
  const names = new Set<string>();
  for (const { values } of fn.blocks) for (const { op, sym } of values) if (op === 'call') names.add(sym);
  return names;
}

function isSmall(fn: IrFunction): boolean {
  if (fn.blocks.length > MAX_BLOCKS) return false;
  let cost = 0;
  for (const { values, isCold, loop } of fn.blocks) {
    // What loops runs long enough not to mind the call.
    if (loop !== null) return false;
    if (!isCold) cost += values.length;
  }
  // Parameters cost nothing; a call in the callee costs what it saves.
  return cost - fn.params.length <= MAX_COST;
}

function inlineInto(fn: IrFunction, candidates: ReadonlyMap<string, IrFunction>): boolean {
  const blocks: Block[] = [];
  const work = [...fn.blocks].reverse();
  let size = fn.blocks.reduce((n, block) => n + block.values.length, 0);
  let changed = false;
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    blocks.push(block);
    if (block.isCold) continue;
    const at = block.values.findIndex(v => v.op === 'call' && candidates.has(v.sym));
    if (at < 0 || size > MAX_CALLER) continue;
    const call = block.values[at]!;
    const callee = candidates.get(call.sym)!;
    const rest = splitAfter(fn, block, at);
    const copies = copyBody(fn, callee, call, block, rest);
    blocks.push(...copies);
    size += copies.reduce((n, b) => n + b.values.length, 0);
    work.push(rest);
    changed = true;
  }
  fn.blocks = blocks;
  blocks.forEach((block, i) => (block.position = i));
  return changed;
}

/** Moves what follows the value at `at` to a new block; the value itself goes. */
function splitAfter(fn: IrFunction, block: Block, at: number): Block {
  const rest = fn.newBlock();
  rest.values = block.values.splice(at + 1);
  block.values.pop();
  for (const value of rest.values) value.block = rest;
  rest.term = block.term;
  for (const next of rest.successors()) next.preds[next.preds.indexOf(block)] = rest;
  return rest;
}

function copyBody(fn: IrFunction, callee: IrFunction, call: Value, before: Block, after: Block): Block[] {
  const values = new Map<Value, Value>();
  const blocks = new Map<Block, Block>(callee.blocks.map(block => [block, fn.newBlock()]));
  const mapped = (value: Value): Value => {
    if (value.isConst) return fn.constant(value.type as 'i32', value.bits);
    let copy = values.get(value);
    if (copy === undefined) {
      // Arguments are filled in when all values exist: a phi may come before what it reads.
      copy = fn.value(value.op, value.type, [], value.off);
      copy.imm = value.imm;
      copy.sym = value.sym;
      values.set(value, copy);
    }
    return copy;
  };
  callee.params.forEach((param, i) => values.set(param, call.args[i]!));
  const results: Value[] = [];
  for (const [from, to] of blocks) {
    to.isCold = from.isCold;
    to.preds = from.preds.map(pred => blocks.get(pred)!);
    const place = (value: Value): Value => {
      const copy = mapped(value);
      copy.args = value.args.map(mapped);
      copy.block = to;
      return copy;
    };
    to.phis = from.phis.map(place);
    to.values = from.values.filter(value => value.op !== 'param').map(place);
    to.term = copyTerminator(from.term, blocks);
    mapTerminator(to.term, mapped);
    if (to.term.kind === 'return') {
      if (to.term.value !== null) results.push(to.term.value);
      after.preds.push(to);
      to.term = { kind: 'jump', target: after, off: to.term.off };
    }
  }
  const entry = blocks.get(callee.entry)!;
  before.term = { kind: 'jump', target: entry, off: call.off };
  entry.preds.push(before);
  if (call.type !== 'void') {
    const result = fn.value('phi', call.type, results, call.off);
    result.block = after;
    after.phis.push(result);
    call.same = result;
  }
  return [...blocks.values()];
}

function copyTerminator(term: Terminator, blocks: ReadonlyMap<Block, Block>): Terminator {
  const to = (block: Block): Block => blocks.get(block)!;
  switch (term.kind) {
    case 'jump':
      return { ...term, target: to(term.target) };
    case 'branch':
      return { ...term, then: to(term.then), else: to(term.else) };
    case 'switch':
      return { ...term, targets: term.targets.map(to), fallback: to(term.fallback) };
    default:
      return { ...term };
  }
}
