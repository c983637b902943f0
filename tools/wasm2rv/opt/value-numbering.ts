/**
 * One walk over the function in dominance order that simplifies every value, merges values that compute the same, forwards
 * what is known to be in memory, and decides branches that repeat one before.
 */
import { dominates, loopBody } from '../ir/cfg.ts';
import { type Block, type IrFunction, type Value, mapTerminator, resolve, settle } from '../ir/ir.ts';
import { effectOf, isBoolean } from '../ir/ir-ops.ts';
import { BranchFacts } from './branch-facts.ts';
import { MemoryState } from './memory-state.ts';
import { simplify } from './simplify.ts';

/** Needs dominators. */
export function numberValues(fn: IrFunction): void {
  const table = new Map<string, Value>();
  const states = new Map<Block, MemoryState>();
  const facts = new BranchFacts();
  for (const block of fn.blocks) {
    for (const phi of block.phis) {
      const only = sameArguments(phi);
      if (only !== null) phi.same = only;
    }
    facts.enter(block);
    const state = stateAtStart(fn, block, states);
    const out: Value[] = [];
    const insert = (op: string, type: Value['type'], args: Value[], off: number): Value => {
      const value = fn.value(op, type, args, off);
      value.block = block;
      out.push(value);
      return value;
    };
    for (const value of block.values) {
      for (let i = 0; i < value.args.length; i++) value.args[i] = resolve(value.args[i]!);
      const better = simplify(fn, value, (op, type, args) => insert(op, type, args, value.off));
      if (better !== value) value.same = better;
      else if (!isKnown(value, block, table, state)) out.push(value);
    }
    block.values = out;
    mapTerminator(block.term, resolve);
    if (block.term.kind === 'branch') {
      const known = facts.find(block, block.term.cond);
      if (known !== null) block.term.cond = fn.constant('i32', known ? 1n : 0n);
    }
    states.set(block, state);
  }
  settle(fn);
  decidePhis(fn, facts);
}

/** A condition that a phi brings along an edge where it has been decided becomes a constant, for jump threading. */
function decidePhis(fn: IrFunction, facts: BranchFacts): void {
  for (const block of fn.blocks) {
    for (const phi of block.phis) {
      phi.args.forEach((arg, i) => {
        if (!isBoolean(arg.op)) return;
        const known = facts.onEdge(block.preds[i]!, block, arg);
        if (known !== null) phi.args[i] = fn.constant(phi.type as 'i32', known ? 1n : 0n);
      });
    }
  }
}

/** What all predecessors know; a loop's header knows what was known before the loop and nothing in it may change. */
function stateAtStart(fn: IrFunction, block: Block, states: ReadonlyMap<Block, MemoryState>): MemoryState {
  const entries = block.preds.filter(pred => pred.order < block.order);
  const [first, ...others] = entries.map(pred => states.get(pred)!);
  if (first === undefined) return new MemoryState();
  const state = first.copy();
  for (const other of others) state.meet(other);
  if (entries.length < block.preds.length) {
    for (const { values } of loopBody(fn, block)) {
      for (const value of values) {
        const effect = effectOf(value.op);
        if (effect === 'write' || effect === 'effect') state.kill(value, effect);
      }
    }
  }
  return state;
}

function sameArguments(phi: Value): Value | null {
  const first = resolve(phi.args[0]!);
  if (first === phi) return null;
  return phi.args.every(arg => resolve(arg) === first || resolve(arg) === phi) ? first : null;
}

/** Replaces `value` by an earlier one, or takes note of it. A check that has been made before needs no repetition. */
function isKnown(value: Value, block: Block, table: Map<string, Value>, state: MemoryState): boolean {
  switch (effectOf(value.op)) {
    case 'read': {
      const known = state.read(value);
      if (known === null) return false;
      value.same = known;
      return true;
    }
    case 'write':
      state.write(value);
      return false;
    case 'effect':
      state.forget();
      return false;
    case 'check':
      return value.args[0]!.isConst && value.args[0]!.bits === 0n ? true : hasTwin(value, block, table);
    case 'pure':
      return value.op !== 'param' && hasTwin(value, block, table);
  }
}

function hasTwin(value: Value, block: Block, table: Map<string, Value>): boolean {
  const key = `${value.op} ${value.type} ${value.sym} ${value.imm} ${value.args.map(arg => arg.id).join()}`;
  const twin = table.get(key);
  if (twin !== undefined && dominates(twin.block!, block)) {
    value.same = twin;
    return true;
  }
  table.set(key, value);
  return false;
}
