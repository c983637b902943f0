/** Every floating-point instruction on random and edge operands, all rounding modes, against qemu-riscv64. */
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../emulator/base/bytes.ts';
import { CASE_BYTES, DYNAMIC, FLOAT_ROWS, floatProgram } from './float-program.ts';
import { hasQemu, runOnCpu, runOnQemu } from './judge.ts';

const CASES = 400;

describe.skipIf(!hasQemu)('floating point agrees with qemu-riscv64 (package qemu-user)', () => {
  for (const [seed, flags, rm, operands] of [
    [1, 0, DYNAMIC, 'edges'],
    [2, 0, 4, 'edges'],
    [3, 1, DYNAMIC, 'edges'],
    [4, 1, 0, 'edges'],
    [5, 1, 1, 'edges'],
    [6, 0, 0, 'edges'],
    [7, 0, 1, 'edges'],
    [8, 0, 2, 'edges'],
    [9, 1, 3, 'edges'],
    [10, 0, 0, 'exact'],
    [11, 1, 0, 'exact'],
    [12, 0, DYNAMIC, 'exact'],
    [13, 0, 0, 'fused'],
    [14, 1, 0, 'fused'],
    [15, 1, DYNAMIC, 'fused'],
  ] as const) {
    test(`${CASES} cases per instruction, seed ${seed}, flags before ${flags}, rm ${rm}, operands ${operands}`, () => {
      const program = floatProgram(seed, CASES, { flags, rm, operands });
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
