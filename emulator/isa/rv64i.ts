/** RV64I (unprivileged specification, "RV32I" and "RV64I"). */
import type { Condition, Insn, Ops, Width } from './insn.ts';

const load = (name: string, funct3: number, width: Width, signed: boolean): Insn => ({
  name,
  format: 'Load',
  match: 0x0003 | (funct3 << 12),
  mask: 0x707f,
  run: o => o.load(width, signed, o.add(o.rs1, o.imm)),
});
const store = (name: string, funct3: number, width: Width): Insn => ({
  name,
  format: 'S',
  match: 0x0023 | (funct3 << 12),
  mask: 0x707f,
  run: o => o.store(width, o.add(o.rs1, o.imm), o.rs2),
});
const branch = (name: string, funct3: number, condition: Condition): Insn => ({
  name,
  format: 'B',
  match: 0x0063 | (funct3 << 12),
  mask: 0x707f,
  run: o => o.branch(condition, o.rs1, o.rs2),
});

/** The amount of a 32-bit shift. */
const by32 = <V>(o: Ops<V>): V => o.and(o.rs2, o.const(31));

export const RV64I: readonly Insn[] = [
  { name: 'lui', format: 'U', match: 0x37, mask: 0x7f, run: o => o.imm },
  { name: 'auipc', format: 'U', match: 0x17, mask: 0x7f, run: o => o.add(o.pc, o.imm) },
  {
    name: 'jal',
    format: 'J',
    match: 0x6f,
    mask: 0x7f,
    run: o => {
      o.jump();
      return o.nextPc;
    },
  },
  {
    name: 'jalr',
    format: 'Load',
    match: 0x67,
    mask: 0x707f,
    run: o => {
      o.jumpRegister(o.add(o.rs1, o.imm));
      return o.nextPc;
    },
  },
  branch('beq', 0, 'eq'),
  branch('bne', 1, 'ne'),
  branch('blt', 4, 'lt'),
  branch('bge', 5, 'ge'),
  branch('bltu', 6, 'ltu'),
  branch('bgeu', 7, 'geu'),
  load('lb', 0, 1, true),
  load('lh', 1, 2, true),
  load('lw', 2, 4, true),
  load('ld', 3, 8, true),
  load('lbu', 4, 1, false),
  load('lhu', 5, 2, false),
  load('lwu', 6, 4, false),
  store('sb', 0, 1),
  store('sh', 1, 2),
  store('sw', 2, 4),
  store('sd', 3, 8),
  { name: 'addi', format: 'I', match: 0x0013, mask: 0x707f, run: o => o.add(o.rs1, o.imm) },
  { name: 'slti', format: 'I', match: 0x2013, mask: 0x707f, run: o => o.compare('lt', o.rs1, o.imm) },
  { name: 'sltiu', format: 'I', match: 0x3013, mask: 0x707f, run: o => o.compare('ltu', o.rs1, o.imm) },
  { name: 'xori', format: 'I', match: 0x4013, mask: 0x707f, run: o => o.xor(o.rs1, o.imm) },
  { name: 'ori', format: 'I', match: 0x6013, mask: 0x707f, run: o => o.or(o.rs1, o.imm) },
  { name: 'andi', format: 'I', match: 0x7013, mask: 0x707f, run: o => o.and(o.rs1, o.imm) },
  { name: 'slli', format: 'Shift6', match: 0x1013, mask: 0xfc00707f, run: o => o.shl(o.rs1, o.imm) },
  { name: 'srli', format: 'Shift6', match: 0x5013, mask: 0xfc00707f, run: o => o.shr(o.rs1, o.imm) },
  { name: 'srai', format: 'Shift6', match: 0x40005013, mask: 0xfc00707f, run: o => o.sar(o.rs1, o.imm) },
  { name: 'add', format: 'R', match: 0x0033, mask: 0xfe00707f, run: o => o.add(o.rs1, o.rs2) },
  { name: 'sub', format: 'R', match: 0x40000033, mask: 0xfe00707f, run: o => o.sub(o.rs1, o.rs2) },
  { name: 'sll', format: 'R', match: 0x1033, mask: 0xfe00707f, run: o => o.shl(o.rs1, o.rs2) },
  { name: 'slt', format: 'R', match: 0x2033, mask: 0xfe00707f, run: o => o.compare('lt', o.rs1, o.rs2) },
  { name: 'sltu', format: 'R', match: 0x3033, mask: 0xfe00707f, run: o => o.compare('ltu', o.rs1, o.rs2) },
  { name: 'xor', format: 'R', match: 0x4033, mask: 0xfe00707f, run: o => o.xor(o.rs1, o.rs2) },
  { name: 'srl', format: 'R', match: 0x5033, mask: 0xfe00707f, run: o => o.shr(o.rs1, o.rs2) },
  { name: 'sra', format: 'R', match: 0x40005033, mask: 0xfe00707f, run: o => o.sar(o.rs1, o.rs2) },
  { name: 'or', format: 'R', match: 0x6033, mask: 0xfe00707f, run: o => o.or(o.rs1, o.rs2) },
  { name: 'and', format: 'R', match: 0x7033, mask: 0xfe00707f, run: o => o.and(o.rs1, o.rs2) },
  { name: 'addiw', format: 'I', match: 0x001b, mask: 0x707f, run: o => o.sext32(o.add(o.rs1, o.imm)) },
  { name: 'slliw', format: 'Shift5', match: 0x101b, mask: 0xfe00707f, run: o => o.sext32(o.shl(o.rs1, o.imm)) },
  {
    name: 'srliw',
    format: 'Shift5',
    match: 0x501b,
    mask: 0xfe00707f,
    run: o => o.sext32(o.shr(o.zext32(o.rs1), o.imm)),
  },
  { name: 'sraiw', format: 'Shift5', match: 0x4000501b, mask: 0xfe00707f, run: o => o.sar(o.sext32(o.rs1), o.imm) },
  { name: 'addw', format: 'R', match: 0x003b, mask: 0xfe00707f, run: o => o.sext32(o.add(o.rs1, o.rs2)) },
  { name: 'subw', format: 'R', match: 0x4000003b, mask: 0xfe00707f, run: o => o.sext32(o.sub(o.rs1, o.rs2)) },
  { name: 'sllw', format: 'R', match: 0x103b, mask: 0xfe00707f, run: o => o.sext32(o.shl(o.rs1, by32(o))) },
  {
    name: 'srlw',
    format: 'R',
    match: 0x503b,
    mask: 0xfe00707f,
    run: o => o.sext32(o.shr(o.zext32(o.rs1), by32(o))),
  },
  { name: 'sraw', format: 'R', match: 0x4000503b, mask: 0xfe00707f, run: o => o.sar(o.sext32(o.rs1), by32(o)) },
  // Every fence kind, including pause and fence.tso: one hart executing in order needs none of them.
  { name: 'fence', format: 'Fence', match: 0x000f, mask: 0x707f, run: o => o.fence() },
];
