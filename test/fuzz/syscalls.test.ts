/** Hostile programs cannot end the kernel, stop it or make it forget objects: fixed seeds of guest/syscalls.ts. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Vm, VmSnapshot } from '../../emulator/host/node/index.ts';
import { bootHostile, runHostile } from './syscalls-vm.ts';

/** 1088: an orphan whose exit signal was not SIGCHLD ended init. 5450: the program had signalled everybody. */
const SEEDS = [1088, 5450, 100, 130, 300, 1000, 1020, 1040, 1060];
const CASES = 10;
const CALLS = 400;

let vm: Vm;
let ready: VmSnapshot;
beforeAll(async () => {
  vm = await bootHostile();
  ready = vm.snapshot();
}, 60_000);

describe('random system calls', () => {
  test.each(SEEDS)('seed %i', { timeout: 30_000 }, async seed => {
    vm.restore(ready);
    expect(await runHostile(vm, seed, CASES, CALLS)).toEqual({ exitCode: 0, leak: '', after: 'ok\n' });
  });
});
