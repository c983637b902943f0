/** A machine with the hostile program of guest/syscalls.ts, and what one run of it leaves behind. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boot, type Vm } from '../../emulator/host/node/index.ts';
import { writeExt4 } from '../../tools/image/ext4-writer.ts';
import { treeOf } from '../../tools/image/manifest.ts';

const COUNT_OBJECTS = 'sync; echo 3 > /proc/sys/vm/drop_caches; cat /proc/strata | cat';
/** Guest time for one run. */
const RUN_TIMEOUT_MS = 600_000;
const SOURCE = 'test/fuzz/guest/syscalls.ts';

export interface HostileRun {
  readonly exitCode: number;
  /** Counts of kernel objects that differ, or ''. */
  readonly leak: string;
  /** What `echo ok` says afterwards. */
  readonly after: string;
}

/** Boots with the program as /tmp/hostile/syscalls. */
export async function bootHostile(append = ''): Promise<Vm> {
  const image = programImage();
  const vm = await boot({
    append,
    drives: [
      { image: 'images/out/rootfs.img', isReadOnly: true },
      { image, isReadOnly: true },
    ],
  });
  await vm.sh('mkdir -p /tmp/hostile && mount -t ext4 -o ro /dev/vdb /tmp/hostile');
  return vm;
}

/** `cases` children from `seed` on, `calls` system calls each. */
export async function runHostile(vm: Vm, seed: number, cases: number, calls: number, more = ''): Promise<HostileRun> {
  const run = `/tmp/hostile/syscalls ${seed} ${cases} ${calls} ${more}`;
  // Once for what the first run leaves in caches and tables for good: a leak grows.
  await vm.sh(run, { timeoutMs: RUN_TIMEOUT_MS });
  await vm.sh(`seq 4000; ${COUNT_OBJECTS}`);
  const before = (await vm.sh(COUNT_OBJECTS)).stdout.split('\n');
  const { exitCode } = await vm.sh(run, { timeoutMs: RUN_TIMEOUT_MS });
  const after = (await vm.sh(COUNT_OBJECTS)).stdout.split('\n');
  const changes = after.map((line, i) => (line === before[i] ? '' : `${before[i]} -> ${line}`));
  const leak = changes.filter(change => change !== '').join('\n');
  return { exitCode, leak, after: (await vm.sh('echo ok')).stdout };
}

function programImage(): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'strata-hostile-'));
  try {
    const program = join(dir, 'syscalls');
    execFileSync(process.execPath, ['bin/asrv', SOURCE, '-o', program], { stdio: 'inherit' });
    const sources = { read: (path: string) => new Uint8Array(readFileSync(path)), list: () => [] };
    const manifest = { label: 'hostile', entries: [{ path: '/syscalls', source: program, mode: '755' }] };
    return writeExt4(treeOf(manifest, sources, 0), { uuid: new Uint8Array(16), label: 'hostile', time: 0 });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
