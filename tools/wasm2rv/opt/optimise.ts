/** The order of optimisations on the middle form. */
import { analyse } from '../cfg.ts';
import { type IrFunction, settle } from '../ir.ts';
import { removeTrivialPhis } from '../ssa.ts';
import { removeDead } from './dead-code.ts';

export function optimise(fn: IrFunction): void {
  analyse(fn);
  // Dropping unreachable blocks has left phis with one argument.
  removeTrivialPhis(fn);
  settle(fn);
  removeDead(fn);
}
