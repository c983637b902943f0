/**
 * Algebra on single values. `simplify` returns a value that replaces its argument, or the argument itself, perhaps rewritten
 * in place. Canonical forms that other passes rely on: a constant is the second operand of what commutes, subtraction of a
 * constant is addition, comparisons with a constant are eq ne lt ge with the constant second.
 */
import { type IrFunction, type Value, resolve } from '../ir/ir.ts';
import { COMPARISONS, INVERSE_COMPARISON, isBoolean, isCommutative } from '../ir/ir-ops.ts';
import { bitsThatMatter, isSignExtended, stripExtensions, upperBound } from './facts.ts';
import { foldConstant } from './fold.ts';

const MAX_STEPS = 8;
const I32_MAX = 0x7fff_ffffn;
const I64_MAX = 0x7fff_ffff_ffff_ffffn;

/** Inserts a new value before the one that is being simplified. */
export type Insert = (op: string, type: Value['type'], args: Value[]) => Value;

export function simplify(fn: IrFunction, value: Value, insert: Insert): Value {
  for (let step = 0; step < MAX_STEPS; step++) {
    narrowOperands(value);
    if (isCommutative(value.op) && value.args[0]!.isConst && !value.args[1]!.isConst) value.args.reverse();
    const folded = foldConstant(value);
    if (folded !== null) return fn.constant(value.type, folded);
    const rule = RULES[value.op];
    const result = rule?.(fn, value, insert) ?? null;
    if (result === null) return value;
    if (result !== value) return result;
  }
  return value;
}

/** Null: no rule applies. The value itself: rewritten, look again. */
type Rule = (fn: IrFunction, value: Value, insert: Insert) => Value | null;

function narrowOperands(value: Value): void {
  const { args } = value;
  for (let i = 0; i < args.length; i++) {
    args[i] = resolve(args[i]!);
    const bits = bitsThatMatter(value, i);
    if (bits < 64) args[i] = stripExtensions(args[i]!, bits);
  }
}

function become(value: Value, op: string, args: Value[]): Value {
  value.op = op;
  value.args = args;
  return value;
}

const isZero = (v: Value): boolean => v.isConst && v.bits === 0n;

function log2(n: bigint): bigint | null {
  if (n <= 0n || (n & (n - 1n)) !== 0n) return null;
  return BigInt(n.toString(2).length - 1);
}

/** Operations with 0 as right neutral element. */
const neutralZero: Rule = (_, { args, type }) => (isZero(args[1]!) && fits(args[0]!, type) ? args[0]! : null);

/** After stripping, an operand of a 32-bit operation may be wider than the operation's result may be. */
function fits(value: Value, type: Value['type']): boolean {
  return type !== 'i32' || isSignExtended(value);
}

/** (x op c1) op c2 for associative op. */
function reassociate(fn: IrFunction, value: Value): Value | null {
  const [a, b] = value.args as [Value, Value];
  if (!b.isConst || a.op !== value.op || !a.args[1]!.isConst) return null;
  const probe = fn.value(value.op, value.type, [a.args[1]!, b], value.off);
  const folded = foldConstant(probe);
  if (folded === null) return null;
  return become(value, value.op, [a.args[0]!, fn.constant(value.type as 'i32', folded)]);
}

const add: Rule = (fn, value, insert) => neutralZero(fn, value, insert) ?? reassociate(fn, value);

const sub: Rule = (fn, value, insert) => {
  const [a, b] = value.args as [Value, Value];
  if (b.isConst) return become(value, value.op.replace('sub', 'add'), [a, fn.constant(value.type as 'i32', -b.bits)]);
  if (a === b) return fn.constant(value.type as 'i32', 0n);
  return neutralZero(fn, value, insert);
};

const mul: Rule = (fn, value) => {
  const [a, b] = value.args as [Value, Value];
  if (!b.isConst) return null;
  if (b.bits === 0n) return b;
  if (b.bits === 1n && fits(a, value.type)) return a;
  const shift = log2(b.bits);
  if (shift === null) return null;
  return become(value, value.op.replace('mul', 'shl'), [a, fn.constant(value.type as 'i32', shift)]);
};

const and: Rule = (fn, value) => {
  const [a, b] = value.args as [Value, Value];
  if (a === b) return a;
  if (!b.isConst) return null;
  if (b.bits === 0n) return b;
  if (b.bits === -1n) return a;
  if (value.type === 'i64' && b.bits === 0xffff_ffffn) return become(value, 'zext32', [a]);
  const bound = upperBound(a);
  // All bits that can be set are kept.
  if (bound !== null && b.bits > 0n && isMask(b.bits) && bound <= b.bits) return a;
  return reassociate(fn, value);
};

const isMask = (n: bigint): boolean => (n & (n + 1n)) === 0n;

const or: Rule = (fn, value, insert) => {
  const [a, b] = value.args as [Value, Value];
  if (a === b) return a;
  return neutralZero(fn, value, insert) ?? reassociate(fn, value);
};

const xor: Rule = (fn, value, insert) => {
  const [a, b] = value.args as [Value, Value];
  if (a === b) return fn.constant(value.type as 'i32', 0n);
  if (b.isConst && b.bits === 1n && isBoolean(a.op)) return become(value, 'eq', [a, fn.constant('i32', 0n)]);
  return neutralZero(fn, value, insert) ?? reassociate(fn, value);
};

const shift: Rule = (fn, value) => {
  const [a, b] = value.args as [Value, Value];
  if (!b.isConst) return null;
  const width = value.op.endsWith('32') ? 32n : 64n;
  const amount = b.bits & (width - 1n);
  if (amount === 0n) return fits(a, value.type) ? a : become(value, 'sext32', [a]);
  if (amount !== b.bits) return become(value, value.op, [a, fn.constant(b.type as 'i32', amount)]);
  if (a.op === value.op && a.args[1]!.isConst) {
    const sum = amount + (a.args[1]!.bits & (width - 1n));
    if (sum < width) return become(value, value.op, [a.args[0]!, fn.constant(b.type as 'i32', sum)]);
  }
  if (value.op === 'shr_u32' && a.op === 'shl32' && a.args[1]!.isConst && a.args[1]!.bits === amount && amount >= 21n) {
    return become(value, 'and', [a.args[0]!, fn.constant('i32', (1n << (32n - amount)) - 1n)]);
  }
  if (value.op === 'shr_s32' && a.op === 'shl32' && a.args[1]!.isConst && a.args[1]!.bits === amount) {
    if (amount === 24n) return become(value, 'sext8', [a.args[0]!]);
    if (amount === 16n) return become(value, 'sext16', [a.args[0]!]);
  }
  return null;
};

const divideUnsigned: Rule = (fn, value) => {
  const [a, b] = value.args as [Value, Value];
  const power = b.isConst ? log2(value.op.endsWith('32') ? BigInt.asUintN(32, b.bits) : b.bits) : null;
  if (power === null) return null;
  const { type } = value;
  if (value.op.startsWith('div'))
    return become(value, value.op.replace('div', 'shr'), [a, fn.constant(type as 'i32', power)]);
  return become(value, 'and', [a, fn.constant(type as 'i32', b.bits - 1n)]);
};

const sext32: Rule = (_, value) => {
  const [a] = value.args as [Value];
  if (isSignExtended(a)) return a.type === value.type ? a : become(value, 'copy', [a]);
  const narrow = NARROW[a.op];
  if (narrow === undefined) return null;
  if (a.op === 'shl64' && !(a.args[1]!.isConst && a.args[1]!.bits < 32n)) return null;
  return become(value, narrow, [...a.args]);
};

/** 64-bit operations whose low half depends on low halves only, and the 32-bit ones that make just that. */
const NARROW: Readonly<Record<string, string>> = { add64: 'add32', sub64: 'sub32', mul64: 'mul32', shl64: 'shl32' };

const zext32: Rule = (_, value) => {
  const [a] = value.args as [Value];
  const bound = upperBound(a);
  return bound !== null && bound <= 0xffff_ffffn ? become(value, 'copy', [a]) : null;
};

/** A copy only changes the type. Where types agree, or nobody minds, the original does. */
const copy: Rule = (_, value) => value.args[0]!;

const extend =
  (bits: bigint): Rule =>
  (_, value) => {
    const bound = upperBound(value.args[0]!);
    return bound !== null && bound < 1n << (bits - 1n) ? value.args[0]! : null;
  };

const compare: Rule = (fn, value) => {
  const [a, b] = value.args as [Value, Value];
  const { op } = value;
  const constant = (bits: bigint): Value => fn.constant(b.type as 'i32', bits);
  if (a === b) return fn.constant('i32', op === 'eq' || op.startsWith('ge') ? 1n : 0n);
  if ((op === 'eq' || op === 'ne') && b.isConst) return equality(fn, value, a, b);
  // c < x is x >= c + 1, c >= x is x < c + 1: the constant belongs on the right.
  if (a.isConst && op === 'lt_s' && a.bits !== (a.type === 'i32' ? I32_MAX : I64_MAX)) {
    return become(value, 'ge_s', [b, fn.constant(a.type as 'i32', a.bits + 1n)]);
  }
  if (a.isConst && op === 'ge_s' && a.bits !== (a.type === 'i32' ? I32_MAX : I64_MAX)) {
    return become(value, 'lt_s', [b, fn.constant(a.type as 'i32', a.bits + 1n)]);
  }
  if (a.isConst && a.bits !== -1n && (op === 'lt_u' || op === 'ge_u') && a.bits !== I32_MAX && a.bits !== I64_MAX) {
    return become(value, op === 'lt_u' ? 'ge_u' : 'lt_u', [b, fn.constant(a.type as 'i32', a.bits + 1n)]);
  }
  if (isZero(b)) {
    if (op === 'lt_u') return fn.constant('i32', 0n);
    if (op === 'ge_u') return fn.constant('i32', 1n);
  }
  if (b.isConst && b.bits === 1n && (op === 'lt_u' || op === 'ge_u')) {
    return become(value, op === 'lt_u' ? 'eq' : 'ne', [a, constant(0n)]);
  }
  if (isZero(a) && op === 'lt_u') return become(value, 'ne', [b, a]);
  return null;
};

function equality(fn: IrFunction, value: Value, a: Value, b: Value): Value | null {
  const isEq = value.op === 'eq';
  if (isBoolean(a.op) && (b.bits === 0n || b.bits === 1n)) {
    if (isEq === (b.bits === 1n)) return a;
    if (COMPARISONS.has(a.op)) return become(value, INVERSE_COMPARISON[a.op]!, [...a.args]);
    if (/^f\d\d\.(eq|ne)$/.test(a.op)) {
      return become(value, a.op.endsWith('eq') ? a.op.replace('eq', 'ne') : a.op.replace('ne', 'eq'), [...a.args]);
    }
    return null;
  }
  if (a.op === 'copy') return become(value, value.op, [a.args[0]!, fn.constant(a.args[0]!.type as 'i32', b.bits)]);
  if (b.bits === 0n && (a.op === 'sub32' || a.op === 'sub64' || a.op === 'xor')) {
    return operandsAreExtended(a) ? become(value, value.op, [...a.args]) : null;
  }
  if (b.bits === 0n && a.op === 'add64' && a.args[1]!.isConst) {
    return become(value, value.op, [a.args[0]!, fn.constant('i64', -a.args[1]!.bits)]);
  }
  return null;
}

function operandsAreExtended(value: Value): boolean {
  return value.op !== 'sub32' || value.args.every(isSignExtended);
}

const select: Rule = (fn, value) => {
  const [test, then, otherwise] = value.args as [Value, Value, Value];
  if (then === otherwise) return then;
  if (test.isConst) return test.bits !== 0n ? then : otherwise;
  if (value.type === 'i32' && then.isConst && otherwise.isConst) {
    if (then.bits === 1n && otherwise.bits === 0n) return booleanOf(fn, value, test, 'ne');
    if (then.bits === 0n && otherwise.bits === 1n) return booleanOf(fn, value, test, 'eq');
  }
  if (test.op === 'ne' && isZero(test.args[1]!)) return become(value, 'select', [test.args[0]!, then, otherwise]);
  if (test.op === 'eq' && isZero(test.args[1]!)) return become(value, 'select', [test.args[0]!, otherwise, then]);
  return null;
};

function booleanOf(fn: IrFunction, value: Value, test: Value, op: 'eq' | 'ne'): Value {
  return become(value, op, [test, fn.constant(test.type as 'i32', 0n)]);
}

/** binaryen makes ~(1 << n) of a rotation, for which we have no instruction. */
const rotateLeft: Rule = (fn, value, insert) => {
  const [a, b] = value.args as [Value, Value];
  if (!a.isConst || a.bits !== -2n || b.isConst) return null;
  const type = value.type as 'i32';
  const bit = insert(value.op.replace('rotl', 'shl'), type, [fn.constant(type, 1n), b]);
  return become(value, 'xor', [bit, fn.constant(type, -1n)]);
};

const RULES: Readonly<Record<string, Rule>> = {
  copy,
  add32: add,
  add64: add,
  sub32: sub,
  sub64: sub,
  mul32: mul,
  mul64: mul,
  and,
  or,
  xor,
  shl32: shift,
  shl64: shift,
  shr_s32: shift,
  shr_s64: shift,
  shr_u32: shift,
  shr_u64: shift,
  div_u32: divideUnsigned,
  div_u64: divideUnsigned,
  rem_u32: divideUnsigned,
  rem_u64: divideUnsigned,
  rotl32: rotateLeft,
  rotl64: rotateLeft,
  sext8: extend(8n),
  sext16: extend(16n),
  sext32,
  zext32,
  eq: compare,
  ne: compare,
  lt_s: compare,
  lt_u: compare,
  ge_s: compare,
  ge_u: compare,
  select,
};
