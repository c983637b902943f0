/**
 * Random straight-ahead RV64GC programs that end by writing their data area to standard output: the same bytes run under
 * qemu-riscv64 as a Linux program and on our CPU, and must leave the same data. Branches go forward, memory accesses
 * stay in the data area; x2, x15 and x31 point into it and are never written.
 */
import { encode, rowNamed } from '../../emulator/isa/encode.ts';
import { formatOf, immediateRange, type RegisterField } from '../../emulator/isa/formats.ts';
import { INSTRUCTIONS } from '../../emulator/isa/all.ts';
import { decode } from '../../emulator/isa/decode.ts';
import type { Insn } from '../../emulator/isa/insn.ts';
import { must } from '../../emulator/base/assert.ts';

export const CODE_BASE = 0x8000_1000;
export const DATA_BASE = 0x8010_0000;
export const DATA_BYTES = 8192;
const POINTERS = [2, 15, 31];
const POINTER_TARGET = DATA_BASE + DATA_BYTES / 2;

/** Mulberry32: small, and the same everywhere. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Collects instruction words of 2 and 4 bytes. */
export class Assembly {
  readonly bytes: number[] = [];

  word(word: number): void {
    this.bytes.push(word & 0xff, (word >>> 8) & 0xff);
    if ((word & 3) === 3) this.bytes.push((word >>> 16) & 0xff, word >>> 24);
  }
  insn(name: string, operands: Parameters<typeof encode>[1]): void {
    this.word(encode(rowNamed(name), operands));
  }
  /** A sign-extended 32-bit constant. */
  li(rd: number, value: number): void {
    const low = (value << 20) >> 20;
    this.insn('lui', { rd, imm: (value - low) | 0 });
    this.insn('addiw', { rd, rs1: rd, imm: low });
  }
  /** An address below 4 GiB. */
  la(rd: number, address: number): void {
    this.li(rd, address | 0);
    this.insn('slli', { rd, rs1: rd, imm: 32 });
    this.insn('srli', { rd, rs1: rd, imm: 32 });
  }
  /** write(1, data, bytes); exit(0) */
  finish(address: number, bytes: number): void {
    this.li(10, 1);
    this.la(11, address);
    this.li(12, bytes);
    this.li(17, 64);
    this.insn('ecall', {});
    this.li(10, 0);
    this.li(17, 93);
    this.insn('ecall', {});
  }
}

/** ctzw of a zero word is 32 in the specification; qemu-user 7.2 looks on into the upper half. */
const JUDGE_IS_WRONG = ['ctzw'];

const isUsable = (insn: Insn): boolean => {
  const { format, name } = insn;
  const base = insn.expandsTo ?? name;
  if (/\bfr/.test(insn.operands ?? formatOf(format).operands)) return false;
  return (
    !['jalr', 'ebreak', 'auipc', 'fence.i', 'sc.w', 'sc.d', ...JUDGE_IS_WRONG].includes(base) &&
    !['None', 'SFence', 'Csr', 'CsrImm'].includes(format)
  );
};
const ROWS = INSTRUCTIONS.filter(isUsable);

function isMemory(insn: Insn): boolean {
  const { operands } = formatOf(insn.format);
  return operands.includes('(rs1)');
}

/** A jump goes over the one compressed instruction behind it. */
const SKIPPED_BYTES = 2;
function isJump(insn: Insn): boolean {
  return ['B', 'J', 'CB', 'CJ'].includes(insn.format);
}

/** One random instruction that keeps the rules; `undefined` when the dice made an unusable one. */
function randomWord(random: (below: number) => number): number | undefined {
  const insn = must(ROWS[random(ROWS.length)], 'row');
  const format = formatOf(insn.format);
  const pick = (field: RegisterField | undefined): number =>
    field === undefined ? 0 : field.kind === 'fixed' ? field.index : field.kind === 'full' ? random(32) : 8 + random(8);
  const rd = pick(format.rd);
  const rs1 = isMemory(insn) && format.rs1?.kind !== 'fixed' ? (format.length === 2 ? 15 : 31) : pick(format.rs1);
  const rs2 = pick(format.rs2);
  let imm = 0;
  if (format.imm) {
    const { min, max, step } = immediateRange(format.imm);
    imm = min + step * random((max - min) / step + 1);
  }
  if (isJump(insn)) imm = format.length + SKIPPED_BYTES;
  const word = encode(insn, { rd, rs1, rs2, imm });
  const decoded = decode(word);
  if (decoded?.insn !== insn || POINTERS.includes(decoded.rd)) return undefined;
  return word;
}

/** Program and initial data for a seed. */
export function randomProgram(seed: number, length: number): { code: Uint8Array; data: Uint8Array } {
  const random = randomFrom(seed);
  const data = Uint8Array.from({ length: DATA_BYTES }, () =>
    random(4) === 0 ? [0, 255, 128, 127][random(4)]! : random(256),
  );
  const out = new Assembly();
  for (const pointer of POINTERS) out.la(pointer, POINTER_TARGET);
  for (let x = 1; x < 31; x++) if (!POINTERS.includes(x)) out.insn('ld', { rd: x, rs1: 31, imm: 8 * x - 1024 });
  for (let made = 0; made < length;) {
    const word = randomWord(random);
    if (word === undefined) continue;
    made++;
    out.word(word);
    const { insn } = must(decode(word), 'decoded');
    if (isJump(insn)) out.insn('c.addi', { rd: 5, rs1: 5, imm: 3 });
    // A store-conditional after another width's or address's reservation may do either: only pairs are defined.
    if (insn.name.startsWith('lr.')) out.insn(insn.name.replace('lr', 'sc'), { rd: 6, rs1: 31, rs2: random(32) });
  }
  out.la(31, POINTER_TARGET + 2048);
  for (let x = 1; x < 31; x++) out.insn('sd', { rs1: 31, rs2: x, imm: 8 * x });
  out.finish(DATA_BASE, DATA_BYTES);
  return { code: Uint8Array.from(out.bytes), data };
}
