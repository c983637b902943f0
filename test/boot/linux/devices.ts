/** Linux's own drivers of virtio devices and the clock, and a machine that goes back to a moment below them. */
import { expect, test } from 'vitest';
import type { Vm } from '../../../emulator/host/node/index.ts';

const DROP_CACHES = 'echo 3 >/proc/sys/vm/drop_caches';

/** @param ids virtio device ids, in the order in which the guest numbers them */
export function drivesItsDevices(vm: Vm, ids: readonly number[]): void {
  test('found its devices', async () => {
    const { stdout } = await vm.sh('cat /sys/block/vdb/serial; cat /sys/bus/virtio/devices/*/device');
    expect(stdout).toBe(`disk-1${ids.map(id => `0x000${id}\n`).join('')}`);
  });

  test('writes and reads its disk through the page cache', async () => {
    const { stdout } = await vm.sh(
      `dd if=/dev/urandom of=/dev/vdb bs=64k count=8 2>/dev/null; sync; md5sum </dev/vdb; ${DROP_CACHES}; md5sum </dev/vdb`,
    );
    const [first, second] = stdout.trimEnd().split('\n');
    expect(first).toMatch(/^[0-9a-f]{32}/);
    expect(second).toBe(first);
  });

  test('discards its disk', async () => {
    const { stdout } = await vm.sh(`blkdiscard /dev/vdb; ${DROP_CACHES}; tr -d "\\0" </dev/vdb | wc -c`);
    expect(stdout).toBe('0\n');
  });

  test('takes random bytes and the time of day from its devices', async () => {
    expect((await vm.sh('head -c 8 /dev/hwrng | wc -c')).stdout).toBe('8\n');
    expect((await vm.sh('date -u +%Y-%m-%d')).stdout).toBe('2026-01-01\n');
  });
}

export function canBeRolledBackAndForked(vm: Vm): void {
  test('can be rolled back and forked', async () => {
    const moment = vm.snapshot();
    await vm.sh('echo changed >/tmp/rolled-back; dd if=/dev/zero of=/dev/vdb bs=4k count=1 2>/dev/null; sync');
    vm.restore(moment);
    expect((await vm.sh('cat /tmp/rolled-back')).exitCode).toBe(1);
    vm.restore(moment);
    const fork = vm.fork(moment);
    const inputs = [vm, fork].map(each => each.sh('wc -c; cat /proc/uptime', { stdin: 'x'.repeat(100_000) }));
    const [here, there] = await Promise.all(inputs);
    fork.machine.end(0);
    expect(here!.stdout).toMatch(/^100000\n/);
    expect(there).toEqual(here);
  });
}
