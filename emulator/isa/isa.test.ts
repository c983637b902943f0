/** The rows as a whole: encoder and decoder are inverse, no two rows mean the same word, the text is objdump's. */
import { describe, expect, test } from 'vitest';
import { INSTRUCTIONS } from './all.ts';
import { decode } from './decode.ts';
import { disassemble } from './disasm.ts';
import { encode, rowNamed } from './encode.ts';
import { formatOf, immediateRange, type RegisterField } from './formats.ts';

const registers = (field: RegisterField | undefined): number[] => {
  if (field === undefined) return [0];
  if (field.kind === 'fixed') return [field.index];
  return field.kind === 'full' ? [1, 31] : [8, 15];
};

test('names are unique, and match bits lie inside the mask', () => {
  expect(new Set(INSTRUCTIONS.map(insn => insn.name)).size).toBe(INSTRUCTIONS.length);
  for (const insn of INSTRUCTIONS) expect((insn.match & ~insn.mask) >>> 0, insn.name).toBe(0);
});

test.each(INSTRUCTIONS.map(insn => [insn.name, insn] as const))('%s decodes to what was encoded', (_, insn) => {
  const format = formatOf(insn.format);
  const range = format.imm && immediateRange(format.imm);
  const immediates = range ? [range.min, range.max, range.step, -range.step].filter(i => i >= range.min) : [0];
  let compared = 0;
  for (const imm of immediates) {
    for (const rd of registers(format.rd)) {
      for (const rs2 of registers(format.rs2)) {
        // rd is also the source where both fields are the same bits.
        const rs1 =
          format.rs1?.kind === 'fixed'
            ? format.rs1.index
            : format.length === 2 && format.rd?.kind !== 'fixed' && format.rd
              ? rd
              : 9;
        const rm = format.rm ? 1 : 0;
        const decoded = decode(encode(insn, { rd, rs1, rs2, rs3: 30, imm, uimm: 21, rm }));
        if (decoded?.insn !== insn) continue; // requirements made it another row, or illegal
        compared++;
        const given = {
          rd: format.rd ? rd : 0,
          rs1: format.rs1 ? rs1 : 0,
          rs2: format.rs2 ? rs2 : 0,
          imm: format.imm ? imm : 0,
        };
        expect(decoded).toMatchObject({ ...given, rm, rs3: format.rs3 ? 30 : 0, uimm: format.uimm ? 21 : 0 });
      }
    }
  }
  expect(compared).toBeGreaterThan(0);
});

test('words that are reserved are illegal', () => {
  const illegal = [
    0x0000, // all zeros
    0x2001, // c.addiw to x0
    0x6101, // c.addi16sp by 0
    0x6081, // c.lui by 0
    0x4002, // c.lwsp to x0
    0x8002, // c.jr x0
    0x9c41, // reserved in C.ALU
    0x0200_505b, // custom
    0x0005_5053, // fadd.s with rounding mode 5
    0x7020_0073, // mret with a bit too many
    0xffff_ffff,
  ];
  for (const word of illegal) expect(decode(word)?.insn.name, word.toString(16)).toBe(undefined);
});

describe('disassembly', () => {
  test.each([
    [0x00a5_0533, 'add\ta0,a0,a0'],
    [0xff01_0113, 'addi\tsp,sp,-16'],
    [0x1141, 'addi\tsp,sp,-16'],
    [0x4501, 'li\ta0,0'],
    [0x852e, 'mv\ta0,a1'],
    [0x8082, 'ret'],
    [0x0000_0013, 'nop'],
    [0x0001, 'nop'],
    [0xe406, 'sd\tra,8(sp)'],
    [0x0005_3503, 'ld\ta0,0(a0)'],
    [0x1234_5537, 'lui\ta0,0x12345'],
    [0x77fd, 'lui\ta5,0xfffff'],
    [0xfe05_1ee3, 'bnez\ta0,0x80000ffc'],
    [0x0000_00ef, 'jal\t0x80001000'],
    [0xa001, 'j\t0x80001000'],
    [0x0207_7713, 'andi\ta4,a4,32'],
    [0x00c5_1513, 'slli\ta0,a0,0xc'],
    [0x02b5_5533, 'divu\ta0,a0,a1'],
    [0x1005_252f, 'lr.w\ta0,(a0)'],
    [0x0cb5_352f, 'amoswap.d.aq\ta0,a1,(a0)'],
    [0x0ff0_000f, 'fence'],
    [0x0000_100f, 'fence.i'],
    [0x1205_0073, 'sfence.vma\ta0'],
    [0x3000_2573, 'csrr\ta0,mstatus'],
    [0x1805_1073, 'csrw\tsatp,a0'],
    [0xc010_2573, 'rdtime\ta0'],
    [0x1001_7073, 'csrci\tsstatus,2'],
    [0x02a5_7553, 'fadd.d\tfa0,fa0,fa0'],
    [0x02a5_0553, 'fadd.d\tfa0,fa0,fa0,rne'],
    [0xc205_1553, 'fcvt.w.d\ta0,fa0,rtz'],
    [0x22a5_0553, 'fmv.d\tfa0,fa0'],
    [0x6aa5_7543, 'fmadd.d\tfa0,fa0,fa0,fa3'],
    [0x20c5_a533, 'sh1add\ta0,a1,a2'],
    [0x6b85_d513, 'rev8\ta0,a1'],
    [0x2508, 'fld\tfa0,8(a0)'],
    [0x0000, '.short\t0x0000'],
    [0xffff_ffff, '.word\t0xffffffff'],
  ])('%s', (word, text) => {
    expect(disassemble(word, 0x8000_1000n)).toBe(text);
  });
});

test('a compressed row and what it stands for encode the same semantics', () => {
  expect(rowNamed('c.lw').run).toBe(rowNamed('lw').run);
});
