/** Operations over constants. Division follows RISC-V: checks for what wasm traps on stand before it. */
import { must } from '../../../emulator/base/assert.ts';
import type { Value } from '../ir/ir.ts';

type Fold = (a: bigint, b: bigint) => bigint;

const s32 = (n: bigint): bigint => BigInt.asIntN(32, n);
const u32 = (n: bigint): bigint => BigInt.asUintN(32, n);
const s64 = (n: bigint): bigint => BigInt.asIntN(64, n);
const u64 = (n: bigint): bigint => BigInt.asUintN(64, n);
const bool = (b: boolean): bigint => (b ? 1n : 0n);

/** Operands are sign-extended; results may be of any width, the constant they become is cut to its type. */
const FOLDS: Readonly<Record<string, Fold>> = {
  copy: a => a,
  sext8: a => BigInt.asIntN(8, a),
  sext16: a => BigInt.asIntN(16, a),
  sext32: s32,
  zext32: u32,
  eq: (a, b) => bool(a === b),
  ne: (a, b) => bool(a !== b),
  lt_s: (a, b) => bool(a < b),
  ge_s: (a, b) => bool(a >= b),
  lt_u: (a, b) => bool(u64(a) < u64(b)),
  ge_u: (a, b) => bool(u64(a) >= u64(b)),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  add32: (a, b) => a + b,
  add64: (a, b) => a + b,
  sub32: (a, b) => a - b,
  sub64: (a, b) => a - b,
  mul32: (a, b) => a * b,
  mul64: (a, b) => a * b,
  shl32: (a, b) => a << (b & 31n),
  shl64: (a, b) => a << (b & 63n),
  shr_s32: (a, b) => s32(a) >> (b & 31n),
  shr_s64: (a, b) => s64(a) >> (b & 63n),
  shr_u32: (a, b) => u32(a) >> (b & 31n),
  shr_u64: (a, b) => u64(a) >> (b & 63n),
  clz32: a => BigInt(Math.clz32(Number(u32(a)))),
  ctz32: a => trailingZeros(u32(a), 32n),
  ctz64: a => trailingZeros(u64(a), 64n),
};

const DIVISIONS: Readonly<Record<string, Fold>> = {
  div_s32: (a, b) => s32(a) / s32(b),
  div_s64: (a, b) => a / b,
  div_u32: (a, b) => u32(a) / u32(b),
  div_u64: (a, b) => u64(a) / u64(b),
  rem_s32: (a, b) => s32(a) % s32(b),
  rem_s64: (a, b) => a % b,
  rem_u32: (a, b) => u32(a) % u32(b),
  rem_u64: (a, b) => u64(a) % u64(b),
};

function trailingZeros(a: bigint, width: bigint): bigint {
  if (a === 0n) return width;
  let n = 0n;
  while (((a >> n) & 1n) === 0n) n++;
  return n;
}

/** The value of an integer operation all of whose operands are constants; null where we do not compute it. */
export function foldConstant({ op, args }: Value): bigint | null {
  if (args.length === 0 || args.length > 2 || !args.every(arg => arg.isConst)) return null;
  const a = must(args[0], 'operand').bits;
  const b = args[1]?.bits ?? 0n;
  const fold = FOLDS[op];
  if (fold !== undefined) return fold(a, b);
  const division = DIVISIONS[op];
  return division === undefined || b === 0n ? null : division(a, b);
}
