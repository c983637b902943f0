/**
 * Registers and calls of LP64D (RISC-V psABI), and the compiler's register numbers: 0–31 x registers, 32–63 f registers, from
 * 64 on virtual registers.
 */
import type { Type } from './ir.ts';

export const X0 = 0;
export const RA = 1;
export const SP = 2;
export const T1 = 6;
export const A0 = 10;
export const A1 = 11;
export const A6 = 16;
export const A7 = 17;
export const T6 = 31;
export const F = 32;
export const FA0 = F + 10;
export const FT11 = F + 31;
export const FIRST_VIRTUAL = 64;

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** t6 and ft11 are left out everywhere: they are scratch for moves, spills and far addresses while code is emitted. */
const CALLER_X = [15, 14, 13, 12, 11, 10, 16, 17, 5, 6, 7, 28, 29, 30];
const CALLEE_X = [8, 9, ...range(18, 27)];
const CALLER_F = [...range(F + 10, F + 17), ...range(F, F + 7), ...range(F + 28, F + 30)];
const CALLEE_F = [F + 8, F + 9, ...range(F + 18, F + 27)];

/** In order of preference. */
export const ALLOCATABLE_X: readonly number[] = [...CALLER_X, ...CALLEE_X];
export const ALLOCATABLE_F: readonly number[] = [...CALLER_F, ...CALLEE_F];
export const CALLER_SAVED: readonly number[] = [RA, ...CALLER_X, T6, ...CALLER_F, FT11];
const calleeSaved: ReadonlySet<number> = new Set([...CALLEE_X, ...CALLEE_F]);

export function isCalleeSaved(reg: number): boolean {
  return calleeSaved.has(reg);
}

export function isFloatType(type: Type): boolean {
  return type === 'f32' || type === 'f64';
}

export type Place = { reg: number } | { stack: number };

/** Where the arguments of a call go; `stackSize` is what the caller provides above its sp. */
export function argumentPlaces(types: readonly Type[]): { places: Place[]; stackSize: number } {
  let x = A0;
  let f = FA0;
  let stack = 0;
  const places = types.map((type): Place => {
    if (isFloatType(type) && f < FA0 + 8) return { reg: f++ };
    // A float beyond fa7 travels like an integer.
    if (x < A0 + 8) return { reg: x++ };
    stack += 8;
    return { stack: stack - 8 };
  });
  return { places, stackSize: stack };
}

export function resultRegister(type: Type): number {
  return isFloatType(type) ? FA0 : A0;
}
