/**
 * What passes need to know about an IR operation: whether it may be dropped, merged or moved.
 *
 *  pure     depends on its operands only: may be merged, dropped, moved.
 *  read     reads memory or a global: may be dropped; merged only if nothing wrote in between.
 *  write    writes memory or a global: stays; forgets what is known about memory.
 *  effect   call, intrinsic: stays, in order; forgets what is known about memory and globals.
 *  check    traps unless its condition is false: stays, in order; writes nothing.
 */
export type Effect = 'pure' | 'read' | 'write' | 'effect' | 'check';

const EFFECTS: Readonly<Record<string, Effect>> = {
  load: 'read',
  'global.get': 'read',
  store: 'write',
  'global.set': 'write',
  call: 'effect',
  callr: 'effect',
  rv: 'effect',
  trapif: 'check',
};

export function effectOf(op: string): Effect {
  return EFFECTS[op] ?? 'pure';
}

export const COMPARISONS: ReadonlySet<string> = new Set(['eq', 'ne', 'lt_s', 'lt_u', 'ge_s', 'ge_u']);

export const INVERSE_COMPARISON: Readonly<Record<string, string>> = {
  eq: 'ne',
  ne: 'eq',
  lt_s: 'ge_s',
  ge_s: 'lt_s',
  lt_u: 'ge_u',
  ge_u: 'lt_u',
};

const COMMUTATIVE: ReadonlySet<string> = new Set(
  (
    'add32 add64 mul32 mul64 and or xor eq ne f32.add f64.add f32.mul f64.mul ' +
    'f32.eq f64.eq f32.ne f64.ne f32.min f64.min f32.max f64.max'
  ).split(' '),
);

export function isCommutative(op: string): boolean {
  return COMMUTATIVE.has(op);
}

/** Operations whose result is 0 or 1. */
const BOOLEAN: ReadonlySet<string> = new Set([
  ...COMPARISONS,
  ...['eq', 'ne', 'lt', 'le'].flatMap(op => [`f32.${op}`, `f64.${op}`]),
]);

export function isBoolean(op: string): boolean {
  return BOOLEAN.has(op);
}
