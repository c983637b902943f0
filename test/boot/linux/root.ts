/** An ext4 root for Debian's Linux, made and checked by e2fsprogs, and the initrd that switches to it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtImage } from '../../../emulator/host/node/files.ts';
import type { NamedBytes } from '../../../emulator/machine/config.ts';
import type { BlockBackend } from '../../../emulator/storage/block-backend.ts';
import type { LinuxGuest } from '../../lib/linux-guest.ts';

/** What Debian's kernel needs to reach an ext4 on a virtio disk, and the random generator. */
const MODULES = ['virtio_blk', 'crc16', 'crc32c_generic', 'mbcache', 'jbd2', 'ext4', 'virtio-rng'];

const COPY_BYTES = 1 << 20;

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

/** @param more further modules to load */
export function linuxRootInitrd(linux: LinuxGuest, bus: 'mmio' | 'pci', more: readonly string[] = []): NamedBytes {
  // virtio-pci is built in.
  const transport = bus === 'mmio' ? ['virtio_mmio'] : [];
  return linux.initrd([...transport, ...MODULES, ...more], {}, SWITCH_ROOT);
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
    for (const name of ['bin', 'sbin', 'dev', 'proc', 'sys', 'tmp', 'mnt', 'etc'])
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

export interface RootJudgement {
  /** What e2fsck says: its status, 0 for clean, and its words. */
  readonly fsck: { readonly status: number | null; readonly output: string };
  /** Of the files asked for, by path. */
  readonly md5s: Readonly<Record<string, string>>;
}

/** What e2fsprogs say of a disk that nobody writes to any more. */
export function judgeRoot(disk: BlockBackend, files: readonly string[]): RootJudgement {
  const folder = mkdtempSync(join(tmpdir(), 'strata-fsck-'));
  try {
    const image = join(folder, 'disk.img');
    writeWholeDisk(disk, image);
    const { status, stdout, stderr } = spawnSync('e2fsck', ['-fn', image], { encoding: 'utf8' });
    const dumped = join(folder, 'dumped');
    const md5s = files.map(path => {
      execFileSync('debugfs', ['-R', `dump ${path} ${dumped}`, image], { stdio: 'ignore' });
      return [path, createHash('md5').update(readFileSync(dumped)).digest('hex')] as const;
    });
    return { fsck: { status, output: `${stdout}${stderr}` }, md5s: Object.fromEntries(md5s) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeWholeDisk(disk: BlockBackend, path: string): void {
  const file = openSync(path, 'w');
  const part = new Uint8Array(COPY_BYTES);
  for (let offset = 0; offset < disk.sizeBytes; offset += part.length) {
    const bytes = part.subarray(0, disk.sizeBytes - offset);
    disk.read(offset, bytes);
    writeSync(file, bytes);
  }
  closeSync(file);
}
