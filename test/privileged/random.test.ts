/** Random privileged streams, a few of them: our machine and QEMU 7.2 must leave the same rows. */
import { describe, expect, test } from 'vitest';
import { compareUnits } from './random-compare.ts';
import { randomUnit } from './random-units.ts';
import { hasJudge } from './run-both.ts';

const UNITS = 300;

describe.skipIf(!hasJudge)('random privileged streams agree with qemu-system-riscv64 7.2', () => {
  test.each([1, 2])('seed %i', { timeout: 60_000 }, seed => {
    const units = Array.from({ length: UNITS }, (_, i) => randomUnit(seed, i));
    expect(compareUnits(units).slice(0, 10)).toEqual([]);
  });
});
