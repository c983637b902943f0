/** Debian's unmodified Linux as a guest: its kernel, and an initrd with some of its modules, busybox and our agent. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtImage } from '../../emulator/host/node/files.ts';
import type { NamedBytes } from '../../emulator/machine/config.ts';
import { cpioArchive, type CpioEntry } from './cpio.ts';
import { debianKernelPackage, debianPackage } from './debian.ts';

const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
for module in /modules/*; do insmod $module; done
exec /agent /dev/hvc0
`;

export interface LinuxGuest {
  /** The kernel's file. */
  readonly kernel: string;
  /** @param modules by name, in the order to load them; @param files by path, further ones */
  initrd(modules: readonly string[], files?: Readonly<Record<string, Uint8Array>>): NamedBytes;
}

/** Null where Debian's packages or our own build are not to be had: the test skips by name. */
export function linuxGuest(): LinuxGuest | null {
  const linux = debianKernelPackage();
  const busybox = debianPackage('busybox-static');
  if (linux === null || busybox === null || !existsSync(builtImage('strata'))) return null;
  const kernelName = readdirSync(join(linux, 'boot')).find(file => file.startsWith('vmlinu'));
  return {
    kernel: join(linux, 'boot', kernelName!),
    initrd: (modules, files = {}) => ({ name: 'initrd', bytes: initrd(linux, busybox, modules, files) }),
  };
}

function initrd(
  linux: string,
  busybox: string,
  modules: readonly string[],
  files: Readonly<Record<string, Uint8Array>>,
): Uint8Array {
  const found = readdirSync(linux, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.ko.xz'));
  const entries: CpioEntry[] = ['bin', 'dev', 'proc', 'sys', 'modules', 'tmp'].map(path => ({ path }));
  entries.push({ path: 'init', contents: Buffer.from(INIT) });
  entries.push({ path: 'bin/busybox', contents: readFileSync(join(busybox, 'usr/bin/busybox')) });
  entries.push({ path: 'agent', contents: readFileSync(builtImage('strata')) });
  modules.forEach((name, i) => {
    const path = found.find(module => module.endsWith(`/${name}.ko.xz`));
    if (path === undefined) throw new Error(`Debian's kernel has no module ${name}`);
    const contents = execFileSync('xz', ['-dc', join(linux, path)]);
    entries.push({ path: `modules/${String(i).padStart(2, '0')}-${name}.ko`, contents });
  });
  for (const [path, contents] of Object.entries(files)) entries.push({ path, contents });
  return cpioArchive(entries);
}
