/** Real OpenSBI as firmware: it starts in M-mode on our board, and our kernel boots through it to its agent. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtImage } from '../../emulator/host/node/files.ts';
import { boot } from '../../emulator/host/node/index.ts';

/** Debian's packages qemu-system-data and opensbi put it here. */
const PATHS = [
  '/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin',
  '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin',
];
const firmware = PATHS.find(existsSync);
const canRun = firmware !== undefined && existsSync(builtImage('rootfs.img'));

test.skipIf(!canRun)('OpenSBI boots the system', async () => {
  const vm = await boot({ bios: firmware! });
  expect(vm.console).toMatch(/OpenSBI v\d/);
  expect(vm.console).toContain('Domain0 Next Address      : 0x0000000080200000');
  expect(await vm.sh('sleep 0.2; echo up')).toMatchObject({ exitCode: 0, stdout: 'up\n' });
  const off = vm.sh('poweroff').catch(() => undefined);
  expect(await vm.waitForExit()).toBe(0);
  await off;
});
