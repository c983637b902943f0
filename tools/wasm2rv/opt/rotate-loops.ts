/**
 * Turns `while` loops into `if … do … while`: the header's test is made once before the loop and once at its end, which saves
 * a jump each time round, and gives the loop a body whose start is certain to run, so that its loads can be hoisted.
 *
 *      entries -> H(test) -> B … latches -> H       becomes       entries -> G(test) -> B … latches -> L(test) -> B
 *                  `-> E                                                     `-> E                     `-> E
 */
import { must } from '../../../emulator/base/assert.ts';
import { analyse, isInLoop, loopBody } from '../ir/cfg.ts';
import type { ValType } from '../wasm/decode.ts';
import {
  type Block,
  type IrFunction,
  type Terminator,
  type Value,
  mapTerminator,
  resolve,
  retarget,
  settle,
} from '../ir/ir.ts';
import { effectOf } from '../ir/ir-ops.ts';
import { Variables, removeTrivialPhis } from '../ir/ssa.ts';

/** Instructions of a header that are worth having twice. */
const MAX_HEADER = 10;

/** Needs and leaves valid analyses. */
export function rotateLoops(fn: IrFunction): void {
  const headers = fn.blocks.filter(block => block.loop === block);
  let changed = false;
  for (const header of headers.reverse()) {
    if (!canRotate(header)) continue;
    rotate(fn, header);
    // Loops around this one have new blocks in them.
    analyse(fn);
    changed = true;
  }
  if (!changed) return;
  removeTrivialPhis(fn);
  settle(fn);
  analyse(fn);
}

function canRotate(header: Block): boolean {
  const { term, values, preds } = header;
  if (header.loop !== header || term.kind !== 'branch' || values.length > MAX_HEADER) return false;
  if (values.some(v => effectOf(v.op) === 'effect' || effectOf(v.op) === 'write')) return false;
  const [stays, leaves] = isInLoop(term.then, header) ? [term.then, term.else] : [term.else, term.then];
  if (!isInLoop(stays, header) || isInLoop(leaves, header) || leaves.isCold) return false;
  return stays !== header && stays.preds.length === 1 && preds.every(pred => pred.term.kind === 'jump');
}

function rotate(fn: IrFunction, header: Block): void {
  const latches = header.preds.filter(pred => pred.order >= header.order);
  const entries = header.preds.filter(pred => pred.order < header.order);
  const body = loopBody(fn, header);
  const last = body[body.length - 1]!;
  const guard = copyHeader(fn, header, entries);
  const test = copyHeader(fn, header, latches);
  guard.block.position = header.position;
  test.block.position = last.position + 0.5;
  for (const next of header.successors()) {
    const at = next.preds.indexOf(header);
    next.preds.splice(at, 1, guard.block, test.block);
    for (const phi of next.phis) {
      const arg = phi.args[at]!;
      phi.args.splice(at, 1, guard.values.get(arg) ?? arg, test.values.get(arg) ?? arg);
    }
  }
  fn.blocks = fn.blocks.filter(block => block !== header);
  repair(fn, header, guard, test);
}

interface Copy {
  block: Block;
  /** What each value of the header is in the copy. */
  values: Map<Value, Value>;
}

/** A copy of the header for some of its predecessors, which from now on lead there. */
function copyHeader(fn: IrFunction, header: Block, preds: readonly Block[]): Copy {
  const block = fn.newBlock();
  const values = new Map<Value, Value>();
  block.preds = [...preds];
  const indices = preds.map(pred => header.preds.indexOf(pred));
  for (const phi of header.phis) {
    const copy = fn.value(
      'phi',
      phi.type,
      indices.map(i => phi.args[i]!),
      phi.off,
    );
    copy.block = block;
    block.phis.push(copy);
    values.set(phi, copy);
  }
  const mapped = (value: Value): Value => values.get(value) ?? value;
  for (const value of header.values) {
    const copy = fn.append(block, value.op, value.type, value.args.map(mapped), value.off);
    copy.imm = value.imm;
    copy.sym = value.sym;
    values.set(value, copy);
  }
  block.term = { ...(header.term as Terminator & { kind: 'branch' }) };
  mapTerminator(block.term, mapped);
  for (const pred of preds) retarget(pred, header, block);
  return { block, values };
}

/** Every use of a value of the old header now means whichever copy came last. */
function repair(fn: IrFunction, header: Block, guard: Copy, test: Copy): void {
  const originals = [...header.phis, ...header.values].filter(value => value.type !== 'void');
  const index = new Map<Value, number>(originals.map((value, i) => [value, i]));
  const variables = new Variables(
    fn,
    originals.map(value => value.type as ValType),
    true,
  );
  for (const { block, values } of [guard, test]) {
    originals.forEach((value, i) => variables.write(block, i, must(values.get(value), 'copy of a header value')));
  }
  const phis = fn.blocks.map(block => [...block.phis]);
  fn.blocks.forEach((block, b) => {
    const at = (from: Block, value: Value): Value => {
      const i = index.get(value);
      return i === undefined ? value : variables.read(from, i);
    };
    for (const phi of phis[b]!) phi.args = phi.args.map((arg, i) => at(block.preds[i]!, arg));
    if (block === guard.block || block === test.block) return;
    for (const value of block.values) value.args = value.args.map(arg => at(block, arg));
    mapTerminator(block.term, value => resolve(at(block, value)));
  });
}
