/** U-Boot, as Debian builds it for QEMU's board: it finds the disk on PCI with drivers of its own and reads our ext4. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtImage } from '../../emulator/host/node/files.ts';
import { powerOn } from '../../emulator/host/node/index.ts';
import { debianPackage } from '../../tools/debian/packages.ts';

const FIRMWARE = '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf';
const PROMPT_TIMEOUT_MS = 60_000;

const uBoot = debianPackage('u-boot-qemu');

test.skipIf(!uBoot || !existsSync(FIRMWARE))('U-Boot under OpenSBI, two harts', async () => {
  const vm = powerOn({
    bios: FIRMWARE,
    kernel: join(uBoot!, 'usr/lib/u-boot/qemu-riscv64_smode/uboot.elf'),
    harts: 2,
    bus: 'pci',
    drives: [{ image: builtImage('rootfs.img'), isReadOnly: true }],
  });
  await vm.waitForConsole(/Hit any key to stop autoboot/, PROMPT_TIMEOUT_MS);
  vm.type('\n');
  await vm.waitForConsole(/=> $/, PROMPT_TIMEOUT_MS);
  vm.type('virtio scan; pci; ext4ls virtio 0:0 /\n');
  const [listing] = await vm.waitForConsole(/ext4ls[^]*sbin[^]*=> $/, PROMPT_TIMEOUT_MS);
  expect(listing).toMatch(/00\.01\.00\s+0x1af4\s+0x1001/);
  expect(listing).toMatch(/^ +etc\/\r?$/m);
  vm.type('poweroff\n');
  expect(await vm.waitForExit()).toBe(0);
});
