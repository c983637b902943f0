/** Random integer, compressed, atomic and memory instructions: our CPU against qemu-riscv64. */
import { describe, expect, test } from 'vitest';
import { hasQemu, runOnCpu, runOnQemu } from './judge.ts';
import { randomProgram } from './random-program.ts';

const PROGRAMS = 12;
const INSTRUCTIONS = 4000;

describe.skipIf(!hasQemu)('random programs agree with qemu-riscv64 (package qemu-user)', () => {
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    test(`seed ${seed}`, () => {
      const program = randomProgram(seed, INSTRUCTIONS);
      expect(Buffer.from(runOnCpu(program)).toString('hex')).toBe(Buffer.from(runOnQemu(program)).toString('hex'));
    });
  }
});
