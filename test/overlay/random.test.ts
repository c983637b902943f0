/** Random overlay scripts: our kernel must print what this machine's own Linux prints. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { boot } from '../../emulator/host/node/index.ts';
import { oracleProblem } from '../lib/linux-oracle.ts';
import { randomScript } from './random-script.ts';

const SEEDS = 12;
const COMMANDS = 40;
const problem = oracleProblem();

/** Deterministic numbers in [0, n). */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

if (problem) test.skip(`random scripts beside Linux: ${problem}`, () => {});
else {
  const vm = await boot();
  const booted = vm.snapshot();
  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async seed => {
    const script = randomScript(dice(seed * 7919 + 1), COMMANDS);
    const linux = spawnSync('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(linux.stdout, linux.stderr).toContain('\nup ');
    vm.restore(booted);
    expect((await vm.sh(script)).stdout).toBe(linux.stdout);
  });
}
