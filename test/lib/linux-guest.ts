/** Debian's unmodified Linux as a guest of tests: an initrd with some of its modules, busybox and our agent. */
import { existsSync, readFileSync } from 'node:fs';
import { builtImage } from '../../emulator/host/node/files.ts';
import type { NamedBytes } from '../../emulator/machine/config.ts';
import { debianLinux, type DebianLinux } from '../../tools/debian/linux.ts';

const RUN_AGENT = 'exec /agent /dev/hvc0\n';

export interface LinuxGuest extends Omit<DebianLinux, 'initrd'> {
  /**
   * @param modules by name, in the order to load them; @param files by path, further ones
   * @param then what init does at last, instead of becoming the agent
   */
  initrd(modules: readonly string[], files?: Readonly<Record<string, Uint8Array>>, then?: string): NamedBytes;
}

/** Null where Debian's packages or our own build are not to be had: the test skips by name. */
export function linuxGuest(): LinuxGuest | null {
  const linux = debianLinux();
  if (linux === null || !existsSync(builtImage('strata'))) return null;
  return {
    ...linux,
    initrd: (modules, files = {}, then = RUN_AGENT) => {
      const agent = readFileSync(builtImage('strata'));
      return { name: 'initrd', bytes: linux.initrd({ modules, then, files: { agent, ...files } }) };
    },
  };
}
