/** Every CSR in every mode, on our machine and on QEMU 7.2: equal, but for the list below. */
import { describe, expect, test } from 'vitest';
import { hasJudge, runOnOurs, runOnQemu } from './run-both.ts';
import { csrScanProgram, FIELDS, keyOf, parseScan, type ScanRow } from './csr-scan.ts';

/** What follows rv64 in -cpu. */
const CPUS = ['', ',d=off,f=off,c=off,a=off,m=off', ',sstc=off,pmp=off', ',mmu=off', ',debug=off'];
const ALL = 2n ** 64n - 1n;

interface Difference {
  readonly first: number;
  readonly last?: number;
  /** Bits that are not compared, in all fields or in one; absent: the whole register. */
  readonly bits?: bigint;
  readonly only?: (typeof FIELDS)[number];
  readonly because: string;
}

const DIFFERENCES: readonly Difference[] = [
  { first: 0x100, bits: 0x3_0000_0600n, because: 'QEMU has VS without V, and lets UXL be written; we have neither' },
  { first: 0x300, bits: 0xc3_0000_1600n, because: 'the same, MPV and GVA without H, and MPP takes the reserved 2' },
  { first: 0x100, bits: 1n << 63n, only: 'ones', because: 'VS counts for SD' },
  { first: 0x300, bits: 1n << 63n, only: 'ones', because: 'the same' },
  { first: 0x141, bits: 1n, because: 'the specification wants bit 0 of xepc clear' },
  { first: 0x341, bits: 1n, because: 'the same' },
  { first: 0x302, bits: 0xf0_0400n, because: "H's exceptions, with H off" },
  { first: 0x303, bits: 0x444n, because: "H's interrupts, with H off" },
  { first: 0x304, bits: 0x444n, because: 'the same' },
  { first: 0x344, bits: 0x464n, because: 'the same; and QEMU raises STIP for stimecmp with STCE off and keeps it' },
  { first: 0x144, bits: 0x464n, because: 'the same' },
  { first: 0x14d, only: 'value', because: 'stimecmp starts at the end of time, so that STCE alone raises nothing' },
  { first: 0x24d, because: 'vstimecmp, with H off' },
  {
    first: 0x3a0,
    last: 0x3af,
    bits: 0x6060_6060_6060_6060n,
    because: 'reserved bits, which the specification wants 0',
  },
  { first: 0x3b0, last: 0x3bf, bits: 0xffc0_0000_0000_0000n, because: 'the same' },
  { first: 0xb00, last: 0xb02, bits: ALL, because: 'they count' },
  { first: 0xc00, last: 0xc02, bits: ALL, because: 'they count' },
  { first: 0xb03, last: 0xb12, only: 'value', because: 'QEMU forgets what was counted when the event changes' },
  { first: 0xc03, last: 0xc12, only: 'value', because: 'the same' },
  { first: 0xf12, last: 0xf13, only: 'value', because: "QEMU's version in full" },
];

/** Cause fields are always compared. */
function textOf(row: ScanRow): string {
  return FIELDS.map(field => {
    const ignored = DIFFERENCES.filter(
      ({ first, last = first, only }) => row.csr >= first && row.csr <= last && (only ?? field) === field,
    ).reduce((mask, { bits = ALL }) => mask | bits, 0n);
    const value = field.endsWith('Cause') ? row.fields[field] : row.fields[field] & ~ignored;
    return `${field} ${value.toString(16)}`;
  }).join(', ');
}
const isWhole = ({ csr }: ScanRow): boolean =>
  DIFFERENCES.some(
    ({ first, last = first, bits, only }) => bits === undefined && only === undefined && csr >= first && csr <= last,
  );
const tableOf = (bytes: Uint8Array): Map<string, string> =>
  new Map(
    parseScan(bytes)
      .filter(row => !isWhole(row))
      .map(row => [keyOf(row), textOf(row)]),
  );

describe.skipIf(!hasJudge)('CSRs agree with qemu-system-riscv64 7.2', () => {
  test.each(CPUS)('each number in each mode, rv64%s', { timeout: 60_000 }, cpu => {
    const program = csrScanProgram(!cpu.includes('pmp=off'));
    const ours = tableOf(runOnOurs(program, cpu));
    const theirs = tableOf(runOnQemu(program, cpu));
    const keys = [...new Set([...theirs.keys(), ...ours.keys()])];
    const wrong = keys
      .filter(key => ours.get(key) !== theirs.get(key))
      .map(key => `${key}: ${ours.get(key)}; should be ${theirs.get(key)}`);
    expect(theirs.size).toBeGreaterThan(600);
    expect(wrong.slice(0, 20), `${wrong.length} differences`).toEqual([]);
  });
});
