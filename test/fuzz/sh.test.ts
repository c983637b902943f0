/** Our sh under qemu-riscv64 and Debian's dash do the same on 200 random snippets. More: test/fuzz/sh-main.ts. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { USERLAND, compareSeed, describeDifference } from './sh-compare.ts';
import { snippet } from './sh-gen.ts';

const FIRST_SEED = 1;
const COUNT = 200;
const BATCH = 20;

/** Why the comparison cannot run here, or null. */
function obstacle(): string | null {
  for (const judge of ['dash', 'qemu-riscv64']) {
    if (spawnSync('sh', ['-c', `command -v ${judge}`]).status !== 0) return `${judge} is not installed`;
  }
  return existsSync(USERLAND) ? null : `${USERLAND} is not built`;
}

const missing = obstacle();
if (missing) console.log(`sh fuzz skipped: ${missing}`);

for (let first = FIRST_SEED; first < FIRST_SEED + COUNT; first += BATCH) {
  test.skipIf(missing !== null)(`seeds ${first} to ${first + BATCH - 1} as dash`, async () => {
    const seeds = Array.from({ length: BATCH }, (_, i) => first + i);
    const differences = [];
    for (const seed of seeds) differences.push(await compareSeed(seed));
    expect(differences.flatMap(d => (d ? [describeDifference(d)] : []))).toEqual([]);
  });
}

test('a seed gives the same snippet every time, and seeds differ', () => {
  expect(snippet(5)).toBe(snippet(5));
  expect(new Set(Array.from({ length: 50 }, (_, i) => snippet(i))).size).toBe(50);
});
