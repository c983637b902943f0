/**
 * What an instruction row is. One row per instruction: encoding (`format`, `match`, `mask`), assembly operands and
 * semantics. Decoder, disassembler, generated interpreter, the BigInt oracle and the compiler's encoder all read the
 * rows, so they cannot drift. `V` is a wasm expression for the interpreter and a bigint for the oracle.
 */
import type { FormatName } from './formats.ts';

export type Width = 1 | 2 | 4 | 8;
/** As the branch mnemonics: `lt` and `ge` are signed. */
export type Condition = 'eq' | 'ne' | 'lt' | 'ge' | 'ltu' | 'geu';
/** Instructions whose whole effect is on the hart's privileged state. */
export type SystemOp =
  'ecall' | 'ebreak' | 'mret' | 'sret' | 'wfi' | 'sfence.vma' | 'fence.i' | 'sfence.w.inval' | 'sfence.inval.ir';
export type ProductPart = 'low' | 'reversed' | 'high';
export type CsrOp = 'write' | 'set' | 'clear';
/** Bits are IEEE 754 encodings; a narrower value sits NaN-boxed in a 64-bit register. */
export type FloatFormat = 's' | 'd';

/** The vocabulary of semantics. Values are 64 bits wide; arithmetic wraps. */
export interface Ops<V> {
  /** Source registers, integer or floating-point as the row's operands say. */
  readonly rs1: V;
  readonly rs2: V;
  readonly rs3: V;
  /** The immediate, sign- or zero-extended as the format says. */
  readonly imm: V;
  readonly pc: V;
  /** Address of the instruction behind this one. */
  readonly nextPc: V;

  const(value: number | bigint): V;
  /** Names a value that is used more than once. */
  bind(value: V): V;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  /** High 64 bits of the unsigned product. */
  mulhu(a: V, b: V): V;
  /** Division as RISC-V defines it: never traps; x / 0 is all ones, x % 0 is x, the overflow case wraps. */
  div(a: V, b: V): V;
  divu(a: V, b: V): V;
  rem(a: V, b: V): V;
  remu(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  /** Shifts use the low 6 bits of `by`. */
  shl(a: V, by: V): V;
  shr(a: V, by: V): V;
  sar(a: V, by: V): V;
  rotl(a: V, by: V): V;
  rotr(a: V, by: V): V;
  clz(a: V): V;
  ctz(a: V): V;
  popcount(a: V): V;
  /** The 128-bit product of polynomials over GF(2): bits 63…0, 126…63 or 127…64 of it. */
  carrylessProduct(part: ProductPart, a: V, b: V): V;
  sext8(a: V): V;
  sext16(a: V): V;
  sext32(a: V): V;
  zext32(a: V): V;
  /** 1 when it holds, else 0. */
  compare(condition: Condition, a: V, b: V): V;
  /** `ifTrue` when `a condition b`. Both sides are evaluated. */
  select(condition: Condition, a: V, b: V, ifTrue: V, ifFalse: V): V;

  /** pc-relative by `imm` when it holds. */
  branch(condition: Condition, a: V, b: V): void;
  /** To pc + imm. */
  jump(): void;
  /** To an address; bit 0 is cleared. Writes `link` to rd after the target is known. */
  jumpRegister(target: V): void;

  /** Sign- or zero-extended. Traps are taken before anything is written. */
  load(width: Width, signed: boolean, address: V): V;
  store(width: Width, address: V, value: V): void;
  loadReserved(width: 4 | 8, address: V): V;
  /** 0 when it stored, else 1. */
  storeConditional(width: 4 | 8, address: V, value: V): V;
  /** Stores `update(old)`, returns old (sign-extended). */
  amo(width: 4 | 8, address: V, update: (old: V) => V): V;

  /** Reads the CSR that `imm` names, then writes it; `source` is rs1 or the 5-bit immediate in the rs1 field. */
  csr(op: CsrOp, source: 'register' | 'immediate'): V;
  system(op: SystemOp): void;
  fence(): void;

  /** One floating-point operation of cpu/slow: operands as register contents, rounding as the `rm` field says. */
  float(op: string, ...operands: V[]): V;
}

export interface Insn {
  readonly name: string;
  readonly format: FormatName;
  readonly match: number;
  readonly mask: number;
  /** Assembly operands where they differ from the format's: floating-point registers are `frd frs1 frs2 frs3`. */
  readonly operands?: string;
  /** For a compressed instruction: the row whose semantics it has; then `run` is that row's. */
  readonly expandsTo?: string;
  /** A register field that must not be zero (or, for c.lui, also not sp) and an immediate that must not be zero. */
  readonly requires?: readonly Requirement[];
  /** The value is written to rd; nothing when the instruction has no result. */
  run<V>(o: Ops<V>): V | void;
}
export type Requirement = 'rd!=0' | 'rd!=2' | 'rs1!=0' | 'rs2!=0' | 'imm!=0';
