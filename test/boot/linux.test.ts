/**
 * Debian's own riscv64 Linux on our machine: it drives the UART, PLIC, timer, RTC and every virtio device with drivers
 * that we did not write, and our agent runs on it, so that one session library serves both kernels.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boot, type Vm } from '../../emulator/host/node/index.ts';
import { linuxGuest } from '../lib/linux-guest.ts';

const MODULES = ['virtio_mmio', 'virtio_blk', 'virtio-rng'];
const BOOT_TIMEOUT_MS = 60_000;

const linux = linuxGuest();

describe.skipIf(!linux).each([
  ['virtio-mmio version 1', { isVirtioLegacy: true }],
  ['virtio-mmio version 2', { isVirtioLegacy: false }],
  ['virtio-pci', { bus: 'pci' }],
] as const)("Debian's Linux, %s", (_name, options) => {
  let vm: Vm;

  beforeAll(async () => {
    vm = await boot({
      kernel: linux!.kernel,
      initrd: linux!.initrd(MODULES),
      append: 'console=ttyS0 quiet',
      memoryMiB: 256,
      drives: [{ image: new Uint8Array(1 << 19), serial: 'disk-1' }],
      ...options,
      timeoutMs: BOOT_TIMEOUT_MS,
    });
  });
  afterAll(() => {
    vm?.machine.end(0);
  });

  test('is Linux, and found its devices', async () => {
    expect((await vm.sh('uname -sm')).stdout).toBe('Linux riscv64\n');
    const { stdout } = await vm.sh('cat /sys/block/vda/serial; cat /sys/bus/virtio/devices/*/device');
    expect(stdout).toBe('disk-10x0002\n0x0003\n0x0004\n');
  });

  test('writes and reads its disk through the page cache', async () => {
    const { stdout } = await vm.sh(
      'dd if=/dev/urandom of=/dev/vda bs=64k count=8 2>/dev/null; sync; md5sum </dev/vda; ' +
        'echo 3 >/proc/sys/vm/drop_caches; md5sum </dev/vda',
    );
    const [first, second] = stdout.trimEnd().split('\n');
    expect(first).toMatch(/^[0-9a-f]{32}/);
    expect(second).toBe(first);
  });

  test('discards its disk', async () => {
    const { stdout } = await vm.sh(
      'blkdiscard /dev/vda; echo 3 >/proc/sys/vm/drop_caches; tr -d "\\0" </dev/vda | wc -c',
    );
    expect(stdout).toBe('0\n');
  });

  test('takes random bytes and the time of day from its devices', async () => {
    expect((await vm.sh('head -c 8 /dev/hwrng | wc -c')).stdout).toBe('8\n');
    expect((await vm.sh('date -u +%Y-%m-%d')).stdout).toBe('2026-01-01\n');
  });

  test('can be rolled back and forked', async () => {
    const moment = vm.snapshot();
    await vm.sh('echo changed >/tmp/f; dd if=/dev/zero of=/dev/vda bs=4k count=1 2>/dev/null; sync');
    vm.restore(moment);
    expect((await vm.sh('cat /tmp/f')).exitCode).toBe(1);
    vm.restore(moment);
    const fork = vm.fork(moment);
    const inputs = [vm, fork].map(each => each.sh('wc -c; cat /proc/uptime', { stdin: 'x'.repeat(100_000) }));
    const [here, there] = await Promise.all(inputs);
    expect(here!.stdout).toMatch(/^100000\n/);
    expect(there).toEqual(here);
  });
});
