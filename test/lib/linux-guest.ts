/** Debian's unmodified Linux as a guest: its kernel, and an initrd with some of its modules, busybox and our agent. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtImage } from '../../emulator/host/node/files.ts';
import type { NamedBytes } from '../../emulator/machine/config.ts';
import { cpioArchive, type CpioEntry } from '../../tools/image/cpio.ts';
import { debianKernelPackage, debianPackage } from '../../tools/debian/packages.ts';

const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
for module in /modules/*; do insmod $module; done
`;
const MODULE_BYTES_MAX = 64 << 20;
const RUN_AGENT = 'exec /agent /dev/hvc0\n';

export interface LinuxGuest {
  /** The kernel's file. */
  readonly kernel: string;
  /** Debian's static busybox. */
  readonly busybox: string;
  /** The contents of one of the kernel's modules. */
  module(name: string): Uint8Array;
  /**
   * @param modules by name, in the order to load them; @param files by path, further ones
   * @param then what init does at last, instead of becoming the agent
   */
  initrd(modules: readonly string[], files?: Readonly<Record<string, Uint8Array>>, then?: string): NamedBytes;
}

/** Null where Debian's packages or our own build are not to be had: the test skips by name. */
export function linuxGuest(): LinuxGuest | null {
  const linux = debianKernelPackage();
  const busybox = debianPackage('busybox-static');
  if (linux === null || busybox === null || !existsSync(builtImage('strata'))) return null;
  const kernelName = readdirSync(join(linux, 'boot')).find(file => file.startsWith('vmlinu'));
  const program = join(busybox, 'usr/bin/busybox');
  const paths = readdirSync(linux, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.ko.xz'));
  const module = (name: string): Uint8Array => {
    const path = paths.find(candidate => candidate.endsWith(`/${name}.ko.xz`));
    if (path === undefined) throw new Error(`Debian's kernel has no module ${name}`);
    return execFileSync('xz', ['-dc', join(linux, path)], { maxBuffer: MODULE_BYTES_MAX });
  };
  return {
    kernel: join(linux, 'boot', kernelName!),
    busybox: program,
    module,
    initrd: (modules, files = {}, then = RUN_AGENT) => {
      const entries: CpioEntry[] = ['bin', 'dev', 'proc', 'sys', 'modules', 'root', 'tmp'].map(path => ({ path }));
      entries.push({ path: 'init', contents: Buffer.from(INIT + then) });
      entries.push({ path: 'bin/busybox', contents: readFileSync(program) });
      entries.push({ path: 'agent', contents: readFileSync(builtImage('strata')) });
      modules.forEach((name, i) => {
        entries.push({ path: `modules/${String(i).padStart(2, '0')}-${name}.ko`, contents: module(name) });
      });
      for (const [path, contents] of Object.entries(files)) entries.push({ path, contents });
      return { name: 'initrd', bytes: cpioArchive(entries) };
    },
  };
}
