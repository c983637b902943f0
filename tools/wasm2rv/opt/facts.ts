/** What is known about the bits of a value from the operation that makes it. */
import type { Value } from '../ir/ir.ts';
import { isBoolean } from '../ir/ir-ops.ts';

const MAX_DEPTH = 4;

/** An upper bound of an integer value taken as unsigned 64-bit number; null if nothing is known. */
export function upperBound(value: Value, depth = 0): bigint | null {
  const { op, args } = value;
  if (value.isConst) return value.bits >= 0n && (value.type === 'i32' || value.type === 'i64') ? value.bits : null;
  if (isBoolean(op)) return 1n;
  if (depth > MAX_DEPTH) return null;
  switch (op) {
    case 'load':
      if (value.sym === 'lbu') return 0xffn;
      if (value.sym === 'lhu') return 0xffffn;
      return value.sym === 'lwu' ? 0xffff_ffffn : null;
    case 'zext32':
      return least(upperBound(args[0]!, depth + 1), 0xffff_ffffn);
    case 'and':
      return least(upperBound(args[0]!, depth + 1), upperBound(args[1]!, depth + 1));
    case 'or':
    case 'xor': {
      const a = upperBound(args[0]!, depth + 1);
      const b = upperBound(args[1]!, depth + 1);
      return a === null || b === null ? null : allOnes(a > b ? a : b);
    }
    case 'shr_u32':
    case 'shr_u64': {
      const width = op === 'shr_u32' ? 32n : 64n;
      if (!args[1]!.isConst) return upperBound(args[0]!, depth + 1);
      const shift = args[1]!.bits & (width - 1n);
      const from = upperBound(args[0]!, depth + 1);
      if (from !== null) return from >> shift;
      return shift === 0n ? null : (1n << (width - shift)) - 1n;
    }
    case 'rem_u32':
    case 'rem_u64':
      return args[1]!.isConst && args[1]!.bits > 0n ? args[1]!.bits - 1n : null;
    case 'clz32':
    case 'ctz32':
    case 'popcnt32':
      return 32n;
    case 'clz64':
    case 'ctz64':
    case 'popcnt64':
      return 64n;
    case 'copy':
    case 'sext32': {
      const from = upperBound(args[0]!, depth + 1);
      return from !== null && from <= 0x7fff_ffffn ? from : null;
    }
    case 'select': {
      const a = upperBound(args[1]!, depth + 1);
      const b = upperBound(args[2]!, depth + 1);
      return a === null || b === null ? null : a > b ? a : b;
    }
    default:
      return null;
  }
}

function least(a: bigint | null, b: bigint | null): bigint | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function allOnes(n: bigint): bigint {
  let ones = 1n;
  while (ones <= n) ones <<= 1n;
  return ones - 1n;
}

/** Whether the register already holds the sign extension of its low 32 bits. */
export function isSignExtended(value: Value): boolean {
  if (value.type === 'i32') return true;
  if (value.isConst) return value.bits === BigInt.asIntN(32, value.bits);
  if (value.op === 'sext8' || value.op === 'sext16' || value.op === 'sext32') return true;
  if (value.op === 'copy' || (value.op === 'load' && ['lw', 'lh', 'lb'].includes(value.sym))) return true;
  const bound = upperBound(value);
  return bound !== null && bound <= 0x7fff_ffffn;
}

/** Operands, by index, of which only the low 32 bits matter. */
const LOW_HALF: Readonly<Record<string, readonly number[]>> = {
  add32: [0, 1],
  sub32: [0, 1],
  mul32: [0, 1],
  shl32: [0, 1],
  shr_s32: [0, 1],
  shr_u32: [0, 1],
  rotl32: [0, 1],
  rotr32: [0, 1],
  sext8: [0],
  sext16: [0],
  sext32: [0],
  zext32: [0],
  shl64: [1],
  shr_s64: [1],
  shr_u64: [1],
};

/** How many low bits of operand `index` of `value` matter: 8, 16, 32 or 64. */
export function bitsThatMatter(value: Value, index: number): number {
  if (value.op === 'sext8') return 8;
  if (value.op === 'sext16') return 16;
  if (value.op === 'store' && index === 1) return STORE_BITS[value.sym] ?? 64;
  return LOW_HALF[value.op]?.includes(index) ? 32 : 64;
}

const STORE_BITS: Readonly<Record<string, number>> = { sb: 8, sh: 16, sw: 32 };

/** `value`, or what it is made from by operations that keep its low `bits` bits. */
export function stripExtensions(value: Value, bits: number): Value {
  let at = value;
  for (;;) {
    const { op, args } = at;
    const isExtension =
      op === 'copy' ||
      ((op === 'sext32' || op === 'zext32') && bits <= 32) ||
      (op === 'sext16' && bits <= 16) ||
      (op === 'sext8' && bits <= 8);
    const mask = (1n << BigInt(bits)) - 1n;
    const isMask = op === 'and' && args[1]!.isConst && (args[1]!.bits & mask) === mask;
    if (!isExtension && !isMask) return at;
    at = args[0]!;
  }
}
