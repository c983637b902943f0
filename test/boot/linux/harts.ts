/** Harts that Linux stops and starts again (HSM), and a machine that it resets (SRST), under either firmware. */
import { expect, test } from 'vitest';
import type { Vm } from '../../../emulator/host/node/index.ts';

const TIMEOUT_MS = 60_000;
const CPUS = '/sys/devices/system/cpu';
/** The hart that a shell ran on last (proc_pid_stat(5), field 39). */
const WHERE = "cut -d ' ' -f 39 /proc/self/stat";

export function takesHartsAwayAndBack(vm: Vm, harts: number): void {
  const others = Array.from({ length: harts - 1 }, (_, i) => i + 1);
  const whereEachRuns = async (ids: readonly number[]): Promise<string> =>
    (await vm.sh(ids.map(id => `taskset -c ${id} ${WHERE}`).join('; '))).stdout;

  test('takes harts away, and brings them back', async () => {
    const from = vm.console.length;
    await vm.sh(others.map(id => `echo 0 >${CPUS}/cpu${id}/online`).join('; '));
    expect((await vm.sh(`cat ${CPUS}/online; nproc`)).stdout).toBe('0\n1\n');
    // The kernel asks the firmware for each one's state before it says so.
    for (const id of others) expect(vm.console.slice(from)).toContain(`CPU${id}: off`);
    expect(vm.console).not.toContain('may not have stopped');
    expect((await vm.sh(`taskset -c 1 true`)).exitCode).toBe(1);

    await vm.sh([...others].reverse().map(id => `echo 1 >${CPUS}/cpu${id}/online`).join('; ')); // prettier-ignore
    expect((await vm.sh(`cat ${CPUS}/online; nproc`)).stdout).toBe(`0-${harts - 1}\n${harts}\n`);
    expect(await whereEachRuns([0, ...others])).toBe([0, ...others].map(id => `${id}\n`).join(''));
  });

  test('does so again and again below programs that run there', async () => {
    const programs = others.map(() => '(while [ ! -e /tmp/enough ]; do md5sum /bin/busybox; done) &').join(' ');
    const turn = others.map(id => `echo 0 >${CPUS}/cpu${id}/online; echo 1 >${CPUS}/cpu${id}/online`).join('; ');
    const { stdout } = await vm.sh(
      `(${programs} for i in 1 2 3 4 5; do ${turn}; done; touch /tmp/enough; wait) | sort | uniq -c | wc -l; cat ${CPUS}/online`,
      { timeoutMs: TIMEOUT_MS },
    );
    // Every sum was the same one.
    expect(stdout).toBe(`1\n0-${harts - 1}\n`);
  });
}

export function reboots(vm: Vm, harts: number): void {
  test('reboots, and its harts come up again', async () => {
    const fork = vm.fork();
    const from = fork.console.length;
    // One that is off, and three that run, find themselves before the firmware again.
    fork.type(`echo 0 >${CPUS}/cpu1/online; reboot -f\n`);
    await fork.waitForConsole(/CPU1: off[^]*reboot: Restarting system/, TIMEOUT_MS, from);
    await fork.waitForConsole(/Linux version [^]*SBI HSM extension detected/, TIMEOUT_MS, from);
    const up = new RegExp(`smp: Brought up 1 node, ${harts} CPUs`);
    await fork.waitForConsole(up, TIMEOUT_MS, from);
    fork.machine.end(0);
  });
}
