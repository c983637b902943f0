/** The order of optimisations on the middle form. */
import { analyse } from '../cfg.ts';
import type { IrFunction } from '../ir.ts';
import { removeDead } from './dead-code.ts';

export function optimise(fn: IrFunction): void {
  analyse(fn);
  removeDead(fn);
}
