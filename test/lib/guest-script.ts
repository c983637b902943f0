/**
 * Overlay scripts in a guest: our kernel on our machine, or on QEMU. Every KTAP line becomes one vitest case. The
 * scripts stand on a disk of their own; on our machine each one starts from a booted machine rolled back in place.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { boot, type Vm } from '../../emulator/host/node/index.ts';
import { buildImage } from '../../tools/image/cli.ts';
import { parseKtap, type KtapReport } from './ktap.ts';

const SCRIPTS = fileURLToPath(new URL('../overlay/', import.meta.url));
const ROOTFS = fileURLToPath(new URL('../../images/out/rootfs.img', import.meta.url));
/** Guest time for one script. */
export const SCRIPT_TIMEOUT_MS = 120_000;
/** Where a guest finds the scripts, once `MOUNT_SCRIPTS` has run. */
export const MOUNT_SCRIPTS = 'mkdir -p /tmp/scripts && mount -t ext4 -o ro /dev/vdb /tmp/scripts';
/** What has to be as before when a script has ended: free pages and live kernel objects. */
const COUNT_OBJECTS = 'sync; echo 3 > /proc/sys/vm/drop_caches; cat /proc/strata | cat';

/** An ext4 image with test/overlay/*.sh. */
export function scriptsImage(): Uint8Array {
  const names = readdirSync(SCRIPTS).filter(name => name.endsWith('.sh'));
  const entries = names.map(name => ({ path: `/${name}`, source: name, mode: '755' }));
  return buildImage({ label: 'scripts', entries }, SCRIPTS);
}

/** The command that runs a script; with `lowers`, its lower trees are on that disk. */
export function scriptCommand(name: string, lowers = ''): string {
  return `LOWER_FS=${lowers} LOWER_DIR=${name} sh /tmp/scripts/${name}.sh 2>&1`;
}

/** An ext4 image of the lower trees of `names`, made by mke2fs from what the scripts themselves fill; needs root. */
export function lowersImage(names: readonly string[]): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'strata-lower-'));
  try {
    const tree = join(dir, 'tree');
    const image = join(dir, 'lower.img');
    for (const name of names) {
      execFileSync('sh', [join(SCRIPTS, `${name}.sh`), 'fill', join(tree, name)], { stdio: 'pipe' });
    }
    writeFileSync(image, '');
    execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', tree, image, '16M'], { stdio: 'pipe' });
    return readFileSync(image);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A machine with the scripts mounted. */
export async function bootWithScripts(more: Uint8Array[] = []): Promise<Vm> {
  const vm = await boot({
    drives: [
      { image: ROOTFS, isReadOnly: true },
      { image: scriptsImage(), isReadOnly: true },
      ...more.map(image => ({ image, isReadOnly: true })),
    ],
  });
  const r = await vm.sh(MOUNT_SCRIPTS);
  if (r.exitCode !== 0) throw new Error(`the guest cannot mount the scripts: ${r.stderr}`);
  return vm;
}

/** Runs a script in `vm`; `leak` says which counts did not come back, or is ''. */
export async function runInVm(vm: Vm, name: string, lowers = ''): Promise<{ report: KtapReport; leak: string }> {
  // Once for what the first command of a machine leaves in caches for good, and for the agent's own heap.
  await vm.sh(`seq 4000; ${COUNT_OBJECTS}`);
  const before = await vm.sh(COUNT_OBJECTS);
  const { stdout } = await vm.sh(scriptCommand(name, lowers), { timeoutMs: SCRIPT_TIMEOUT_MS });
  const after = await vm.sh(COUNT_OBJECTS);
  return { report: parseKtap(stdout), leak: difference(before.stdout, after.stdout) };
}

/** Lines that differ, as `name: before -> after`. */
function difference(before: string, after: string): string {
  const old = before.split('\n');
  return after
    .split('\n')
    .map((line, i) => (line === old[i] ? '' : `${old[i]} -> ${line}`))
    .filter(line => line !== '')
    .join('\n');
}

/** One vitest case for each KTAP line. */
export function reportCases(title: string, report: KtapReport, more: () => void = () => {}): void {
  describe(title, () => {
    test('runs to its end', () => expect(report.problem).toBeNull());
    more();
    for (const c of report.cases) {
      test.skipIf(c.status === 'skip')(c.name, () => expect(c.status, c.detail).toBe('pass'));
    }
  });
}
