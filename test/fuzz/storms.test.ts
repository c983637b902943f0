/** Storms of guest/storms.ts on our machine: each is survived, and no page and no object is missing afterwards. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Vm, VmSnapshot } from '../../emulator/host/node/index.ts';
import { boot } from '../../emulator/host/node/index.ts';
import { programImage } from './guest-program.ts';
import { COUNT_OBJECTS } from './syscalls-vm.ts';

const STORMS = ['arguments', 'pipes', 'tree', 'mounts', 'links', 'sparse', 'descriptors'];
/** Per cent of the RAM that a program gets after a storm of objects. */
const LARGE = 85;
/** Names in it: a fifth of the RAM. */
const NAMES = 20_000;

let vm: Vm;
let ready: VmSnapshot;
beforeAll(async () => {
  const drives = [
    { image: 'images/out/rootfs.img', isReadOnly: true },
    { image: programImage('storms'), isReadOnly: true },
  ];
  vm = await boot({ memoryMiB: 64, drives });
  await vm.sh('mkdir -p /tmp/s && mount -t ext4 -o ro /dev/vdb /tmp/s');
  ready = vm.snapshot();
}, 60_000);

async function storm(command: string): Promise<{ exitCode: number; stdout: string }> {
  const { exitCode, stdout } = await vm.sh(`/tmp/s/storms ${command}`, { timeoutMs: 600_000 });
  return { exitCode, stdout };
}

describe('a storm of', () => {
  test.each(STORMS)('%s', { timeout: 120_000 }, async name => {
    vm.restore(ready);
    // The first leaves what caches and tables keep for good, and the agent's garbage grows to its usual size.
    const first = await storm(name);
    expect(first.exitCode, first.stdout).toBe(0);
    await vm.sh(`seq 4000; ${COUNT_OBJECTS}`);
    const before = (await vm.sh(COUNT_OBJECTS)).stdout;
    expect((await storm(name)).exitCode).toBe(0);
    expect((await vm.sh(COUNT_OBJECTS)).stdout).toBe(before);
  });

  test('objects, and the RAM is there for large programs again', { timeout: 60_000 }, async () => {
    vm.restore(ready);
    const first = await storm(`objects ${LARGE} ${NAMES}`);
    expect(first.exitCode, first.stdout).toBe(0);
    const second = await storm(`objects ${LARGE} ${NAMES}`);
    expect(second.exitCode, second.stdout).toBe(0);
  });
});
