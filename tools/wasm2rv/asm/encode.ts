/**
 * From an MInsn to its 32-bit encoding, and to the 16-bit one where the C extension has it. Both read the instruction
 * rows of emulator/isa: formats say where operands go, and a compressed row says which row it stands for.
 */
import type { Format, Immediate, RegisterField } from '../../../emulator/isa/formats.ts';
import { encodeImmediate, formatOf, immediateRange } from '../../../emulator/isa/formats.ts';
import type { Insn } from '../../../emulator/isa/insn.ts';
import { INSTRUCTIONS } from '../../../emulator/isa/all.ts';
import { assert } from '../../../emulator/base/assert.ts';
import type { MInsn } from './minsn.ts';
import { ZERO } from './regs.ts';

const ROWS: ReadonlyMap<string, Insn> = new Map(INSTRUCTIONS.map(row => [row.name, row]));
const RM_DYNAMIC = 7;
/** Conversions that never round: their rm field is 0 by convention. */
export const EXACT: ReadonlySet<string> = new Set(['fcvt.d.w', 'fcvt.d.wu', 'fcvt.d.s']);
const FENCE_ALL = 0xff;

/** An atomic's ordering suffix is bits 26 and 25 (aq, rl), not part of the row's name. */
const ORDERINGS: readonly (readonly [suffix: string, bits: number])[] = [
  ['.aqrl', 3 << 25],
  ['.aq', 2 << 25],
  ['.rl', 1 << 25],
];

/** The row that `op` names; throws for what is no instruction. */
export function rowOf(op: string): { row: Insn; ordering: number } {
  const row = ROWS.get(op);
  if (row !== undefined) return { row, ordering: 0 };
  for (const [suffix, ordering] of ORDERINGS) {
    const base = op.endsWith(suffix) ? ROWS.get(op.slice(0, -suffix.length)) : undefined;
    if (base !== undefined && formatOf(base.format).aqrl) return { row: base, ordering };
  }
  throw new Error(`encode: no instruction named ${op}`);
}

/** The immediate as the formats count it: MInsn gives lui and auipc their 20-bit field. */
function immediateOf(insn: MInsn, row: Insn): number {
  if (row.format === 'U') return (Number(insn.imm ?? 0) << 12) | 0;
  return Number(insn.imm ?? (row.name === 'fence' ? FENCE_ALL : 0));
}

const RANGES = new Map<Immediate, ReturnType<typeof immediateRange>>();

function fits(imm: number, layout: Immediate): boolean {
  let range = RANGES.get(layout);
  if (range === undefined) RANGES.set(layout, (range = immediateRange(layout)));
  const { min, max, step } = range;
  return imm >= min && imm <= max && imm % step === 0;
}

/** The 32-bit encoding. Branches and jumps take their byte offset from `imm`. */
export function encode(insn: MInsn): number {
  const { row, ordering } = rowOf(insn.op);
  const format: Format = formatOf(row.format);
  assert(format.length === 4, `encode: ${insn.op} is not asked for by name`);
  let word = row.match | ordering;
  word |= fullField(format.rd, insn.rd, insn) | fullField(format.rs1, insn.rs1, insn);
  word |= fullField(format.rs2, insn.rs2, insn) | fullField(format.rs3, insn.rs3, insn);
  if (format.imm) {
    const imm = immediateOf(insn, row);
    // U immediates are checked as a 20-bit pattern: lui takes 0xfffff and -1 alike.
    assert(fits(imm, format.imm), `encode: ${insn.op} has no room for immediate ${imm}`);
    word |= encodeImmediate(format.imm, imm);
  }
  if (format.uimm) word |= encodeImmediate(format.uimm, insn.rs1 ?? 0);
  if (format.rm) word |= (insn.rm ?? (EXACT.has(row.name) ? 0 : RM_DYNAMIC)) << 12;
  return word >>> 0;
}

function fullField(field: RegisterField | undefined, register: number | undefined, insn: MInsn): number {
  if (field === undefined) return 0;
  const number = register ?? ZERO;
  assert(field.kind === 'full' && number >= 0 && number < 32, `encode: register operand of ${insn.op}`);
  return number << field.at;
}

const COMPRESSED: ReadonlyMap<string, readonly Insn[]> = groupByExpansion();

function groupByExpansion(): Map<string, Insn[]> {
  const groups = new Map<string, Insn[]>();
  for (const row of INSTRUCTIONS) {
    if (row.expandsTo === undefined) continue;
    const group = groups.get(row.expandsTo) ?? [];
    group.push(row);
    groups.set(row.expandsTo, group);
  }
  return groups;
}

const COMMUTES: ReadonlySet<string> = new Set(['add', 'addw', 'and', 'or', 'xor']);

/** The 16-bit encoding of `insn`, or 0 (which is no instruction) if it has none. */
export function compress(insn: MInsn): number {
  for (const alias of aliases(insn)) {
    for (const row of COMPRESSED.get(alias.op) ?? []) {
      const half = pack(alias, row);
      if (half !== 0) return half;
    }
  }
  return 0;
}

/** The instruction and the equivalent ones that may have a 16-bit form when it has not. */
function aliases(insn: MInsn): MInsn[] {
  if (COMMUTES.has(insn.op)) return [insn, { ...insn, rs1: insn.rs2 ?? ZERO, rs2: insn.rs1 ?? ZERO }];
  if (insn.op === 'addi' && Number(insn.imm ?? 0) === 0) {
    return [{ op: 'add', rd: insn.rd ?? ZERO, rs1: ZERO, rs2: insn.rs1 ?? ZERO }, insn];
  }
  // A 32-bit add to zero of 12 bits is the 64-bit one: c.li.
  if (insn.op === 'addiw' && (insn.rs1 ?? ZERO) === ZERO) return [{ ...insn, op: 'addi' }];
  return [insn];
}

function pack(insn: MInsn, row: Insn): number {
  const format: Format = formatOf(row.format);
  const imm = immediateOf(insn, row.expandsTo === 'lui' ? { ...row, format: 'U' } : row);
  if (!(format.imm ? fits(imm, format.imm) : imm === 0)) return 0;
  let half = row.match;
  for (const operand of ['rd', 'rs1', 'rs2'] as const) {
    const field = format[operand];
    const register = insn[operand] ?? ZERO;
    if (field === undefined) {
      if (register !== ZERO) return 0;
    } else if (field.kind === 'fixed') {
      if (register !== field.index) return 0;
    } else if (field.kind === 'popular') {
      if (register < 8 || register > 15) return 0;
      half |= (register - 8) << field.at;
    } else half |= register << field.at;
  }
  if (format.imm) half |= encodeImmediate(format.imm, imm);
  // Where rd is also a source, two different registers have been mixed into one field: read it back.
  const consistent = (['rd', 'rs1', 'rs2'] as const).every(operand => {
    const field = format[operand];
    if (field === undefined || field.kind === 'fixed') return true;
    const bits = field.kind === 'full' ? (half >> field.at) & 31 : 8 + ((half >> field.at) & 7);
    return bits === (insn[operand] ?? ZERO);
  });
  if (!consistent || (half & row.mask) !== row.match) return 0;
  const allowed = (row.requires ?? []).every(requirement => {
    const [operand, value] = requirement.split('!=') as ['rd' | 'rs1' | 'rs2' | 'imm', string];
    return (operand === 'imm' ? imm : (insn[operand] ?? ZERO)) !== Number(value);
  });
  return allowed ? half : 0;
}
