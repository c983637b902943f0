/** The end of a guest, and what it leaves on its disk, by e2fsprogs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Vm } from '../../../emulator/host/node/index.ts';
import { debianLinux } from '../../../tools/debian/linux.ts';
import { judgeRoot } from './root.ts';

const TIMEOUT_MS = 60_000;

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** @param kept the md5 of what stands in further files of the root, by path */
export function powersOff(vm: Vm, kept: Readonly<Record<string, string>> = {}): void {
  test(
    'writes to its root, powers off, and leaves it clean, with what it wrote',
    async () => {
      await vm.sh(
        'cp -a /bin /mnt/copy; rm -r /mnt/copy; cp /bin/busybox /mnt/kept; echo kept >/mnt/line; sync; mount -o remount,ro /',
      );
      vm.type('poweroff -f\n');
      expect(await vm.waitForExit()).toBe(0);
      const [disk] = vm.machine.config.devices;
      if (disk?.kind !== 'blk') throw new Error('the first device is no disk');
      const wanted: Record<string, string> = {
        '/mnt/line': md5(Buffer.from('kept\n')),
        '/mnt/kept': md5(readFileSync(debianLinux()!.busybox)),
        ...kept,
      };
      const { fsck, md5s } = judgeRoot(disk.backend, Object.keys(wanted));
      expect(fsck).toMatchObject({ status: 0 });
      expect(md5s).toEqual(wanted);
    },
    TIMEOUT_MS,
  );
}
