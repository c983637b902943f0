/**
 * Simplifies the graph: branches on constants, branches through blocks that only choose by a phi, chains of jumps, blocks
 * that only return. Each step keeps `preds` and phis in order; `analyse` must run after.
 */
import {
  type Block,
  type IrFunction,
  type Terminator,
  type Value,
  mapTerminator,
  removeEdge,
  resolve,
  retarget,
  settle,
} from '../ir/ir.ts';
import { orderBlocks } from '../ir/cfg.ts';
import { removeTrivialPhis } from '../ir/ssa.ts';
import { removeDead } from './dead-code.ts';

const MAX_PASSES = 6;

export function simplifyControlFlow(fn: IrFunction): void {
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    let changed = false;
    for (const block of fn.blocks) {
      if (foldBranch(block)) changed = true;
    }
    removeDead(fn);
    const uses = countUses(fn);
    for (const block of fn.blocks) {
      if (threadJumps(block, uses)) changed = true;
    }
    orderBlocks(fn);
    removeTrivialPhis(fn);
    settle(fn);
    if (duplicateReturns(fn)) changed = true;
    orderBlocks(fn);
    if (mergeChains(fn)) changed = true;
    if (!changed) return;
  }
}

function foldBranch(block: Block): boolean {
  const { term } = block;
  if (term.kind === 'branch') {
    const cond = resolve(term.cond);
    if (term.then === term.else) {
      block.term = { kind: 'jump', target: term.then, off: term.off };
      return true;
    }
    if (!cond.isConst) return unwrapCondition(term, cond);
    const [taken, dropped] = cond.bits !== 0n ? [term.then, term.else] : [term.else, term.then];
    removeEdge(block, dropped);
    block.term = { kind: 'jump', target: taken, off: term.off };
    return true;
  }
  if (term.kind === 'switch') {
    const index = resolve(term.index);
    if (!index.isConst) return false;
    const taken = term.targets[Number(BigInt.asUintN(32, index.bits))] ?? term.fallback;
    for (const next of block.successors()) if (next !== taken) removeEdge(block, next);
    block.term = { kind: 'jump', target: taken, off: term.off };
    return true;
  }
  return false;
}

/** A test against zero is the branch's own business: the phi or call behind it shows. */
function unwrapCondition(term: Terminator & { kind: 'branch' }, cond: Value): boolean {
  const [tested, zero] = cond.args;
  if ((cond.op !== 'eq' && cond.op !== 'ne') || !zero?.isConst || zero.bits !== 0n) return false;
  term.cond = tested!;
  if (cond.op === 'eq') [term.then, term.else] = [term.else, term.then];
  return true;
}

/** How often each value is used, anywhere. */
function countUses(fn: IrFunction): Map<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value): Value => {
    uses.set(value, (uses.get(value) ?? 0) + 1);
    return value;
  };
  for (const block of fn.blocks) {
    for (const phi of block.phis) phi.args.forEach(count);
    for (const value of block.values) value.args.forEach(count);
    mapTerminator(block.term, count);
  }
  return uses;
}

/**
 * A block that holds nothing but phis and branches on one of them: predecessors that bring a constant go straight to where
 * it leads. Only if its phis are read nowhere but in that branch and by phis on its own outgoing edges.
 */
function threadJumps(block: Block, uses: Map<Value, number>): boolean {
  const { term } = block;
  if (term.kind !== 'branch' || block.values.length > 0 || block.preds.length < 2) return false;
  const phi = term.cond;
  if (!block.phis.includes(phi) || term.then === term.else) return false;
  // To pass by the header would give the loop a second entry.
  if (block.preds.some(pred => pred.position >= block.position)) return false;
  if (!phi.args.some(arg => arg.isConst) || !areLocal(block, phi, uses)) return false;
  let changed = false;
  for (let i = block.preds.length - 1; i >= 0; i--) {
    const value = phi.args[i]!;
    const pred = block.preds[i]!;
    if (!value.isConst || pred === block) continue;
    const target = value.bits !== 0n ? term.then : term.else;
    // A second edge between the same two blocks could not carry phi arguments of its own.
    if (target === block || target.preds.includes(pred) || pred.successors().includes(target)) continue;
    const from = target.preds.indexOf(block);
    target.preds.push(pred);
    for (const p of target.phis) {
      const arg = p.args[from]!;
      p.args.push(block.phis.includes(arg) ? arg.args[i]! : arg);
    }
    retarget(pred, block, target);
    removeEdge(pred, block);
    changed = true;
  }
  return changed;
}

function areLocal(block: Block, cond: Value, uses: Map<Value, number>): boolean {
  return block.phis.every(phi => {
    let local = phi === cond ? 1 : 0;
    for (const next of block.successors()) {
      const at = next.preds.indexOf(block);
      for (const p of next.phis) if (p.args[at] === phi) local++;
    }
    return uses.get(phi) === local || (uses.get(phi) ?? 0) === 0;
  });
}

/** A jump to a block that only returns becomes that return; so do calls in front of it become tail calls later. */
function duplicateReturns(fn: IrFunction): boolean {
  let changed = false;
  for (const block of fn.blocks) {
    const { term } = block;
    if (term.kind !== 'return' || block.values.length > 0 || block === fn.entry) continue;
    for (const pred of [...block.preds]) {
      if (pred.term.kind !== 'jump' || pred === block) continue;
      const at = block.preds.indexOf(pred);
      const value = term.value !== null && block.phis.includes(term.value) ? term.value.args[at]! : term.value;
      removeEdge(pred, block);
      pred.term = { kind: 'return', value, off: term.off };
      changed = true;
    }
  }
  return changed;
}

/** Appends a block to its only predecessor, if that goes nowhere else. */
function mergeChains(fn: IrFunction): boolean {
  let changed = false;
  const gone = new Set<Block>();
  for (const block of fn.blocks) {
    if (gone.has(block)) continue;
    for (;;) {
      const { term } = block;
      if (term.kind !== 'jump') break;
      const next = term.target;
      if (next.preds.length !== 1 || next === block || next === fn.entry) break;
      for (const phi of next.phis) phi.same = resolve(phi.args[0]!);
      for (const value of next.values) value.block = block;
      block.values.push(...next.values);
      block.term = next.term;
      for (const after of next.successors()) after.preds[after.preds.indexOf(next)] = block;
      gone.add(next);
      changed = true;
    }
  }
  fn.blocks = fn.blocks.filter(block => !gone.has(block));
  settle(fn);
  return changed;
}
