/** Debian's own Linux as a guest of the benches: its kernel, and an initrd whose init says that it runs and takes commands. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianKernelPackage, debianPackage } from '../debian/packages.ts';
import { cpioArchive, type CpioEntry } from '../image/cpio.ts';

const MODULES = ['virtio_mmio', 'virtio_blk'];

/** The first line of init. */
export const INIT_LINE = /init runs/;

/** A loop in place of an interactive shell: that one asks the terminal for its size behind each prompt. */
const INIT = `#!/bin/busybox sh
echo; echo init runs
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev 2>/dev/null
/bin/busybox --install -s /bin
dmesg -n 1
for module in /modules/*; do insmod $module; done
printf '# '
while read -r line; do eval "$line"; printf '# '; done
`;

export interface DebianLinux {
  /** Paths of files. */
  readonly kernel: string;
  readonly initrd: string;
}

/** Writes the initrd into the folder. Null where Debian's packages are not to be had; standard error says which. */
export function debianLinux(folder: string): DebianLinux | null {
  const linux = debianKernelPackage();
  const busybox = debianPackage('busybox-static');
  if (linux === null || busybox === null) {
    const missing = linux === null ? 'linux-image-riscv64' : 'busybox-static';
    process.stderr.write(`bench: Debian's ${missing} cannot be downloaded here: no rows of Linux\n`);
    return null;
  }
  const kernelName = readdirSync(join(linux, 'boot')).find(file => file.startsWith('vmlinu'))!;
  const initrd = join(folder, 'initrd');
  writeFileSync(initrd, cpioArchive(initrdEntries(linux, busybox)));
  return { kernel: join(linux, 'boot', kernelName), initrd };
}

function initrdEntries(linux: string, busybox: string): CpioEntry[] {
  const found = readdirSync(linux, { recursive: true, encoding: 'utf8' });
  return [
    ...['bin', 'dev', 'sys', 'modules'].map(path => ({ path })),
    { path: 'init', contents: Buffer.from(INIT) },
    { path: 'bin/busybox', contents: readFileSync(join(busybox, 'usr/bin/busybox')) },
    ...MODULES.map((name, i) => {
      const path = found.find(file => file.endsWith(`/${name}.ko.xz`));
      if (path === undefined) throw new Error(`Debian's kernel has no module ${name}`);
      return { path: `modules/${i}-${name}.ko`, contents: execFileSync('xz', ['-dc', join(linux, path)]) };
    }),
  ];
}
