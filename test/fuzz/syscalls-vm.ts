/** A machine with the hostile program of guest/syscalls.ts, and what one run of it leaves behind. */
import { boot, type Vm } from '../../emulator/host/node/index.ts';
import { programImage } from './guest-program.ts';

export const COUNT_OBJECTS = 'sync; echo 3 > /proc/sys/vm/drop_caches; cat /proc/strata | cat';
/** Guest time for one run. */
const RUN_TIMEOUT_MS = 600_000;

export interface HostileRun {
  readonly exitCode: number;
  /** Counts of kernel objects that differ, or ''. */
  readonly leak: string;
  /** What `echo ok` says afterwards. */
  readonly after: string;
}

/** Boots with the program as /tmp/hostile/syscalls. */
export async function bootHostile(append = ''): Promise<Vm> {
  const image = programImage('syscalls');
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
