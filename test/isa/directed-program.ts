/**
 * Directed programs: every instruction row on the edge values of its operands, made from the row's format alone. Each
 * case leaves two doublewords; `labels` says whose they are.
 */
import { viewOf } from '../../emulator/base/bytes.ts';
import { INSTRUCTIONS } from '../../emulator/isa/all.ts';
import { decode, type Decoded } from '../../emulator/isa/decode.ts';
import { encode, rowNamed, type Operands } from '../../emulator/isa/encode.ts';
import { formatOf, immediateRange, type Format, type RegisterField } from '../../emulator/isa/formats.ts';
import type { Insn } from '../../emulator/isa/insn.ts';
import { Assembly, CODE_BASE, DATA_BASE } from './random-program.ts';

const INTEGERS: readonly bigint[] = [
  ...[0n, 1n, -1n, 2n, 31n, 32n, 63n, 64n, 0x7fn, 0x80n, 0x7fffn, 0x8000n],
  ...[0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 32n, -(1n << 31n)],
  ...[(1n << 63n) - 1n, -(1n << 63n), 0x0123_4567_89ab_cdefn, 0x5555_5555_5555_5555n, 0xaaaa_aaaa_aaaa_aaaan],
];
/** Constants come first in the data area; the middle of the next two pages is for accesses; results follow. */
const ARENA = DATA_BASE + 4096;
const EDGE = ARENA + 4096;
const RESULTS = ARENA + 8192;
const RESULT_BYTES = 16;
const BASE = 30;
const OUT = 31;
const RD = 10;
const RS1 = 11;
const RS2 = 12;
const SCRATCH = 13;

export interface DirectedProgram {
  readonly code: Uint8Array;
  readonly data: Uint8Array;
  /** Of each result, in order. */
  readonly labels: readonly string[];
}

const operandsOf = (insn: Insn): string => insn.operands ?? formatOf(insn.format).operands;
const isFloat = (insn: Insn, register: string): boolean => new RegExp(`\\bf${register}\\b`).test(operandsOf(insn));
const isMemory = (insn: Insn): boolean => operandsOf(insn).includes('(rs1)');
const isShift = (insn: Insn): boolean => /Shift|shamt/.test(insn.format);
const isBranch = ({ format }: Insn): boolean => ['B', 'CB', 'J', 'CJ'].includes(format);

class DirectedWriter {
  readonly out = new Assembly();
  readonly labels: string[] = [];

  get pc(): number {
    return CODE_BASE + this.out.bytes.length;
  }
  constant(rd: number, index: number): void {
    this.out.insn('ld', { rd, rs1: BASE, imm: 8 * index });
  }
  /** Ends a case with one or two registers. */
  result(label: string, first: number, second = 0): void {
    this.out.insn('sd', { rs1: OUT, rs2: first });
    this.out.insn('sd', { rs1: OUT, rs2: second, imm: 8 });
    this.out.insn('addi', { rd: OUT, rs1: OUT, imm: RESULT_BYTES });
    this.labels.push(label);
  }

  /** The rows that compute one register from others. */
  computing(insn: Insn): void {
    const format = formatOf(insn.format);
    const firsts = format.rs1 && !isZero(format.rs1) ? INTEGERS.keys() : [0];
    for (const first of firsts) {
      const seconds = format.rs2 ? INTEGERS.keys() : [0];
      for (const second of seconds) {
        for (const imm of immediates(insn)) this.compute(insn, placed(format), first, second, imm);
      }
    }
    if (!format.rs2 || format.rd?.kind !== 'full' || format.length === 2) return;
    for (const operands of [
      { rd: RS1, rs1: RS1, rs2: RS2 },
      { rd: RS2, rs1: RS1, rs2: RS2 },
      { rd: RS1, rs1: RS1, rs2: RS1 },
      { rd: 0, rs1: RS1, rs2: RS2 },
      { rd: RD, rs1: 0, rs2: RS2 },
      { rd: RD, rs1: RS1, rs2: 0 },
    ]) {
      this.compute(insn, operands, 12, 19, 0);
      this.compute(insn, operands, 20, 3, 0);
    }
  }

  private compute(insn: Insn, operands: Operands, first: number, second: number, imm: number): void {
    const word = encode(insn, { ...operands, imm });
    const decoded = decode(word);
    if (decoded?.insn !== insn) return;
    const { rd, rs1, rs2 } = decoded;
    if (rs2 !== 0) this.constant(rs2, second);
    if (rs1 !== 0) this.constant(rs1, first);
    this.out.word(word);
    this.result(describe(decoded, INTEGERS[first]!, INTEGERS[second]!), rd);
  }

  /** Loads, and stores with what is then there: at every alignment, and over the end of a page. */
  accessing(insn: Insn): void {
    const format = formatOf(insn.format);
    const offsets = [0, 1, 2, 3, 4, 5, 6, 7, -1, -2, -3, -4, -5, -6, -7, -8];
    for (const offset of offsets) {
      for (const imm of immediates(insn)) {
        const values = format.rd ? [0] : [2, 13, 19];
        for (const value of values) this.access(insn, EDGE + offset, imm, value);
      }
    }
  }

  private access(insn: Insn, address: number, imm: number, value: number): void {
    const { out } = this;
    const word = encode(insn, { ...placed(formatOf(insn.format)), imm });
    const decoded = decode(word);
    if (decoded?.insn !== insn) return;
    const { rd, rs1, rs2 } = decoded;
    out.la(rs1, address - imm);
    const text = `${insn.name} at ${address.toString(16)}, imm ${imm}`;
    if (formatOf(insn.format).rd) {
      out.word(word);
      if (isFloat(insn, 'rd')) out.insn('fmv.x.d', { rd: RD, rs1: rd });
      this.result(text, isFloat(insn, 'rd') ? RD : rd);
      return;
    }
    if (isFloat(insn, 'rs2')) {
      this.constant(SCRATCH, value);
      out.insn('fmv.d.x', { rd: rs2, rs1: SCRATCH });
    } else if (rs2 !== 0) this.constant(rs2, value);
    out.word(word);
    out.la(SCRATCH, address & ~7);
    out.insn('ld', { rd: RD, rs1: SCRATCH });
    out.insn('ld', { rd: SCRATCH, rs1: SCRATCH, imm: 8 });
    this.result(`${text}, of ${INTEGERS[value]!.toString(16)}`, RD, SCRATCH);
  }

  atomic(insn: Insn): void {
    const { out } = this;
    for (const old of INTEGERS.keys()) {
      for (const operand of INTEGERS.keys()) {
        out.la(RS1, ARENA + 64 + 4 * (operand % 2) * (insn.name.endsWith('.w') ? 1 : 0));
        out.la(SCRATCH, ARENA + 64);
        this.constant(RD, old);
        out.insn('sd', { rs1: SCRATCH, rs2: RD });
        this.constant(RS2, operand);
        out.insn(insn.name, { rd: RD, rs1: RS1, rs2: RS2 });
        out.insn('ld', { rd: SCRATCH, rs1: SCRATCH });
        this.result(`${insn.name} of ${text(old)} and ${text(operand)}`, RD, SCRATCH);
      }
    }
  }

  /** Load-reserved and the store-conditional behind it, and one without. */
  reserving(width: 'w' | 'd'): void {
    const { out } = this;
    for (const value of INTEGERS.keys()) {
      out.la(RS1, ARENA + 128);
      this.constant(RS2, value);
      out.insn(`lr.${width}`, { rd: SCRATCH, rs1: RS1 });
      out.insn(`sc.${width}`, { rd: RD, rs1: RS1, rs2: RS2 });
      this.result(`lr.${width} and sc.${width} of ${text(value)}`, SCRATCH, RD);
      out.insn(`sc.${width}`, { rd: RD, rs1: RS1, rs2: RS2 });
      out.insn('ld', { rd: SCRATCH, rs1: RS1 });
      this.result(`sc.${width} alone of ${text(value)}`, SCRATCH, RD);
    }
  }

  /** On every pair, forwards and backwards; the result says which way it went, and the link. */
  branching(insn: Insn): void {
    const format = formatOf(insn.format);
    const isConditional = format.rs1 !== undefined;
    for (const isBack of [false, true]) {
      for (const first of isConditional ? INTEGERS.keys() : [0]) {
        for (const second of format.rs2 && !isZero(format.rs2) ? INTEGERS.keys() : [0]) {
          this.branch(insn, isBack, first, second);
        }
      }
    }
  }

  private branch(insn: Insn, isBack: boolean, first: number, second: number): void {
    const { out } = this;
    const operands = { ...placed(formatOf(insn.format)), rd: SCRATCH };
    const { rs1, rs2 } = decode(encode(insn, { ...operands, imm: 8 }))!;
    if (rs2 !== 0) this.constant(rs2, second);
    if (rs1 !== 0) this.constant(rs1, first);
    out.insn('addi', { rd: SCRATCH, rs1: 0, imm: 0 });
    const { length } = formatOf(insn.format);
    if (isBack) {
      // jump to the branch; here: 3, out; branch back here; 4
      out.insn('jal', { rd: 0, imm: 12 });
      out.insn('addi', { rd: RD, rs1: 0, imm: 3 });
      out.insn('jal', { rd: 0, imm: 8 + length });
      out.word(encode(insn, { ...operands, imm: -8 }));
      out.insn('addi', { rd: RD, rs1: 0, imm: 4 });
    } else {
      out.insn('addi', { rd: RD, rs1: 0, imm: 1 });
      out.word(encode(insn, { ...operands, imm: length + 4 }));
      out.insn('addi', { rd: RD, rs1: 0, imm: 2 });
    }
    this.result(`${insn.name} ${isBack ? 'back' : 'on'} with ${text(first)} and ${text(second)}`, RD, SCRATCH);
  }

  /** jalr, c.jr and c.jalr, over one instruction; bit 0 of the target does not count. */
  indirect(insn: Insn): void {
    const { out } = this;
    const format = formatOf(insn.format);
    for (const imm of format.imm ? [-2048, -1, 0, 1, 2047] : [0]) {
      for (const odd of [0, 1]) {
        out.insn('addi', { rd: RD, rs1: 0, imm: 1 });
        // la is four instructions; the target is behind the addi that follows the jump.
        const target = this.pc + 16 + format.length + 4;
        out.la(RS1, target + odd - imm);
        out.word(encode(insn, { rd: SCRATCH, rs1: RS1, imm }));
        out.insn('addi', { rd: RD, rs1: 0, imm: 2 });
        const link = format.rd?.kind === 'fixed' ? format.rd.index : SCRATCH;
        this.result(`${insn.name}, imm ${imm}, odd ${odd}`, RD, link);
      }
    }
  }

  /** On fflags, frm and fcsr, with every source. */
  csr(insn: Insn): void {
    const { out } = this;
    const isImmediate = insn.format === 'CsrImm';
    for (const csr of [1, 2, 3]) {
      for (let value = 0; value < 32; value++) {
        for (const rd of [RD, 0]) {
          out.insn('csrrwi', { rd: 0, uimm: 21, imm: 3 });
          out.insn('addi', { rd: RD, rs1: 0, imm: 0 });
          out.insn('addi', { rd: RS1, rs1: 0, imm: value * 33 });
          out.word(encode(insn, { rd, imm: csr, ...(isImmediate ? { uimm: value } : { rs1: value === 0 ? 0 : RS1 }) }));
          out.insn('csrrs', { rd: SCRATCH, rs1: 0, imm: 3 });
          this.result(`${insn.name} ${csr} with ${value}, rd ${rd}`, RD, SCRATCH);
        }
      }
    }
    out.insn('csrrwi', { rd: 0, uimm: 0, imm: 3 });
  }

  nothing(insn: Insn): void {
    this.out.insn('addi', { rd: RD, rs1: 0, imm: 5 });
    this.out.word(encode(insn, { imm: 0xff }));
    this.result(insn.name, RD);
  }
}

const text = (index: number): string => BigInt.asUintN(64, INTEGERS[index]!).toString(16);
const isZero = (field: RegisterField): boolean => field.kind === 'fixed' && field.index === 0;

/** A destination that is also the source has one field. */
function placed({ rd, rs1 }: Format): Operands {
  const isOne = rd && rs1 && 'at' in rd && 'at' in rs1 && rd.at === rs1.at;
  return { rd: RD, rs1: isOne ? RD : RS1, rs2: RS2 };
}

/** Every shift amount; else the ends, zero and its neighbours, and one in between. */
function immediates(insn: Insn): readonly number[] {
  const { imm } = formatOf(insn.format);
  if (!imm) return [0];
  const { min, max, step } = immediateRange(imm);
  if (isShift(insn)) return Array.from({ length: (max - min) / step + 1 }, (_, i) => min + step * i);
  const some = [min, min + step, -step, 0, step, 2 * step, max - step, max, step * Math.floor(max / step / 3)];
  return [...new Set(some.filter(value => value >= min && value <= max))];
}

function describe({ insn, rd, rs1, rs2, imm }: Decoded, first: bigint, second: bigint): string {
  const hex = (value: bigint): string => BigInt.asUintN(64, value).toString(16);
  return `${insn.name} x${rd}, x${rs1} = ${hex(first)}, x${rs2} = ${hex(second)}, imm ${imm}`;
}

type Family = readonly [name: string, holds: (insn: Insn) => boolean, write: (w: DirectedWriter, insn: Insn) => void];
/** What is done with a row: the first that holds. */
const FAMILIES: readonly Family[] = [
  ['atomic', insn => insn.name.startsWith('amo'), (w, insn) => w.atomic(insn)],
  ['reserving', insn => insn.name.startsWith('lr.'), (w, insn) => w.reserving(insn.name === 'lr.w' ? 'w' : 'd')],
  ['indirect', insn => (insn.expandsTo ?? insn.name) === 'jalr', (w, insn) => w.indirect(insn)],
  ['accessing', insn => isMemory(insn) && !insn.name.startsWith('sc.'), (w, insn) => w.accessing(insn)],
  ['branching', isBranch, (w, insn) => w.branching(insn)],
  ['csr', insn => ['Csr', 'CsrImm'].includes(insn.format), (w, insn) => w.csr(insn)],
  ['nothing', insn => ['fence', 'fence.i'].includes(insn.name), (w, insn) => w.nothing(insn)],
  [
    'computing',
    insn => formatOf(insn.format).rd !== undefined && !/\bfr/.test(operandsOf(insn)) && !isMemory(insn),
    (w, insn) => w.computing(insn),
  ],
];
const familyOf = (insn: Insn): string | undefined => FAMILIES.find(([, holds]) => holds(insn))?.[0];

/** Rows that a family's program runs; sc is with lr, and float arithmetic has tables of its own (float-program.ts). */
export const FAMILY_NAMES: readonly string[] = FAMILIES.map(([name]) => name);
export function rowsOfFamily(name: string): readonly Insn[] {
  const rows = INSTRUCTIONS.filter(insn => familyOf(insn) === name);
  return name === 'reserving' ? [...rows, rowNamed('sc.w'), rowNamed('sc.d')] : rows;
}

/** One program for some rows of a family. */
export function directedProgram(name: string, rows: readonly Insn[]): DirectedProgram {
  const writer = new DirectedWriter();
  const write = FAMILIES.find(([family]) => family === name)![2];
  writer.out.la(BASE, DATA_BASE);
  writer.out.la(OUT, RESULTS);
  for (const insn of rows) if (!insn.name.startsWith('sc.')) write(writer, insn);
  const data = new Uint8Array(RESULTS - DATA_BASE + RESULT_BYTES * writer.labels.length);
  const view = viewOf(data);
  INTEGERS.forEach((value, i) => view.setBigUint64(8 * i, BigInt.asUintN(64, value), true));
  for (let i = 0; i < 8192; i++) data[ARENA - DATA_BASE + i] = (i * 37 + 0x80) & 0xff;
  writer.out.finish(DATA_BASE, data.length);
  return { code: Uint8Array.from(writer.out.bytes), data, labels: writer.labels };
}

/** The results that differ, by label. */
export function wrongResults({ labels }: DirectedProgram, ours: Uint8Array, theirs: Uint8Array): string[] {
  const [a, b] = [viewOf(ours), viewOf(theirs)];
  return labels.flatMap((label, i) => {
    const words = [0, 8].map(half => RESULTS - DATA_BASE + i * RESULT_BYTES + half);
    const [x, y] = [a, b].map(view => words.map(at => view.getBigUint64(at, true).toString(16)).join(' '));
    return x === y ? [] : [`${label}: ${x}, should be ${y}`];
  });
}
