/**
 * The oracle: executes instruction rows on BigInts, one at a time, straight from the definitions. It has no TLB, no
 * decode cache and no traps: programs that need those are not for it. Slow and obvious on purpose.
 */
import { must } from '../../emulator/base/assert.ts';
import { decode, type Decoded } from '../../emulator/isa/decode.ts';
import { formatOf } from '../../emulator/isa/formats.ts';
import type { Condition, CsrOp, Ops, ProductPart, SystemOp, Width } from '../../emulator/isa/insn.ts';
import { floatOperation, type FloatState } from './oracle-float.ts';

const MASK = (1n << 64n) - 1n;
const wrap = (value: bigint): bigint => value & MASK;
const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

const HOLDS: Record<Condition, (a: bigint, b: bigint) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => signed(a) < signed(b),
  ge: (a, b) => signed(a) >= signed(b),
  ltu: (a, b) => a < b,
  geu: (a, b) => a >= b,
};

/** What an instruction word means, with its register fields looked up once. */
interface Known extends Decoded {
  readonly isFloat: Readonly<Record<'rd' | 'rs1' | 'rs2', boolean>>;
}
const known = new Map<number, Known>();

function decodeOnce(word: number, pc: bigint): Known {
  const found = known.get(word);
  if (found) return found;
  const decoded = must(decode(word), `instruction ${word.toString(16)} at ${pc.toString(16)}`);
  const operands = decoded.insn.operands ?? formatOf(decoded.insn.format).operands;
  const isFloat = (name: string): boolean => new RegExp(`\\bf${name}\\b`).test(operands);
  const made = { ...decoded, isFloat: { rd: isFloat('rd'), rs1: isFloat('rs1'), rs2: isFloat('rs2') } };
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(word, made);
  return made;
}
const KNOWN_MAX = 100_000;

/** Flat memory at an address. */
export interface Segment {
  readonly base: number;
  readonly bytes: Uint8Array;
}

export class Oracle {
  readonly x = new Array<bigint>(32).fill(0n);
  readonly f = new Array<bigint>(32).fill(0n);
  readonly float: FloatState = { flags: 0n, mode: 0n, rounding: 0n };
  /** Set by ecall. */
  isDone = false;
  private reservation: bigint | undefined;

  constructor(
    private readonly segments: readonly Segment[],
    public pc: bigint,
  ) {}

  step(): void {
    const { bytes, at } = this.locate(this.pc, 2);
    const low = bytes[at]! | (bytes[at + 1]! << 8);
    const word = (low & 3) === 3 ? low | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24) : low;
    const decoded = decodeOnce(word, this.pc);
    const ops = new OracleOps(this, decoded);
    const result = decoded.insn.run<bigint>(ops);
    if (result !== undefined) {
      if (decoded.isFloat.rd) this.f[decoded.rd] = wrap(result);
      else if (decoded.rd !== 0) this.x[decoded.rd] = wrap(result);
    }
    this.pc = ops.target;
  }

  readMemory(address: bigint, width: number): bigint {
    const { bytes, at } = this.locate(address, width);
    const half = (from: number, to: number): number => {
      let value = 0;
      for (let i = to - 1; i >= from; i--) value = value * 256 + bytes[at + i]!;
      return value;
    };
    if (width < 8) return BigInt(half(0, width));
    return (BigInt(half(4, 8)) << 32n) | BigInt(half(0, 4));
  }
  writeMemory(address: bigint, width: number, value: bigint): void {
    const { bytes, at } = this.locate(address, width);
    for (let i = 0; i < width; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
  reserve(address: bigint): void {
    this.reservation = address;
  }
  /** Ends the reservation and says whether it was for this address. */
  takeReservation(address: bigint): boolean {
    const holds = this.reservation === address;
    this.reservation = undefined;
    return holds;
  }

  private locate(address: bigint, width: number): { bytes: Uint8Array; at: number } {
    const number = Number(address);
    const inside = (s: Segment): boolean => number >= s.base && number + width <= s.base + s.bytes.length;
    const segment = must(this.segments.find(inside), `memory at ${address.toString(16)}`);
    return { bytes: segment.bytes, at: number - segment.base };
  }
}

class OracleOps implements Ops<bigint> {
  readonly rs1: bigint;
  readonly rs2: bigint;
  readonly rs3: bigint;
  readonly imm: bigint;
  readonly pc: bigint;
  readonly nextPc: bigint;
  target: bigint;

  constructor(
    private readonly hart: Oracle,
    private readonly decoded: Known,
  ) {
    const { isFloat } = decoded;
    this.rs1 = (isFloat.rs1 ? hart.f : hart.x)[decoded.rs1]!;
    this.rs2 = (isFloat.rs2 ? hart.f : hart.x)[decoded.rs2]!;
    this.rs3 = hart.f[decoded.rs3]!;
    this.imm = wrap(BigInt(decoded.imm));
    this.pc = hart.pc;
    this.nextPc = wrap(hart.pc + BigInt(decoded.length));
    this.target = this.nextPc;
  }

  const(value: number | bigint): bigint {
    return wrap(BigInt(value));
  }
  bind(value: bigint): bigint {
    return value;
  }
  add(a: bigint, b: bigint): bigint {
    return wrap(a + b);
  }
  sub(a: bigint, b: bigint): bigint {
    return wrap(a - b);
  }
  mul(a: bigint, b: bigint): bigint {
    return wrap(a * b);
  }
  mulhu(a: bigint, b: bigint): bigint {
    return (a * b) >> 64n;
  }
  div(a: bigint, b: bigint): bigint {
    return b === 0n ? MASK : wrap(signed(a) / signed(b));
  }
  divu(a: bigint, b: bigint): bigint {
    return b === 0n ? MASK : a / b;
  }
  rem(a: bigint, b: bigint): bigint {
    return b === 0n ? a : wrap(signed(a) % signed(b));
  }
  remu(a: bigint, b: bigint): bigint {
    return b === 0n ? a : a % b;
  }
  and(a: bigint, b: bigint): bigint {
    return a & b;
  }
  or(a: bigint, b: bigint): bigint {
    return a | b;
  }
  xor(a: bigint, b: bigint): bigint {
    return a ^ b;
  }
  shl(a: bigint, by: bigint): bigint {
    return wrap(a << (by & 63n));
  }
  shr(a: bigint, by: bigint): bigint {
    return a >> (by & 63n);
  }
  sar(a: bigint, by: bigint): bigint {
    return wrap(signed(a) >> (by & 63n));
  }
  rotl(a: bigint, by: bigint): bigint {
    return wrap((a << (by & 63n)) | (a >> (64n - (by & 63n))));
  }
  rotr(a: bigint, by: bigint): bigint {
    return this.rotl(a, 64n - (by & 63n));
  }
  clz(a: bigint): bigint {
    return a === 0n ? 64n : BigInt(64 - a.toString(2).length);
  }
  ctz(a: bigint): bigint {
    return a === 0n ? 64n : BigInt((a & -a).toString(2).length - 1);
  }
  popcount(a: bigint): bigint {
    return BigInt(a.toString(2).replaceAll('0', '').length);
  }
  carrylessProduct(part: ProductPart, a: bigint, b: bigint): bigint {
    let product = 0n;
    for (let i = 0n; i < 64n; i++) if ((b >> i) & 1n) product ^= a << i;
    return wrap(product >> { low: 0n, reversed: 63n, high: 64n }[part]);
  }
  sext8(a: bigint): bigint {
    return wrap(BigInt.asIntN(8, a));
  }
  sext16(a: bigint): bigint {
    return wrap(BigInt.asIntN(16, a));
  }
  sext32(a: bigint): bigint {
    return wrap(BigInt.asIntN(32, a));
  }
  zext32(a: bigint): bigint {
    return a & 0xffff_ffffn;
  }
  compare(condition: Condition, a: bigint, b: bigint): bigint {
    return HOLDS[condition](a, b) ? 1n : 0n;
  }
  select(condition: Condition, a: bigint, b: bigint, ifTrue: bigint, ifFalse: bigint): bigint {
    return HOLDS[condition](a, b) ? ifTrue : ifFalse;
  }

  branch(condition: Condition, a: bigint, b: bigint): void {
    if (HOLDS[condition](a, b)) this.jump();
  }
  jump(): void {
    this.target = wrap(this.pc + this.imm);
  }
  jumpRegister(target: bigint): void {
    this.target = target & ~1n;
  }

  load(width: Width, isSigned: boolean, address: bigint): bigint {
    const value = this.hart.readMemory(address, width);
    return isSigned ? wrap(BigInt.asIntN(8 * width, value)) : value;
  }
  store(width: Width, address: bigint, value: bigint): void {
    this.hart.writeMemory(address, width, value);
  }
  loadReserved(width: 4 | 8, address: bigint): bigint {
    this.hart.reserve(address);
    return this.load(width, true, address);
  }
  storeConditional(width: 4 | 8, address: bigint, value: bigint): bigint {
    if (!this.hart.takeReservation(address)) return 1n;
    this.store(width, address, value);
    return 0n;
  }
  amo(width: 4 | 8, address: bigint, update: (old: bigint) => bigint): bigint {
    const old = this.load(width, true, address);
    this.store(width, address, update(old));
    return old;
  }

  /** fflags, frm and fcsr only. */
  csr(op: CsrOp, source: 'register' | 'immediate'): bigint {
    const { float } = this.hart;
    const operand = source === 'register' ? this.rs1 : BigInt(this.decoded.uimm);
    const [shift, bits] = ([[], [0n, 31n], [5n, 7n], [0n, 255n]] as const)[this.decoded.imm as 1 | 2 | 3];
    const all = (float.mode << 5n) | float.flags;
    const old = (all >> shift) & bits;
    const next = op === 'write' ? operand : op === 'set' ? old | operand : old & ~operand;
    const changed = (all & ~(bits << shift)) | ((next & bits) << shift);
    float.flags = changed & 31n;
    float.mode = (changed >> 5n) & 7n;
    return old;
  }
  system(op: SystemOp): void {
    if (op === 'fence.i') return;
    if (op !== 'ecall') throw new Error(`the oracle has no ${op}`);
    this.hart.isDone = true;
  }
  fence(): void {}

  float(op: string, ...operands: bigint[]): bigint {
    const { float } = this.hart;
    float.rounding = this.decoded.rm === 7 ? float.mode : BigInt(this.decoded.rm);
    return floatOperation(float, op, operands);
  }
}
