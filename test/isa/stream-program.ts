/**
 * Random streams: long programs of integer, float, compressed, atomic and memory instructions, branches and loops. A
 * program is a row of blocks; each runs a few times and then stores all registers and fcsr, so that a difference is
 * pinned to a block and a round. x2, x15 and x31 point near a page boundary in the data area and are never written
 * inside a block; everything else is anybody's. The same bytes run under qemu-riscv64, on our CPU and on the oracle.
 */
import { must } from '../../emulator/base/assert.ts';
import { viewOf } from '../../emulator/base/bytes.ts';
import { INSTRUCTIONS } from '../../emulator/isa/all.ts';
import { decode } from '../../emulator/isa/decode.ts';
import { encode, rowNamed, type Operands } from '../../emulator/isa/encode.ts';
import { formatOf, immediateRange, type RegisterField } from '../../emulator/isa/formats.ts';
import type { Insn } from '../../emulator/isa/insn.ts';
import { Assembly, CODE_BASE, DATA_BASE, randomFrom } from './random-program.ts';

/** Where loads and stores go. */
const SCRATCH_BYTES = 8192;
const MIDDLE = DATA_BASE + SCRATCH_BYTES / 2;
/** Where the next dump goes, and how many rounds of the block are left. */
const CONTROL = DATA_BASE + SCRATCH_BYTES;
const DUMPS = CONTROL + 4096;
/** x0…x31, f0…f31, fcsr. */
const DUMP_WORDS = 65;
const DUMP_BYTES = 8 * DUMP_WORDS;

const SP = 2;
const POPULAR = 15;
const WIDE = 31;
const POINTERS = [SP, POPULAR, WIDE];
const FFLAGS = 1;
const FRM = 2;
const FCSR = 3;

export interface StreamOptions {
  readonly seed: number;
  readonly blocks: number;
  /** Instructions that are drawn for a block; some bring companions. */
  readonly blockLength: number;
  readonly rounds: number;
}
export interface StreamProgram {
  readonly code: Uint8Array;
  readonly data: Uint8Array;
  /** Address of each block. */
  readonly blocks: readonly number[];
}

/** qemu-user 7.2's ctzw of a zero word looks on into the upper half. */
const JUDGE_IS_WRONG = ['ctzw'];
const isPlain = ({ format, name, expandsTo }: Insn): boolean =>
  !['None', 'CNone', 'SFence', 'Csr', 'CsrImm', 'B', 'J', 'CB', 'CJ', 'CRjr', 'CRjalr'].includes(format) &&
  !['jalr', ...JUDGE_IS_WRONG].includes(expandsTo ?? name);
const isMemory = (insn: Insn): boolean => formatOf(insn.format).operands.includes('(rs1)');
const isAtomic = ({ format }: Insn): boolean => format === 'Amo' || format === 'LoadReserved';
const operandsOf = (insn: Insn): string => insn.operands ?? formatOf(insn.format).operands;
const isFloat = (insn: Insn): boolean => /\bfr/.test(operandsOf(insn));

const PLAIN = INSTRUCTIONS.filter(isPlain);
const MEMORY = PLAIN.filter(insn => isMemory(insn) && !isAtomic(insn));
const AMOS = PLAIN.filter(insn => insn.name.startsWith('amo'));
const FLOAT = PLAIN.filter(insn => isFloat(insn) && !isMemory(insn));
const INTEGER = PLAIN.filter(insn => !isFloat(insn) && !isMemory(insn) && !isAtomic(insn));
const BRANCHES = INSTRUCTIONS.filter(({ format }) => ['B', 'J', 'CB', 'CJ'].includes(format));

/** Rows that streams draw from; the rest is system, or left to directed tests. */
export const STREAM_ROWS: readonly Insn[] = [...MEMORY, ...AMOS, ...FLOAT, ...INTEGER, ...BRANCHES];

class StreamWriter {
  readonly out = new Assembly();
  /** Of the block being written. */
  private wide = MIDDLE;
  /** Registers that may not be written just now. */
  private readonly kept = new Set(POINTERS);

  constructor(private readonly random: (below: number) => number) {}

  get pc(): number {
    return CODE_BASE + this.out.bytes.length;
  }

  /** One block; it runs until the count in CONTROL is used up. */
  block(length: number, rounds: number): void {
    const { out, random } = this;
    out.la(WIDE, CONTROL);
    out.insn('addi', { rd: 1, rs1: 0, imm: rounds });
    out.insn('sd', { rs1: WIDE, rs2: 1, imm: 8 });
    const start = out.bytes.length;
    this.wide = MIDDLE + random(33) - 16;
    out.la(SP, MIDDLE - random(512));
    out.la(POPULAR, MIDDLE - random(128));
    out.la(WIDE, this.wide);
    for (let i = 0; i < length; i++) this.unit(true);
    this.dump();
    // The pointers are free here: CONTROL through x30, the dump's end or the count in x31.
    out.la(30, CONTROL);
    out.insn('sd', { rs1: 30, rs2: WIDE, imm: 0 });
    out.insn('ld', { rd: WIDE, rs1: 30, imm: 8 });
    out.insn('addi', { rd: WIDE, rs1: WIDE, imm: -1 });
    out.insn('sd', { rs1: 30, rs2: WIDE, imm: 8 });
    out.insn('beq', { rs1: WIDE, rs2: 0, imm: 8 });
    out.insn('jal', { rd: 0, imm: start - out.bytes.length });
  }

  private dump(): void {
    const { out } = this;
    out.la(WIDE, CONTROL);
    out.insn('ld', { rd: WIDE, rs1: WIDE, imm: 0 });
    for (let x = 1; x < WIDE; x++) out.insn('sd', { rs1: WIDE, rs2: x, imm: 8 * x });
    for (let f = 0; f < 32; f++) out.insn('fsd', { rs1: WIDE, rs2: f, imm: 256 + 8 * f });
    out.insn('csrrs', { rd: 30, rs1: 0, imm: FCSR });
    out.insn('sd', { rs1: WIDE, rs2: 30, imm: 512 });
    out.insn('addi', { rd: WIDE, rs1: WIDE, imm: DUMP_BYTES });
  }

  /** One drawn instruction with what it needs around it. */
  private unit(mayNest: boolean): void {
    const dice = this.random(100);
    if (dice < 38) this.plain(INTEGER);
    else if (dice < 58) this.plain(MEMORY);
    else if (dice < 80) this.plain(FLOAT);
    else if (dice < 84) this.amo();
    else if (dice < 87) this.anywhere();
    else if (dice < 88) this.reservation();
    else if (dice < 90) this.floatState();
    else if (dice < 92) this.edge();
    else if (!mayNest) this.plain(INTEGER);
    else if (dice < 97) this.branch();
    else if (dice < 98) this.indirect();
    else this.loop();
  }

  private plain(rows: readonly Insn[]): void {
    for (;;) {
      const word = this.draw(must(rows[this.random(rows.length)], 'row'));
      if (word === undefined) continue;
      this.out.word(word);
      return;
    }
  }

  /** Random operands that keep the rules; `undefined` when the dice made an unusable instruction. */
  private draw(insn: Insn, fixed: Operands = {}): number | undefined {
    const { random } = this;
    const format = formatOf(insn.format);
    const pick = (field: RegisterField | undefined): number =>
      field?.kind === 'full' ? random(32) : field?.kind === 'popular' ? 8 + random(8) : 0;
    let rs1 = pick(format.rs1);
    if (isMemory(insn)) rs1 = format.rs1?.kind === 'popular' ? POPULAR : WIDE;
    const operands: Operands = {
      rd: pick(format.rd),
      rs1,
      rs2: pick(format.rs2),
      rs3: random(32),
      imm: format.imm ? this.immediate(insn) : 0,
      rm: [0, 1, 2, 3, 4, 7, 7, 7][random(8)]!,
      ...fixed,
    };
    const word = encode(insn, operands);
    const decoded = decode(word);
    if (decoded?.insn !== insn) return undefined;
    const writesInteger = format.rd !== undefined && !/\bfrd\b/.test(operandsOf(insn));
    return writesInteger && this.kept.has(decoded.rd) ? undefined : word;
  }

  /** Near the page boundary as often as not, for accesses. */
  private immediate(insn: Insn): number {
    const { min, max, step } = immediateRange(must(formatOf(insn.format).imm, 'immediate'));
    const isNear = isMemory(insn) && min < 0 && this.random(2) === 0;
    return isNear ? this.random(32) - 16 : min + step * this.random((max - min) / step + 1);
  }

  /** A register that a companion instruction may use. */
  private temporary(): number {
    for (;;) {
      const x = 1 + this.random(30);
      if (!this.kept.has(x)) return x;
    }
  }

  private aligned(width: number): { rs1: number; imm: number } {
    const address = MIDDLE + width * (this.random(4000 / width) - 2000 / width);
    return { rs1: WIDE, imm: address - this.wide };
  }

  private amo(): void {
    const insn = must(AMOS[this.random(AMOS.length)], 'row');
    const t = this.temporary();
    this.out.insn('addi', { rd: t, ...this.aligned(insn.name.endsWith('.w') ? 4 : 8) });
    this.must(insn, { rs1: t });
  }

  /** An address computed from data, in the scratch area's middle: CONTROL behind its end must not be hit. */
  private anywhere(): void {
    const t = this.temporary();
    this.out.insn('andi', { rd: t, rs1: this.random(32), imm: 0x3ff });
    this.out.insn('add', { rd: t, rs1: t, rs2: WIDE });
    const rows = MEMORY.filter(insn => formatOf(insn.format).length === 4);
    this.must(must(rows[this.random(rows.length)], 'row'), { rs1: t });
  }

  private reservation(): void {
    const width = this.random(2) === 0 ? 'w' : 'd';
    const t = this.temporary();
    const isSame = this.random(4) !== 0;
    this.out.insn('addi', { rd: t, ...this.aligned(8) });
    const wasKept = this.kept.has(t);
    this.kept.add(t);
    this.must(rowNamed(`lr.${width}`), { rs1: t });
    for (let i = this.random(3); i > 0; i--) this.plain(INTEGER);
    if (!isSame) this.out.insn('addi', { rd: t, rs1: t, imm: 8 });
    this.must(rowNamed(`sc.${width}`), { rs1: t });
    // A second one has nothing left to succeed with.
    if (this.random(4) === 0) this.must(rowNamed(`sc.${width}`), { rs1: t });
    if (!wasKept) this.kept.delete(t);
  }

  private floatState(): void {
    const { out, random } = this;
    const rd = this.temporary();
    const kind = random(6);
    const op = ['csrrw', 'csrrs', 'csrrc'][random(3)]!;
    if (kind === 0) out.insn('csrrwi', { rd, uimm: random(5), imm: FRM });
    else if (kind === 1) out.insn(op, { rd, rs1: random(32), imm: FFLAGS });
    else if (kind === 2) out.insn(`${op}i`, { rd, uimm: random(32), imm: FFLAGS });
    else if (kind === 3) out.insn('csrrs', { rd, rs1: 0, imm: [FFLAGS, FRM, FCSR][random(3)]! });
    else {
      // Mode 0 or 4 whatever the data says.
      out.insn('andi', { rd, rs1: random(32), imm: 0x9f });
      out.insn('csrrw', { rd: this.temporary(), rs1: rd, imm: FCSR });
    }
  }

  /** A power of two, one less, or a small number, negative or not. */
  private edge(): void {
    const rd = this.temporary();
    this.out.insn('addi', { rd, rs1: 0, imm: [1, -1, 1, this.random(4096) - 2048][this.random(4)]! });
    this.out.insn('slli', { rd, rs1: rd, imm: this.random(64) });
    if (this.random(2) === 0) this.out.insn('addi', { rd, rs1: rd, imm: -1 });
  }

  /** Over a few instructions, when the condition says so. */
  private branch(): void {
    const insn = must(BRANCHES[this.random(BRANCHES.length)], 'row');
    const { out } = this;
    const at = out.bytes.length;
    const { length } = formatOf(insn.format);
    for (let i = 0; i < length; i++) out.bytes.push(0);
    for (let i = 1 + this.random(3); i > 0; i--) this.unit(false);
    const imm = out.bytes.length - at;
    this.patch(at, () => this.draw(insn, { imm }));
  }

  private indirect(): void {
    const { out } = this;
    const t = this.temporary();
    out.insn('auipc', { rd: t, imm: 0 });
    const from = out.bytes.length - 4;
    const kind = this.random(3);
    if (kind === 0) {
      const at = out.bytes.length;
      out.bytes.push(0, 0, 0, 0);
      this.unit(false);
      const isOdd = this.random(2);
      const imm = out.bytes.length - from + isOdd;
      this.patch(at, () => this.draw(rowNamed('jalr'), { rs1: t, imm }));
      return;
    }
    const at = out.bytes.length;
    out.bytes.push(0, 0, 0, 0);
    out.insn(kind === 1 ? 'c.jr' : 'c.jalr', { rd: 0, rs1: t });
    this.unit(false);
    const imm = out.bytes.length - from;
    this.patch(at, () => encode(rowNamed('addi'), { rd: t, rs1: t, imm }));
  }

  /** A few rounds over a few instructions. */
  private loop(): void {
    const { out } = this;
    const t = this.temporary();
    this.kept.add(t);
    out.insn('addi', { rd: t, rs1: 0, imm: 2 + this.random(4) });
    const start = out.bytes.length;
    for (let i = 1 + this.random(4); i > 0; i--) this.unit(false);
    out.insn('addi', { rd: t, rs1: t, imm: -1 });
    out.insn('bne', { rs1: t, rs2: 0, imm: start - out.bytes.length });
    this.kept.delete(t);
  }

  private must(insn: Insn, fixed: Operands): void {
    for (;;) {
      const word = this.draw(insn, fixed);
      if (word === undefined) continue;
      this.out.word(word);
      return;
    }
  }

  private patch(at: number, draw: () => number | undefined): void {
    let word = draw();
    while (word === undefined) word = draw();
    const bytes = (word & 3) === 3 ? 4 : 2;
    for (let i = 0; i < bytes; i++) this.out.bytes[at + i] = (word >>> (8 * i)) & 0xff;
  }
}

/** Half of it plain noise, half of it what edges are made of. */
function scratch(random: (below: number) => number): Uint8Array {
  const bytes = Uint8Array.from({ length: SCRATCH_BYTES }, () => random(256));
  const view = viewOf(bytes);
  const doubles = [0, -0, 1, -1.5, 2 ** -1022, 2 ** -1074, 1e308, Infinity, NaN, 0.1, 2 ** 63, -(2 ** 31), 65535.5];
  for (let at = 0; at < SCRATCH_BYTES; at += 8) {
    const kind = random(6);
    const double = doubles[random(doubles.length)]!;
    if (kind === 0) view.setFloat64(at, double, true);
    else if (kind === 1) view.setUint32(at + 4, 0xffff_ffff, true);
    if (kind === 1) view.setFloat32(at, double, true);
    if (kind === 2) view.setBigUint64(at, BigInt.asUintN(64, (1n << BigInt(random(64))) - BigInt(random(3))), true);
  }
  return bytes;
}

export function streamProgram({ seed, blocks, blockLength, rounds }: StreamOptions): StreamProgram {
  const random = randomFrom(seed);
  const data = new Uint8Array(DUMPS - DATA_BASE + blocks * rounds * DUMP_BYTES);
  data.set(scratch(random));
  viewOf(data).setBigUint64(CONTROL - DATA_BASE, BigInt(DUMPS), true);
  const writer = new StreamWriter(random);
  const { out } = writer;
  out.la(WIDE, DATA_BASE + 2048);
  for (let x = 1; x < WIDE; x++) out.insn('ld', { rd: x, rs1: WIDE, imm: 8 * x });
  for (let f = 0; f < 32; f++) out.insn('fld', { rd: f, rs1: WIDE, imm: 8 * f - 256 });
  const starts: number[] = [];
  for (let i = 0; i < blocks; i++) {
    starts.push(writer.pc);
    writer.block(blockLength, rounds);
  }
  out.finish(DATA_BASE, data.length);
  return { code: Uint8Array.from(out.bytes), data, blocks: starts };
}

/** Where two outcomes differ first: block, round and registers, as text; undefined when they are the same. */
export function firstDifference(
  { rounds }: StreamOptions,
  program: StreamProgram,
  ours: Uint8Array,
  theirs: Uint8Array,
): string | undefined {
  const [a, b] = [viewOf(ours), viewOf(theirs)];
  const first = DUMPS - DATA_BASE;
  for (let at = first; at < ours.length; at += DUMP_BYTES) {
    const words: string[] = [];
    for (let i = 0; i < DUMP_WORDS; i++) {
      const [x, y] = [a.getBigUint64(at + 8 * i, true), b.getBigUint64(at + 8 * i, true)];
      const name = i < 32 ? `x${i}` : i < 64 ? `f${i - 32}` : 'fcsr';
      if (x !== y) words.push(`${name} ${x.toString(16)}, should be ${y.toString(16)}`);
    }
    if (words.length === 0) continue;
    const dump = (at - first) / DUMP_BYTES;
    const block = Math.floor(dump / rounds);
    const start = program.blocks[block]!.toString(16);
    return `block ${block} at ${start}, round ${dump % rounds}: ${words.join('; ')}`;
  }
  const at = ours.findIndex((byte, i) => byte !== theirs[i]);
  return at < 0 ? undefined : `memory at ${(DATA_BASE + at).toString(16)}`;
}
