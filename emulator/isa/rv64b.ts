/** Zba, Zbb, Zbc and Zbs: address generation, basic bit manipulation, carry-less multiplication, single bits. */
import type { Condition, Insn, Ops } from './insn.ts';

const OP = 0x33;
const OP_32 = 0x3b;
const OP_IMM = 0x13;
const OP_IMM_32 = 0x1b;

type Semantics = Insn['run'];

/** Two source registers. */
const binary = (name: string, opcode: number, funct7: number, funct3: number, run: Semantics): Insn => ({
  name,
  format: 'R',
  match: ((funct7 << 25) | (funct3 << 12) | opcode) >>> 0,
  mask: 0xfe00707f,
  run,
});
/** One source register; the upper 12 bits are opcode. */
const unary = (name: string, opcode: number, funct12: number, funct3: number, run: Semantics): Insn => ({
  name,
  format: 'R1',
  match: ((funct12 << 20) | (funct3 << 12) | opcode) >>> 0,
  mask: 0xfff0707f,
  run,
});
/** A 6-bit shift amount or bit number. */
const immediate = (name: string, opcode: number, funct6: number, funct3: number, run: Semantics): Insn => ({
  name,
  format: 'Shift6',
  match: ((funct6 << 26) | (funct3 << 12) | opcode) >>> 0,
  mask: 0xfc00707f,
  run,
});

const pick =
  (condition: Condition): Semantics =>
  o =>
    o.select(condition, o.rs1, o.rs2, o.rs1, o.rs2);
const shiftedAdd =
  (shift: number): Semantics =>
  o =>
    o.add(o.shl(o.rs1, o.const(shift)), o.rs2);
const shiftedAddWord =
  (shift: number): Semantics =>
  o =>
    o.add(o.shl(o.zext32(o.rs1), o.const(shift)), o.rs2);
/** 1 << by */
const bit = <V>(o: Ops<V>, by: V): V => o.shl(o.const(1), by);
const not = <V>(o: Ops<V>, value: V): V => o.xor(value, o.const(-1));

/** The low 32 bits twice, so that a 64-bit rotation by less than 32 rotates them. */
function doubled<V>(o: Ops<V>, value: V): V {
  const low = o.bind(o.zext32(value));
  return o.or(low, o.shl(low, o.const(32)));
}
const rotateWordRight = <V>(o: Ops<V>, by: V): V => o.sext32(o.rotr(doubled(o, o.rs1), o.and(by, o.const(31))));

/** 0xff in each byte that is not zero. */
function orBytes<V>(o: Ops<V>, value: V): V {
  const low7 = o.const(0x7f7f_7f7f_7f7f_7f7fn);
  const carries = o.or(o.add(o.and(value, low7), low7), value);
  const tops = o.bind(o.and(carries, o.const(0x8080_8080_8080_8080n)));
  return o.or(o.sub(tops, o.shr(tops, o.const(7))), tops);
}

/** Swaps neighbours of 8, then 16, then 32 bits. */
function reverseBytes<V>(o: Ops<V>, value: V): V {
  const swap = (v: V, by: number, mask: bigint): V =>
    o.or(o.shl(o.and(v, o.const(mask)), o.const(by)), o.and(o.shr(v, o.const(by)), o.const(mask)));
  const pairs = o.bind(swap(value, 8, 0x00ff_00ff_00ff_00ffn));
  const quads = o.bind(swap(pairs, 16, 0x0000_ffff_0000_ffffn));
  return o.rotl(quads, o.const(32));
}

export const ZBA: readonly Insn[] = [
  binary('add.uw', OP_32, 0x04, 0, o => o.add(o.zext32(o.rs1), o.rs2)),
  binary('sh1add', OP, 0x10, 2, shiftedAdd(1)),
  binary('sh2add', OP, 0x10, 4, shiftedAdd(2)),
  binary('sh3add', OP, 0x10, 6, shiftedAdd(3)),
  binary('sh1add.uw', OP_32, 0x10, 2, shiftedAddWord(1)),
  binary('sh2add.uw', OP_32, 0x10, 4, shiftedAddWord(2)),
  binary('sh3add.uw', OP_32, 0x10, 6, shiftedAddWord(3)),
  immediate('slli.uw', OP_IMM_32, 0x02, 1, o => o.shl(o.zext32(o.rs1), o.imm)),
];

export const ZBB: readonly Insn[] = [
  binary('andn', OP, 0x20, 7, o => o.and(o.rs1, not(o, o.rs2))),
  binary('orn', OP, 0x20, 6, o => o.or(o.rs1, not(o, o.rs2))),
  binary('xnor', OP, 0x20, 4, o => not(o, o.xor(o.rs1, o.rs2))),
  unary('clz', OP_IMM, 0x600, 1, o => o.clz(o.rs1)),
  unary('clzw', OP_IMM_32, 0x600, 1, o => o.sub(o.clz(o.zext32(o.rs1)), o.const(32))),
  unary('ctz', OP_IMM, 0x601, 1, o => o.ctz(o.rs1)),
  unary('ctzw', OP_IMM_32, 0x601, 1, o => o.ctz(o.or(o.rs1, bit(o, o.const(32))))),
  unary('cpop', OP_IMM, 0x602, 1, o => o.popcount(o.rs1)),
  unary('cpopw', OP_IMM_32, 0x602, 1, o => o.popcount(o.zext32(o.rs1))),
  binary('min', OP, 0x05, 4, pick('lt')),
  binary('minu', OP, 0x05, 5, pick('ltu')),
  binary('max', OP, 0x05, 6, pick('ge')),
  binary('maxu', OP, 0x05, 7, pick('geu')),
  unary('sext.b', OP_IMM, 0x604, 1, o => o.sext8(o.rs1)),
  unary('sext.h', OP_IMM, 0x605, 1, o => o.sext16(o.rs1)),
  unary('zext.h', OP_32, 0x080, 4, o => o.and(o.rs1, o.const(0xffff))),
  binary('rol', OP, 0x30, 1, o => o.rotl(o.rs1, o.rs2)),
  binary('ror', OP, 0x30, 5, o => o.rotr(o.rs1, o.rs2)),
  immediate('rori', OP_IMM, 0x18, 5, o => o.rotr(o.rs1, o.imm)),
  binary('rolw', OP_32, 0x30, 1, o => rotateWordRight(o, o.sub(o.const(32), o.rs2))),
  binary('rorw', OP_32, 0x30, 5, o => rotateWordRight(o, o.rs2)),
  {
    name: 'roriw',
    format: 'Shift5',
    match: 0x6000501b,
    mask: 0xfe00707f,
    run: o => rotateWordRight(o, o.imm),
  },
  unary('orc.b', OP_IMM, 0x287, 5, o => orBytes(o, o.rs1)),
  unary('rev8', OP_IMM, 0x6b8, 5, o => reverseBytes(o, o.rs1)),
];

export const ZBC: readonly Insn[] = [
  binary('clmul', OP, 0x05, 1, o => o.carrylessProduct('low', o.rs1, o.rs2)),
  binary('clmulr', OP, 0x05, 2, o => o.carrylessProduct('reversed', o.rs1, o.rs2)),
  binary('clmulh', OP, 0x05, 3, o => o.carrylessProduct('high', o.rs1, o.rs2)),
];

export const ZBS: readonly Insn[] = [
  binary('bclr', OP, 0x24, 1, o => o.and(o.rs1, not(o, bit(o, o.rs2)))),
  immediate('bclri', OP_IMM, 0x12, 1, o => o.and(o.rs1, not(o, bit(o, o.imm)))),
  binary('bext', OP, 0x24, 5, o => o.and(o.shr(o.rs1, o.rs2), o.const(1))),
  immediate('bexti', OP_IMM, 0x12, 5, o => o.and(o.shr(o.rs1, o.imm), o.const(1))),
  binary('binv', OP, 0x34, 1, o => o.xor(o.rs1, bit(o, o.rs2))),
  immediate('binvi', OP_IMM, 0x1a, 1, o => o.xor(o.rs1, bit(o, o.imm))),
  binary('bset', OP, 0x14, 1, o => o.or(o.rs1, bit(o, o.rs2))),
  immediate('bseti', OP_IMM, 0x0a, 1, o => o.or(o.rs1, bit(o, o.imm))),
];
