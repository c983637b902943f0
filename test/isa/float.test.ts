/** Every floating-point instruction on random and edge operands, all rounding modes, against qemu-riscv64. */
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../emulator/base/bytes.ts';
import { CASE_BYTES, DYNAMIC, FLOAT_ROWS, floatProgram } from './float-program.ts';
import { hasQemu, runOnCpu, runOnQemu } from './judge.ts';

const CASES = 400;

describe.skipIf(!hasQemu)('floating point agrees with qemu-riscv64 (package qemu-user)', () => {
  for (const [seed, flags, rm] of [
    [1, 0, DYNAMIC],
    [2, 0, 4],
    [3, 1, DYNAMIC],
    [4, 1, 0],
    [5, 1, 1],
  ] as const) {
    test(`results and flags of ${CASES} cases per instruction, seed ${seed}, flags before ${flags}, rm ${rm}`, () => {
      const program = floatProgram(seed, CASES, { flags, rm });
      const ours = viewOf(runOnCpu(program));
      const theirs = viewOf(runOnQemu(program));
      const wrong: string[] = [];
      for (let at = 0; at < theirs.byteLength; at += CASE_BYTES) {
        const text = (view: DataView): string =>
          [0, 8, 16, 24, 32, 40].map(field => view.getBigUint64(at + field, true).toString(16)).join(' ');
        const name = FLOAT_ROWS[Math.floor(at / CASE_BYTES / CASES)]!.name;
        if (text(ours) !== text(theirs)) wrong.push(`${name}: ${text(ours)}, should be ${text(theirs)}`);
      }
      expect(wrong.slice(0, 20), `${wrong.length} differences`).toEqual([]);
    });
  }
});
