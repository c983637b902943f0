/** Every overlay script on our kernel and our machine: over tmpfs layers, and with the lowers on ext4. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { bootWithScripts, lowerImage, reportCases, runInVm } from '../lib/guest-script.ts';
import { overlayScripts } from './scripts.ts';

const canMakeLowers = process.getuid?.() === 0 && spawnSync('mke2fs', ['-V']).status === 0;

const vm = await bootWithScripts();
const booted = vm.snapshot();
for (const { name } of overlayScripts()) {
  vm.restore(booted);
  const { report, leak } = await runInVm(vm, name);
  reportCases(`${name} over tmpfs`, report, () => {
    test('leaves free pages and live objects as they were', () => expect(leak).toBe(''));
  });
}

if (!canMakeLowers) test.skip('lowers on ext4: filling them needs root and mke2fs', () => {});
else {
  for (const { name } of overlayScripts()) {
    const { report, leak } = await runInVm(await bootWithScripts([lowerImage(name)]), name, '/dev/vdc');
    reportCases(`${name} with ext4 lowers`, report, () => {
      test('leaves free pages and live objects as they were', () => expect(leak).toBe(''));
    });
  }
}
