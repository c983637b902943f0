/** The generated interpreter against the BigInt oracle: the same rows, read in two ways, on the same random programs. */
import { expect, test } from 'vitest';
import { runOnCpu, runOnOracle } from './judge.ts';
import { CASE_BYTES, DYNAMIC, FLOAT_ROWS, floatProgram } from './float-program.ts';
import { randomProgram } from './random-program.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test.each([101, 102, 103, 104])('integer, memory and atomic instructions, seed %i', seed => {
  const program = randomProgram(seed, 3000);
  expect(text(runOnCpu(program))).toBe(text(runOnOracle(program)));
});

test.each([
  [201, 0, DYNAMIC],
  [202, 1, 0],
  [203, 1, 1],
] as const)('floating point, results and flags, seed %i, flags before %i, rm %i', (seed, flags, rm) => {
  const cases = 60;
  const program = floatProgram(seed, cases, { flags, rm });
  const [ours, theirs] = [runOnCpu(program), runOnOracle(program)];
  const wrong: string[] = [];
  for (let at = 0; at < ours.length; at += CASE_BYTES) {
    const [a, b] = [ours, theirs].map(bytes => text(bytes.subarray(at, at + CASE_BYTES)));
    if (a !== b) wrong.push(`${FLOAT_ROWS[Math.floor(at / CASE_BYTES / cases)]!.name}: ${a}, oracle ${b}`);
  }
  expect(wrong.slice(0, 10), `${wrong.length} differences`).toEqual([]);
});
