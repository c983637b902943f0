/** Registers that the compiler treats specially, and register names as text. */
import { F_NAMES, X_NAMES } from '../../../emulator/isa/registers.ts';

export const ZERO = 0;
export const RA = 1;
export const SP = 2;
export const GP = 3;
export const T1 = 6;

/** Number of a register by either kind of name, or -1. */
export function registerNumber(name: string): number {
  const x = X_NAMES.indexOf(name);
  return x >= 0 ? x : F_NAMES.indexOf(name);
}
