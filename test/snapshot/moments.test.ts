/** Moments of the booted system: the same future from the same moment, and forks that do not see each other. */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { builtImage } from '../../emulator/host/node/files.ts';
import { boot, type Vm, type VmSnapshot } from '../../emulator/host/node/index.ts';

const hasImages = existsSync(builtImage('rootfs.img')) && existsSync(builtImage('kernel.elf'));
const DISK_BYTES = 64 * 1024;

describe.skipIf(!hasImages)('a booted machine', () => {
  let vm: Vm;
  let moment: VmSnapshot;

  beforeAll(async () => {
    const root = { image: builtImage('rootfs.img'), isReadOnly: true };
    vm = await boot({ drives: [root, { image: new Uint8Array(DISK_BYTES) }] });
    moment = vm.snapshot();
  });

  /** What a run leaves to be seen: output, console, instructions, time. */
  async function future(machine: Vm): Promise<unknown[]> {
    const result = await machine.sh(
      'echo x > /tmp/new; ls -la /tmp; cat /proc/uptime; head -c 8 /dev/urandom | od -x; echo seen > /dev/console',
    );
    return [result, machine.console, machine.instret, machine.machine.nowMs];
  }

  test('has the same future each time it is rolled back, and in a fork', async () => {
    vm.restore(moment);
    const first = await future(vm);
    expect(first[0]).toMatchObject({ exitCode: 0, stderr: '' });
    vm.restore(moment);
    expect(await future(vm)).toEqual(first);
    expect(await future(vm.fork(moment))).toEqual(first);
  });

  test('boots the same way twice, to the instruction', async () => {
    const root = { image: builtImage('rootfs.img'), isReadOnly: true };
    const again = await boot({ drives: [root, { image: new Uint8Array(DISK_BYTES) }] });
    vm.restore(moment);
    expect([again.instret, again.console]).toEqual([vm.instret, vm.console]);
  });

  test('forgets files and disk blocks written since', async () => {
    vm.restore(moment);
    const looks = 'cat /tmp/f 2>/dev/null; head -c 3 /dev/vdb | od -c | head -n 1';
    const before = await vm.sh(looks);
    vm.restore(moment);
    await vm.sh('echo a > /tmp/f; printf abc | dd of=/dev/vdb bs=3 2>/dev/null; sync');
    expect((await vm.sh(looks)).stdout).toMatch(/^a\n.* a +b +c/);
    vm.restore(moment);
    expect(await vm.sh(looks)).toEqual(before);
  });

  test('does not see what its fork does, nor the other way round', async () => {
    vm.restore(moment);
    const fork = vm.fork(moment);
    const write = (letter: string): string =>
      `printf ${letter} | dd of=/dev/vdb bs=1 2>/dev/null; sync; echo ${letter} > /tmp/who`;
    await Promise.all([vm.sh(write('p')), fork.sh(write('c'))]);
    const look = 'cat /tmp/who; head -c 1 /dev/vdb';
    expect([(await vm.sh(look)).stdout, (await fork.sh(look)).stdout]).toEqual(['p\np', 'c\nc']);
  });

  test('serves several commands at once, and kills one that outlives its deadline', async () => {
    vm.restore(moment);
    const results = await Promise.all([3, 1, 2].map(n => vm.sh(`sleep 0.${n}; echo ${n}`)));
    expect(results.map(result => result.stdout)).toEqual(['3\n', '1\n', '2\n']);
    await expect(vm.sh('sleep 1000', { timeoutMs: 300 })).rejects.toThrow('300 ms of guest time');
    expect((await vm.sh('ps | grep -c "[s]leep 1000"')).stdout).toBe('0\n');
  });

  test('rejects what waits when the guest ends it', async () => {
    const fork = vm.fork(moment);
    const waits = [fork.sh('sleep 1000'), fork.waitForConsole(/never/)];
    const outcomes = Promise.allSettled([...waits, fork.sh('poweroff -f')]);
    expect(await fork.waitForExit()).toBe(0);
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected' });
  });
});
