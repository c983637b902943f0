/** The order of optimisations on the middle form. */
import { analyse } from '../ir/cfg.ts';
import { type IrFunction, settle } from '../ir/ir.ts';
import { removeTrivialPhis } from '../ir/ssa.ts';
import { simplifyControlFlow } from './control-flow.ts';
import { removeDead } from './dead-code.ts';
import { hoistInvariants } from './hoist.ts';
import { inlineCalls } from './inline.ts';
import { rotateLoops } from './rotate-loops.ts';
import { makeTailCalls } from './tail-calls.ts';
import { numberValues } from './value-numbering.ts';

/** What one round of value numbering and control flow finds often lets the next find more; beyond two it is rare. */
const ROUNDS = 2;

export function optimiseProgram(functions: readonly IrFunction[]): void {
  for (const fn of functions) simplifyFunction(fn, 1);
  inlineCalls(new Map(functions.map(fn => [fn.name, fn])), fn => simplifyFunction(fn, 1));
  for (const fn of functions) {
    rotateLoops(fn);
    simplifyFunction(fn, ROUNDS - 1);
    hoistInvariants(fn);
    // Loads that were hoisted are now known all through the loop.
    simplifyFunction(fn, 1);
    makeTailCalls(fn);
  }
}

function simplifyFunction(fn: IrFunction, rounds: number): void {
  analyse(fn);
  // Dropping unreachable blocks has left phis with one argument.
  removeTrivialPhis(fn);
  settle(fn);
  for (let round = 0; round < rounds; round++) {
    numberValues(fn);
    removeDead(fn);
    simplifyControlFlow(fn);
    analyse(fn);
  }
  removeDead(fn);
}
