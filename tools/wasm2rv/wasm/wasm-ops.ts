/**
 * Wasm opcodes that only compute (WebAssembly core specification, section 5.4), one row each: opcode, parameter types, result
 * type, and the IR operation. Control, variables, memory and calls are build.ts's own.
 *
 * An i32 is held sign-extended, so many pairs of i32/i64 instructions are one IR operation: and, or, xor, comparisons.
 * `swap` marks rows whose IR operation takes the operands the other way round (gt is lt, le is ge).
 */
import type { ValType } from './decode.ts';

export interface SimpleOp {
  params: readonly ValType[];
  result: ValType;
  op: string;
  swap: boolean;
}

const ROWS = `
46 i32,i32 i32 eq      | 51 i64,i64 i32 eq      | 47 i32,i32 i32 ne      | 52 i64,i64 i32 ne
48 i32,i32 i32 lt_s    | 53 i64,i64 i32 lt_s    | 49 i32,i32 i32 lt_u    | 54 i64,i64 i32 lt_u
4a i32,i32 i32 ~lt_s   | 55 i64,i64 i32 ~lt_s   | 4b i32,i32 i32 ~lt_u   | 56 i64,i64 i32 ~lt_u
4c i32,i32 i32 ~ge_s   | 57 i64,i64 i32 ~ge_s   | 4d i32,i32 i32 ~ge_u   | 58 i64,i64 i32 ~ge_u
4e i32,i32 i32 ge_s    | 59 i64,i64 i32 ge_s    | 4f i32,i32 i32 ge_u    | 5a i64,i64 i32 ge_u
45 i32 i32 eqz         | 50 i64 i32 eqz
5b f32,f32 i32 f32.eq  | 5c f32,f32 i32 f32.ne  | 5d f32,f32 i32 f32.lt  | 5e f32,f32 i32 ~f32.lt
5f f32,f32 i32 f32.le  | 60 f32,f32 i32 ~f32.le
61 f64,f64 i32 f64.eq  | 62 f64,f64 i32 f64.ne  | 63 f64,f64 i32 f64.lt  | 64 f64,f64 i32 ~f64.lt
65 f64,f64 i32 f64.le  | 66 f64,f64 i32 ~f64.le
67 i32 i32 clz32       | 68 i32 i32 ctz32       | 69 i32 i32 popcnt32
79 i64 i64 clz64       | 7a i64 i64 ctz64       | 7b i64 i64 popcnt64
6a i32,i32 i32 add32   | 6b i32,i32 i32 sub32   | 6c i32,i32 i32 mul32   | 6d i32,i32 i32 div_s32
6e i32,i32 i32 div_u32 | 6f i32,i32 i32 rem_s32 | 70 i32,i32 i32 rem_u32 | 71 i32,i32 i32 and
72 i32,i32 i32 or      | 73 i32,i32 i32 xor     | 74 i32,i32 i32 shl32   | 75 i32,i32 i32 shr_s32
76 i32,i32 i32 shr_u32 | 77 i32,i32 i32 rotl32  | 78 i32,i32 i32 rotr32
7c i64,i64 i64 add64   | 7d i64,i64 i64 sub64   | 7e i64,i64 i64 mul64   | 7f i64,i64 i64 div_s64
80 i64,i64 i64 div_u64 | 81 i64,i64 i64 rem_s64 | 82 i64,i64 i64 rem_u64 | 83 i64,i64 i64 and
84 i64,i64 i64 or      | 85 i64,i64 i64 xor     | 86 i64,i64 i64 shl64   | 87 i64,i64 i64 shr_s64
88 i64,i64 i64 shr_u64 | 89 i64,i64 i64 rotl64  | 8a i64,i64 i64 rotr64
8b f32 f32 f32.abs     | 8c f32 f32 f32.neg     | 8d f32 f32 f32.ceil    | 8e f32 f32 f32.floor
8f f32 f32 f32.trunc   | 90 f32 f32 f32.nearest | 91 f32 f32 f32.sqrt
92 f32,f32 f32 f32.add | 93 f32,f32 f32 f32.sub | 94 f32,f32 f32 f32.mul | 95 f32,f32 f32 f32.div
96 f32,f32 f32 f32.min | 97 f32,f32 f32 f32.max | 98 f32,f32 f32 f32.copysign
99 f64 f64 f64.abs     | 9a f64 f64 f64.neg     | 9b f64 f64 f64.ceil    | 9c f64 f64 f64.floor
9d f64 f64 f64.trunc   | 9e f64 f64 f64.nearest | 9f f64 f64 f64.sqrt
a0 f64,f64 f64 f64.add | a1 f64,f64 f64 f64.sub | a2 f64,f64 f64 f64.mul | a3 f64,f64 f64 f64.div
a4 f64,f64 f64 f64.min | a5 f64,f64 f64 f64.max | a6 f64,f64 f64 f64.copysign
a7 i64 i32 sext32      | ac i32 i64 copy        | ad i32 i64 zext32
a8 f32 i32 trunc.w.s   | a9 f32 i32 trunc.wu.s  | aa f64 i32 trunc.w.d   | ab f64 i32 trunc.wu.d
ae f32 i64 trunc.l.s   | af f32 i64 trunc.lu.s  | b0 f64 i64 trunc.l.d   | b1 f64 i64 trunc.lu.d
b2 i32 f32 cvt.s.w     | b3 i32 f32 cvt.s.wu    | b4 i64 f32 cvt.s.l     | b5 i64 f32 cvt.s.lu
b6 f64 f32 cvt.s.d     | b7 i32 f64 cvt.d.w     | b8 i32 f64 cvt.d.wu    | b9 i64 f64 cvt.d.l
ba i64 f64 cvt.d.lu    | bb f32 f64 cvt.d.s
bc f32 i32 mv.x.w      | bd f64 i64 mv.x.d      | be i32 f32 mv.w.x      | bf i64 f64 mv.d.x
c0 i32 i32 sext8       | c1 i32 i32 sext16      | c2 i64 i64 sext8       | c3 i64 i64 sext16
c4 i64 i64 sext32
fc00 f32 i32 sat.w.s   | fc01 f32 i32 sat.wu.s  | fc02 f64 i32 sat.w.d   | fc03 f64 i32 sat.wu.d
fc04 f32 i64 sat.l.s   | fc05 f32 i64 sat.lu.s  | fc06 f64 i64 sat.l.d   | fc07 f64 i64 sat.lu.d
`;

/** By opcode; those with prefix 0xfc at 0xfc00 + their number. */
export const SIMPLE_OPS: ReadonlyMap<number, SimpleOp> = new Map(
  ROWS.split(/[|\n]/)
    .map(row => row.trim())
    .filter(row => row !== '')
    .map(row => {
      const [code, params, result, op] = row.split(/\s+/) as [string, string, ValType, string];
      const simple = {
        params: params.split(',') as ValType[],
        result,
        op: op.replace('~', ''),
        swap: op.startsWith('~'),
      };
      return [parseInt(code, 16), simple];
    }),
);

export interface MemoryOp {
  type: ValType;
  /** RISC-V mnemonic. */
  op: string;
  isStore: boolean;
}

const MEMORY_ROWS = `
28 i32 lw  | 29 i64 ld  | 2a f32 flw | 2b f64 fld | 2c i32 lb  | 2d i32 lbu | 2e i32 lh  | 2f i32 lhu
30 i64 lb  | 31 i64 lbu | 32 i64 lh  | 33 i64 lhu | 34 i64 lw  | 35 i64 lwu | 36 i32 sw  | 37 i64 sd
38 f32 fsw | 39 f64 fsd | 3a i32 sb  | 3b i32 sh  | 3c i64 sb  | 3d i64 sh  | 3e i64 sw
`;

export const MEMORY_OPS: ReadonlyMap<number, MemoryOp> = new Map(
  MEMORY_ROWS.split(/[|\n]/)
    .map(row => row.trim())
    .filter(row => row !== '')
    .map(row => {
      const [code, type, op] = row.split(/\s+/) as [string, ValType, string];
      return [parseInt(code, 16), { type, op, isStore: parseInt(code, 16) >= 0x36 }];
    }),
);
