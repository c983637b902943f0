import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sequenceMoves } from './parallel-move.ts';

const SCRATCH = 99;

/** Runs the moves one after the other on registers that hold their own numbers. */
function run(moves: readonly { to: number; from: number }[]): Map<number, number> {
  const registers = new Map<number, number>();
  for (const { to, from } of moves) registers.set(to, registers.get(from) ?? from);
  return registers;
}

test('a sequence does what the moves do all at once', () => {
  const register = fc.integer({ min: 0, max: 11 });
  fc.assert(
    fc.property(
      fc.uniqueArray(register, { maxLength: 12 }),
      fc.array(register, { minLength: 12, maxLength: 12 }),
      (to, from) => {
        const moves = to.map((t, i) => ({ to: t, from: from[i]! }));
        const result = run(sequenceMoves(moves, () => SCRATCH));
        for (const { to: t, from: f } of moves) expect(result.get(t) ?? t).toBe(f);
      },
    ),
    { seed: 7, numRuns: 2000 },
  );
});

test('the scratch register appears only for cycles, and a cycle of n costs n + 1 moves', () => {
  const chain = sequenceMoves(
    [
      { to: 1, from: 2 },
      { to: 2, from: 3 },
      { to: 4, from: 3 },
    ],
    () => SCRATCH,
  );
  expect(chain.some(move => move.to === SCRATCH)).toBe(false);
  const cycle = sequenceMoves(
    [
      { to: 1, from: 2 },
      { to: 2, from: 3 },
      { to: 3, from: 1 },
    ],
    () => SCRATCH,
  );
  expect(cycle).toHaveLength(4);
});
