/** Every overlay script on our kernel and our machine, over tmpfs layers and with the lowers on ext4: each from one booted machine, rolled back. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { bootWithScripts, lowersImage, reportCases, runInVm } from '../lib/guest-script.ts';
import { overlayScripts } from './scripts.ts';

const names = overlayScripts().map(script => script.name);
const canMakeLowers = process.getuid?.() === 0 && spawnSync('mke2fs', ['-V']).status === 0;

const vm = await bootWithScripts(canMakeLowers ? [lowersImage(names)] : []);
const booted = vm.snapshot();

async function runAll(title: string, lowers: string): Promise<void> {
  for (const name of names) {
    vm.restore(booted);
    const { report, leak } = await runInVm(vm, name, lowers);
    reportCases(`${name} ${title}`, report, () => {
      test('leaves free pages and live objects as they were', () => expect(leak).toBe(''));
    });
  }
}

await runAll('over tmpfs', '');
if (canMakeLowers) await runAll('with ext4 lowers', '/dev/vdc');
else test.skip('lowers on ext4: filling them needs root and mke2fs', () => {});
