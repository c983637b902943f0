/** Kernel operations in retired instructions: exact, and the same on every run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boot, type Vm } from '../../emulator/host/node/index.ts';
import { writeExt4 } from '../image/ext4-writer.ts';
import { treeOf, type Manifest } from '../image/manifest.ts';
import type { Figure } from './figures.ts';

/** Lower files for copy-up, 4 KiB each. */
const LOWER_FILES = 200;

/** name, guest operation, directory, how many. */
const OPERATIONS: readonly [string, string, string, number][] = [
  ['null system call', 'null', '/', 2000],
  ['fork + exec + wait', 'fork-exec-wait', '/', 20],
  ['pipe round trip', 'pipe', '/', 500],
  ['4 KiB read, tmpfs', 'read-4k', '/tmp', 500],
  ['4 KiB read, overlay', 'read-4k', '/root', 500],
  ['create + unlink, tmpfs', 'create-unlink', '/tmp', 300],
  ['create + unlink, overlay', 'create-unlink', '/root', 300],
  ['stat /etc/passwd, overlay', 'lookup', '/', 1000],
  ['open + close, overlay', 'open-close', '/', 500],
  ['copy-up of a 4 KiB file', 'copy-up', '/tmp/o/m', 100],
];

/** Instructions of one operation each. */
export async function callFigures(): Promise<Figure[]> {
  const vm = await boot({
    drives: [
      { image: 'images/out/rootfs.img', isReadOnly: true },
      { image: benchImage(), isReadOnly: true },
    ],
  });
  await must(vm, 'mkdir -p /tmp/b /tmp/o/u /tmp/o/w /tmp/o/m && mount -t ext4 -o ro /dev/vdb /tmp/b');
  await must(vm, 'mount -t tmpfs x /tmp/o && mkdir /tmp/o/u /tmp/o/w /tmp/o/m');
  await must(vm, 'mount -t overlay -o lowerdir=/tmp/b/lower,upperdir=/tmp/o/u,workdir=/tmp/o/w overlay /tmp/o/m');
  const ready = vm.snapshot();
  const figures: Figure[] = [];
  for (const [name, operation, dir, n] of OPERATIONS) {
    const spent: number[] = [];
    for (const times of [n, 2 * n]) {
      vm.restore(ready);
      const start = vm.instret;
      await must(vm, `/tmp/b/calls ${operation} ${times} ${dir}`);
      spent.push(vm.instret - start);
    }
    figures.push({ group: 'kernel', name, value: Math.round((spent[1]! - spent[0]!) / n), unit: 'instructions' });
  }
  return figures;
}

async function must(vm: Vm, command: string): Promise<void> {
  const r = await vm.sh(command);
  if (r.exitCode !== 0) throw new Error(`${command}: status ${r.exitCode}: ${r.stderr}`);
}

/** A disk with the guest program and files to copy up. */
function benchImage(): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'strata-bench-'));
  try {
    const program = join(dir, 'calls');
    execFileSync(process.execPath, ['bin/asrv', 'tools/bench/guest/calls.ts', '-o', program], { stdio: 'inherit' });
    const manifest: Manifest = {
      label: 'bench',
      entries: [
        { path: '/calls', source: program, mode: '755' },
        { path: '/lower' },
        ...Array.from({ length: LOWER_FILES }, (_, i) => ({ path: `/lower/f${i}`, text: 'x'.repeat(4096) })),
      ],
    };
    const sources = { read: (path: string) => new Uint8Array(readFileSync(path)), list: () => [] };
    return writeExt4(treeOf(manifest, sources, 0), { uuid: new Uint8Array(16), label: 'bench', time: 0 });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
