/**
 * Snapshot files of machines of every make: buses, virtio versions, harts, extensions, network cards. Each is loaded in the
 * middle of its work and has the future that the saved one has, to the instruction.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtImage, FileBackend } from '../../emulator/host/node/files.ts';
import { boot, nodeSockets, Vm, type BootOptions } from '../../emulator/host/node/index.ts';
import { DEFAULT_FEATURES } from '../../emulator/isa/extensions.ts';
import type { SnapshotHost } from '../../emulator/machine/snapshot/configuration.ts';
import { MemoryBackend } from '../../emulator/storage/memory-backend.ts';
import { linuxGuest } from '../lib/linux-guest.ts';

const hasImages = existsSync(builtImage('rootfs.img')) && existsSync(builtImage('kernel.elf'));
const DISK = new Uint8Array(64 * 1024).fill(0x61);

function look({ machine, console, instret }: Vm): unknown {
  const ram = createHash('sha256').update(machine.ram.u8).digest('hex');
  const state = createHash('sha256').update(machine.saveState()).digest('hex');
  return { console, instret, nowMs: machine.nowMs, ram, state };
}

/** The same work in the saved machine and in two that are made of its file. */
async function expectOneFuture(vm: Vm, host: SnapshotHost, work: string): Promise<void> {
  const file = vm.save();
  const twins = [Vm.load(file, host), Vm.load(file, host)];
  // toEqual takes minutes for megabytes.
  expect(Buffer.compare(twins[0]!.save(), file)).toBe(0);
  const futures: unknown[] = [];
  for (const each of [vm, ...twins]) {
    const result = await each.sh(work);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    futures.push([result, look(each)]);
    if (each !== vm) each.machine.end(0);
  }
  expect(futures[1]).toEqual(futures[0]);
  expect(futures[2]).toEqual(futures[0]);
}

const MAKES: readonly (readonly [string, BootOptions])[] = [
  ['all on PCI, two harts, a network card', { bus: 'pci', harts: 2, net: {} }],
  ['virtio-mmio version 1, a network card on PCI', { isVirtioLegacy: true, net: { bus: 'pci' } }],
  ['virtio-mmio version 2, four harts', { isVirtioLegacy: false, harts: 4, net: { bus: 'mmio' } }],
  [
    'no Zba to Zbs, no Sstc',
    { cpu: { ...DEFAULT_FEATURES, zba: false, zbb: false, zbc: false, zbs: false, sstc: false } },
  ],
];

describe.skipIf(!hasImages)('our kernel', () => {
  const host: SnapshotHost = {
    openDrive: (_drive, nth) =>
      nth === 0 ? new FileBackend(builtImage('rootfs.img'), true) : new MemoryBackend(DISK, true),
  };

  test.each(MAKES)('%s', async (_name, options) => {
    const vm = await boot({
      ...options,
      drives: [{ image: builtImage('rootfs.img'), isReadOnly: true }, { image: DISK }],
    });
    vm.type('i=0; while [ $i -lt 9 ]; do echo $i; i=$((i+1)); done | tee /tmp/t | dd of=/dev/vdb bs=1; sync\n');
    await vm.runFor(7);
    await expectOneFuture(
      vm,
      host,
      'until [ -s /tmp/t ]; do sleep 0.01; done; head -c 30 /dev/vdb | od -c; head -c 8 /dev/urandom | od -x; cat /proc/uptime',
    );
    vm.machine.end(0);
  });
});

const linux = linuxGuest();

describe.skipIf(!linux)("Debian's Linux on two harts, its disk, random numbers and network on PCI", () => {
  const MODULES = ['virtio_blk', 'virtio-rng', 'failover', 'net_failover', 'virtio_net'];
  const ECHO_PORT = 9;
  let vm: Vm;
  const host: SnapshotHost = { openDrive: () => new MemoryBackend(DISK, true), sockets: nodeSockets };

  beforeAll(async () => {
    vm = await boot({
      kernel: linux!.kernel,
      initrd: linux!.initrd(MODULES),
      append: 'console=ttyS0 quiet',
      memoryMiB: 256,
      harts: 2,
      bus: 'pci',
      drives: [{ image: DISK }],
      net: { hostfwd: [`tcp:127.0.0.1:0-:${ECHO_PORT}`] },
    });
    await vm.sh('ip link set lo up; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0');
    await vm.sh(
      `nc -ll -p ${ECHO_PORT} -e cat </dev/null >/dev/null 2>&1 & until netstat -ltn | grep -q ":${ECHO_PORT} "; do sleep 0.01; done`,
    );
  }, 120_000);
  afterAll(() => {
    vm?.machine.end(0);
  });

  test('has one future', async () => {
    expect((await vm.sh('grep -c processor /proc/cpuinfo')).stdout).toBe('2\n');
    // Loaded itself: our end of the agent's channel numbers commands, and begins anew after a load.
    await expectOneFuture(
      Vm.load(vm.save(), host),
      host,
      '(md5sum /bin/busybox; echo a) | cat; (md5sum /init & md5sum /agent; wait) | sort; dd if=/dev/hwrng of=/dev/vda bs=512 count=1 2>/dev/null; sync; md5sum /dev/vda; cat /proc/uptime',
    );
  }, 120_000);

  test('a connection of the host is reset by a load, and hostfwd leads in again', async () => {
    const call = async (each: Vm, word: string): Promise<{ answer: string; end: Promise<void> }> => {
      const socket = connect({ port: await each.forwardedPort(ECHO_PORT), host: '127.0.0.1' });
      const end = new Promise<void>(resolve => {
        socket.on('error', () => {});
        socket.on('close', () => resolve());
      });
      socket.write(word);
      const [echo] = (await each.runUntil(once(socket, 'data'))) as [Buffer];
      return { answer: echo.toString(), end };
    };
    const open = await call(vm, 'before');
    expect(open.answer).toBe('before');
    const file = vm.save();
    const loaded = Vm.load(file, host);
    // What was open to the saved machine's guest is open to nobody here: the guest of the loaded one hears of it.
    const established = `netstat -tn | grep -c ":${ECHO_PORT} .*ESTABLISHED"`;
    expect((await vm.sh(established)).stdout).toBe('1\n');
    expect((await loaded.sh(`sleep 1; ${established}`)).stdout).toBe('0\n');
    expect((await call(loaded, 'after')).answer).toBe('after');
    loaded.machine.end(0);
    vm.machine.end(0);
    await open.end;
  }, 120_000);
});
