/** Hostile drivers of the whole board: fixed seeds. More of it: docs/fuzz-devices.md. */
import { expect, test } from 'vitest';
import { BOARDS, DeviceFuzz } from './devices.ts';

const OPERATIONS = 20_000;

test.each(BOARDS.flatMap(board => [1, 2].map(seed => [board, seed] as const)))(
  '%s, seed %i: no operation throws, hangs or breaks a device for good',
  { timeout: 60_000 },
  (board, seed) => {
    const report = new DeviceFuzz(board, seed).run(OPERATIONS);
    // Hostile, but not so that nothing ever gets through.
    expect(report.guestErrors).toBeGreaterThan(OPERATIONS / 10);
    expect(report.completed).toBeGreaterThan(OPERATIONS / 50);
  },
);
