/**
 * Debian's unmodified Linux as a guest of tests and benches: its kernel, its modules, and initrds of Debian's static
 * busybox whose init loads some of them.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpioArchive, type CpioEntry } from '../image/cpio.ts';
import { debianKernelPackage, debianPackage } from './packages.ts';

const MODULE_BYTES_MAX = 64 << 20;
const FOLDERS = ['bin', 'dev', 'proc', 'sys', 'modules', 'root', 'tmp'];

/** What every init begins with: busybox's programs by name, and the modules. */
const SET_UP = `/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev 2>/dev/null
/bin/busybox --install -s /bin
for module in /modules/*; do insmod $module; done
`;

export interface InitrdOptions {
  /** By name, in the order to load them. */
  readonly modules: readonly string[];
  /** Lines of init: those that come first of all, and those that come last. */
  readonly first?: string;
  readonly then: string;
  /** By path, further ones; each may be run. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

export interface DebianLinux {
  /** The kernel's file. */
  readonly kernel: string;
  /** The file of Debian's static busybox. */
  readonly busybox: string;
  /** The contents of one of the kernel's modules. */
  module(name: string): Uint8Array;
  /** A cpio archive. */
  initrd(options: InitrdOptions): Uint8Array;
}

/** Null where Debian's packages are not to be had. */
export function debianLinux(): DebianLinux | null {
  const linux = debianKernelPackage();
  const busyboxPackage = debianPackage('busybox-static');
  if (linux === null || busyboxPackage === null) return null;
  const kernelName = readdirSync(join(linux, 'boot')).find(file => file.startsWith('vmlinu'))!;
  const busybox = join(busyboxPackage, 'usr/bin/busybox');
  const paths = readdirSync(linux, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.ko.xz'));
  const module = (name: string): Uint8Array => {
    const path = paths.find(candidate => candidate.endsWith(`/${name}.ko.xz`));
    if (path === undefined) throw new Error(`Debian's kernel has no module ${name}`);
    return execFileSync('xz', ['-dc', join(linux, path)], { maxBuffer: MODULE_BYTES_MAX });
  };
  return {
    kernel: join(linux, 'boot', kernelName),
    busybox,
    module,
    initrd: ({ modules, first = '', then, files = {} }) => {
      const entries: CpioEntry[] = FOLDERS.map(path => ({ path }));
      entries.push({ path: 'init', contents: Buffer.from(`#!/bin/busybox sh\n${first}${SET_UP}${then}`) });
      entries.push({ path: 'bin/busybox', contents: readFileSync(busybox) });
      modules.forEach((name, i) => {
        entries.push({ path: `modules/${String(i).padStart(2, '0')}-${name}.ko`, contents: module(name) });
      });
      for (const [path, contents] of Object.entries(files)) entries.push({ path, contents });
      return cpioArchive(entries);
    },
  };
}
