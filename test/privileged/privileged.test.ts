/** The privileged architecture, case by case: our machine and QEMU 7.2 must leave the same row for each. */
import { describe, expect, test } from 'vitest';
import { CaseWriter, FIELDS, parseRows, privilegedProgram, type Case, type Row } from './harness.ts';
import { INTERRUPT_CASES } from './interrupt-cases.ts';
import { pagingCases } from './paging-cases.ts';
import { PMP_CASES } from './pmp-cases.ts';
import { hasJudge, runOnOurs, runOnQemu } from './run-both.ts';
import { TRAP_CASES } from './trap-cases.ts';
import { TRIGGER_CASES, TRIGGER_VALUE_CASES } from './trigger-cases.ts';

interface Difference {
  readonly name: RegExp;
  readonly fields: readonly (typeof FIELDS)[number][];
  readonly because: string;
  /** What must be so on ours. */
  readonly instead?: (ours: Row) => boolean;
}
/** Where we do not follow QEMU 7.2, and why. */
const EVERYTHING = FIELDS.filter(field => field !== 'case');
const DIFFERENCES: readonly Difference[] = [
  { name: /^sc at an odd/, fields: EVERYTHING, because: 'QEMU lets a lone sc fail before it looks at the address' },
  { name: /^amo at an odd/, fields: ['mcause', 'scause'], because: 'QEMU calls it a load; the specification a store' },
  { name: /^[ms]ret with mstatus 2[01]/, fields: ['mstatus'], because: 'a return below M-mode clears MPRV (1.12)' },
  {
    name: /^[MS][EST]I [MS][EST]I.*, mideleg/,
    fields: ['mcause', 'scause', 'slots'],
    because: 'of several interrupts QEMU 7.2 takes the one with the lowest number, the specification names an order',
  },
  {
    name: /^Sv39: leaf .*, amo in S/,
    fields: ['mcause', 'watched'],
    because: 'QEMU 7.2 reads first: a load page fault, and A set; the specification has one kind of fault for it',
  },
  {
    name: /^Sv\d+: a table (that is nowhere|far beyond memory)/,
    fields: ['mcause'],
    because: 'QEMU says page fault; the specification: an access fault of the original kind',
  },
  {
    name: /^code of long at odd halfwords .*, closed: (?!nothing).* from 0 in [SU]/,
    fields: ['mcause', 'mepc', 'mtval', 'a0'],
    because: 'QEMU asks for the first half of an instruction only',
    instead: row => row.mcause === 1n && row.mtval === row.mepc + 2n,
  },
  { name: /^feq.d with FS 1/, fields: ['mstatus'], because: 'dirty whether or not it raised a flag, as is allowed' },
];

function differences(cases: readonly Case[], ours: readonly Row[], theirs: readonly Row[]): string[] {
  return cases.flatMap(({ name }, i) => {
    const known = DIFFERENCES.filter(d => d.name.test(name));
    const allowed = known.flatMap(d => d.fields);
    if (!known.every(({ instead }) => !instead || (ours[i] && instead(ours[i]))))
      return [`${name}: not as it should be`];
    const wrong = FIELDS.filter(field => !allowed.includes(field) && ours[i]?.[field] !== theirs[i]?.[field]);
    if (wrong.length === 0) return [];
    const text = wrong.map(f => `${f} ${ours[i]?.[f]?.toString(16)}, should be ${theirs[i]?.[f]?.toString(16)}`);
    return [`${name}: ${text.join('; ')}`];
  });
}

describe.skipIf(!hasJudge)('privileged behaviour agrees with qemu-system-riscv64 7.2', () => {
  test.each<[string, (c: CaseWriter) => readonly Case[], number]>([
    ['traps', () => TRAP_CASES, 300],
    ['interrupts', () => INTERRUPT_CASES, 250],
    ['paging', pagingCases, 900],
    ['physical memory protection', () => PMP_CASES, 100],
    ['triggers', () => TRIGGER_CASES, 1000],
    ['values of triggers', () => TRIGGER_VALUE_CASES, 900],
  ])('%s', { timeout: 120_000 }, (_, make, atLeast) => {
    const writer = new CaseWriter();
    const cases = make(writer);
    const program = privilegedProgram(cases, writer);
    const ours = parseRows(runOnOurs(program));
    const theirs = parseRows(runOnQemu(program, undefined, true));
    expect(theirs.length).toBe(cases.length);
    expect(cases.length).toBeGreaterThan(atLeast);
    const wrong = differences(cases, ours, theirs);
    expect(wrong.slice(0, 40), `${wrong.length} of ${cases.length} differ`).toEqual([]);
  });
});
