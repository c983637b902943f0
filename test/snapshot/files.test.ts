/** Snapshot files of the booted system: a machine made of a file has the future that the saved one had. */
import { existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { builtImage, FileBackend } from '../../emulator/host/node/files.ts';
import { boot, powerOn, type Vm } from '../../emulator/host/node/index.ts';
import type { SnapshotHost } from '../../emulator/machine/snapshot/configuration.ts';
import { MemoryBackend } from '../../emulator/storage/memory-backend.ts';
import { Vm as AnyVm } from '../../emulator/session/vm.ts';

const hasImages = existsSync(builtImage('rootfs.img')) && existsSync(builtImage('kernel.elf'));
const DISK = new Uint8Array(64 * 1024).fill(0x61);
const DRIVES = [{ image: builtImage('rootfs.img'), isReadOnly: true }, { image: DISK }];

const host: SnapshotHost = {
  openDrive: (_drive, nth) =>
    nth === 0 ? new FileBackend(builtImage('rootfs.img'), true) : new MemoryBackend(DISK, true),
};

function look({ machine, console, instret }: Vm): unknown {
  const ram = createHash('sha256').update(machine.ram.u8).digest('hex');
  const state = createHash('sha256').update(machine.saveState()).digest('hex');
  return { console, instret, nowMs: machine.nowMs, ram, state };
}

describe.skipIf(!hasImages)('a snapshot file', () => {
  let booted: Uint8Array;

  beforeAll(async () => {
    booted = (await boot({ drives: DRIVES })).save();
  });

  async function future(vm: Vm): Promise<unknown> {
    const result = await vm.sh(
      'echo x > /tmp/new; head -c 3 /dev/vdb; printf abc | dd of=/dev/vdb bs=3 seek=5000 2>/dev/null; cat /proc/uptime; head -c 8 /dev/urandom | od -x',
    );
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    return [result, look(vm)];
  }

  test('of the prompt has the same future each time it is loaded', async () => {
    const first = await future(AnyVm.load(booted, host));
    expect(await future(AnyVm.load(booted, host))).toEqual(first);
    const original = await boot({ drives: DRIVES });
    expect(await future(original)).toEqual(first);
  });

  test('is the same bytes again when it was loaded', () => {
    expect(AnyVm.load(booted, host).save()).toEqual(booted);
  });

  test.each([0, 1, 40, 100, 160])('of the boot after %i ms goes on to the instruction', async ms => {
    const vm = powerOn({ drives: DRIVES });
    if (ms > 0) await vm.runFor(ms);
    const file = vm.save();
    const twin = AnyVm.load(file, host);
    expect(look(twin)).toEqual(look(vm));
    await Promise.all([vm.runFor(150), twin.runFor(150)]);
    expect(look(twin)).toEqual(look(vm));
  });

  test('in the middle of a pipeline that writes to a disk goes on to the instruction', async () => {
    const vm = AnyVm.load(booted, host);
    vm.type(
      'i=0; while [ $i -lt 9 ]; do echo $i; i=$((i+1)); done | tee /tmp/t | dd of=/dev/vdb bs=1; sync; cat /tmp/t /dev/vdb | wc\n',
    );
    for (const ms of [3, 20, 20]) {
      await vm.runFor(ms);
      const twin = AnyVm.load(vm.save(), host);
      await Promise.all([vm.runFor(400), twin.runFor(400)]);
      expect(look(twin)).toEqual(look(vm));
      expect(await future(twin)).toEqual(await future(AnyVm.load(vm.save(), host)));
    }
  });
});
