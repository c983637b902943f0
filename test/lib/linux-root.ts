/** An ext4 root for Debian's Linux, made and checked by e2fsprogs, and the initrd that switches to it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtImage } from '../../emulator/host/node/files.ts';
import type { NamedBytes } from '../../emulator/machine/config.ts';
import type { BlockBackend } from '../../emulator/storage/block-backend.ts';
import type { LinuxGuest } from './linux-guest.ts';

/** What Debian's kernel needs to reach an ext4 on a virtio disk; virtio-pci is built in. */
const MODULES = ['virtio_mmio', 'virtio_blk', 'crc16', 'crc32c_generic', 'mbcache', 'jbd2', 'ext4'];

const SWITCH_ROOT = `until [ -b /dev/vda ]; do sleep 0.05; done
mount -t ext4 /dev/vda /root
umount /proc /sys
exec switch_root /root /sbin/init
`;

/** The agent beside a shell on the console that comes back when it is left. */
const INIT = `#!/bin/busybox sh
export PATH=/bin:/sbin
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev 2>/dev/null
busybox mount -t tmpfs tmpfs /tmp
busybox --install -s /bin
/agent /dev/hvc0 &
while :; do setsid cttyhack sh -i; done
`;

export function hasE2fsprogs(): boolean {
  return spawnSync('mke2fs', ['-V']).status === 0 && spawnSync('e2fsck', ['-V']).status === 0;
}

export function linuxRootInitrd(linux: LinuxGuest): NamedBytes {
  return linux.initrd(MODULES, {}, SWITCH_ROOT);
}

/** @param files by path, further ones; each may be run */
export function linuxRootImage(
  linux: LinuxGuest,
  sizeMiB: number,
  files: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'strata-root-'));
  try {
    const root = join(folder, 'root');
    for (const name of ['bin', 'sbin', 'dev', 'proc', 'sys', 'tmp', 'mnt'])
      mkdirSync(join(root, name), { recursive: true });
    copyFileSync(linux.busybox, join(root, 'bin/busybox'));
    copyFileSync(builtImage('strata'), join(root, 'agent'));
    writeFileSync(join(root, 'sbin/init'), INIT);
    for (const [path, contents] of Object.entries(files)) writeFileSync(join(root, path), contents);
    execFileSync('chmod', ['-R', '755', root]);
    const image = join(folder, 'root.img');
    execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', root, '-E', 'root_owner=0:0', image, `${sizeMiB}M`]);
    return readFileSync(image);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What e2fsck says of a disk that nobody writes to any more: its status, 0 for clean, and its words. */
export function fsck(disk: BlockBackend): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'strata-fsck-'));
  try {
    const bytes = new Uint8Array(disk.sizeBytes);
    disk.read(0, bytes);
    const image = join(folder, 'disk.img');
    writeFileSync(image, bytes);
    const { status, stdout, stderr } = spawnSync('e2fsck', ['-fn', image], { encoding: 'utf8' });
    return { status, output: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
