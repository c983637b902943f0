/**
 * Debian's unmodified Linux from an ext4 root to a busybox prompt and off again, over every firmware, number of harts,
 * translation mode and bus that the machine has: each value at least twice, in four boots.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { powerOn, type Vm } from '../../emulator/host/node/index.ts';
import { linuxGuest } from '../lib/linux-guest.ts';
import { fsck, hasE2fsprogs, linuxRootImage, linuxRootInitrd } from '../lib/linux-root.ts';

const BOOT_TIMEOUT_MS = 60_000;
const OPENSBI = '/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin';
/** busybox asks the terminal where its cursor is. */
const PROMPT = /[#$] (?:.\[6n)?$/;

const linux = hasE2fsprogs() ? linuxGuest() : null;
const image = linux && linuxRootImage(linux, 64);

describe.skipIf(!linux).each([
  { firmware: 'the built-in SBI', harts: 1, mode: 'sv57', bus: 'mmio' },
  { firmware: 'the built-in SBI', harts: 4, mode: 'sv39', bus: 'pci' },
  { firmware: 'OpenSBI', harts: 1, mode: 'sv39', bus: 'mmio' },
  { firmware: 'OpenSBI', harts: 4, mode: 'sv57', bus: 'pci' },
] as const)("Debian's Linux under $firmware, $harts harts, $mode, virtio-$bus", ({ firmware, harts, mode, bus }) => {
  const isOpenSbi = firmware === 'OpenSBI';
  const canRun = !isOpenSbi || existsSync(OPENSBI);
  let vm: Vm;

  beforeAll(async () => {
    if (!canRun) return;
    vm = powerOn({
      kernel: linux!.kernel,
      initrd: linuxRootInitrd(linux!),
      append: `console=ttyS0${mode === 'sv39' ? ' no4lvl' : ''}`,
      memoryMiB: 256,
      harts,
      bus,
      drives: [{ image: image! }],
      ...(isOpenSbi ? { bios: OPENSBI } : {}),
    });
    await vm.waitForAgent(BOOT_TIMEOUT_MS);
  });
  afterAll(() => vm?.machine.end(0));

  test.skipIf(!canRun)('has what was asked for', async () => {
    const { stdout } = await vm.sh('nproc; grep -m1 mmu /proc/cpuinfo; mount | grep " / "; readlink -f /sys/block/vda');
    const [count, mmu, root, disk] = stdout.split('\n');
    expect(count).toBe(`${harts}`);
    expect(mmu).toMatch(new RegExp(`^mmu\\s*: ${mode}$`));
    expect(root).toMatch(/^\/dev\/vda on \/ type ext4 \(rw,/);
    expect(disk).toContain(bus === 'pci' ? '/pci0000:00/' : '/10008000.virtio_mmio/');
    expect(vm.console).toContain(
      isOpenSbi ? 'SBI implementation ID=0x1 Version=0x10001' : 'SBI implementation ID=0x5354',
    );
  });

  test.skipIf(!canRun)('gives a prompt on its serial console', async () => {
    await vm.waitForConsole(PROMPT, BOOT_TIMEOUT_MS);
    vm.type('echo $((6 * 7)) from $(uname -m)\n');
    await vm.waitForConsole(/\n42 from riscv64\r?\n/);
  });

  test.skipIf(!canRun)('costs little while nobody does anything', async () => {
    // Behind the boot, the kernel does some seconds of work of its own.
    let used = Infinity;
    for (let second = 0; second < 20 && used > 10e6; second++) {
      const before = vm.instret;
      await vm.runFor(1000);
      used = vm.instret - before;
    }
    expect(used).toBeLessThan(10e6);
  });

  test.skipIf(!canRun)('writes to its root, powers off, and leaves it clean', async () => {
    await vm.sh('cp -a /bin /mnt/copy; rm -r /mnt/copy; echo kept >/mnt/file; sync; mount -o remount,ro /');
    vm.type('poweroff -f\n');
    expect(await vm.waitForExit()).toBe(0);
    const [disk] = vm.machine.config.devices;
    if (disk?.kind !== 'blk') throw new Error('the first device is no disk');
    expect(fsck(disk.backend)).toMatchObject({ status: 0 });
  });
});
