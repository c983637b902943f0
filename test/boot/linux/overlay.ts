/** The overlay scripts on Linux's own overlayfs, in our machine, with our own sh and getfattr where busybox has none. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Vm } from '../../../emulator/host/node/index.ts';
import { reportCases } from '../../lib/guest-script.ts';
import { parseKtap, type KtapReport } from '../../lib/ktap.ts';
import type { LinuxGuest } from '../../lib/linux-guest.ts';
import { overlayScripts } from '../../overlay/scripts.ts';

const SCRIPTS = 'test/overlay';
const SCRIPT_TIMEOUT_MS = 300_000;

/** What the scripts need in the root. */
export function overlayFiles(linux: LinuxGuest): Record<string, Uint8Array> {
  const names = readdirSync(SCRIPTS).filter(name => name.endsWith('.sh'));
  return {
    'mnt/overlay.ko': linux.module('overlay'),
    ...Object.fromEntries(names.map(name => [`mnt/${name}`, readFileSync(join(SCRIPTS, name))])),
  };
}

/** To be run before tests are declared: each line of a report is one. */
export async function runOverlayScripts(vm: Vm): Promise<[name: string, report: KtapReport][]> {
  // busybox has no getfattr; ours runs on Linux too.
  await vm.sh('insmod /mnt/overlay.ko; for name in getfattr setfattr; do ln -sf /agent /bin/$name; done');
  const reports: [string, KtapReport][] = [];
  for (const { name } of overlayScripts()) {
    const { stdout } = await vm.sh(`sh /mnt/${name}.sh 2>&1`, { timeoutMs: SCRIPT_TIMEOUT_MS });
    reports.push([name, parseKtap(stdout)]);
  }
  return reports;
}

export function passesOverlayScripts(reports: readonly (readonly [string, KtapReport])[]): void {
  for (const [name, report] of reports) reportCases(`${name} on Debian's overlayfs`, report);
}
