/** Each kind of kernel bug, made on purpose (guest-kernel/boot/crash.ts): the report on the console, and status 255. */
import { describe, expect, test } from 'vitest';
import { powerOn } from '../../emulator/host/node/index.ts';
import { builtImage } from '../../emulator/host/node/files.ts';
import { hasQemu, QemuVm } from '../lib/qemu.ts';

const PANIC_STATUS = 255;
const GUEST_MS = 10_000;

/** What the report says, and the line of it that names the culprit. */
const BUGS: readonly [kind: string, message: RegExp, frame: RegExp][] = [
  ['assert', /asked for by strata\.crash at guest-kernel\/boot\/crash\.ts:\d+:\d+/, /hal\/panic\/kabort/],
  ['bounds', /Index out of range at ~lib\/staticarray\.ts:\d+:\d+/, /hal\/panic\/kabort/],
  ['unreachable', /unreachable/, /\(guest-kernel\/boot\/crash\.ts:\d+\)/],
  ['divide', /integer division by zero/, /\(guest-kernel\/boot\/crash\.ts:\d+\)/],
  ['call', /function table index out of bounds/, /\(guest-kernel\/boot\/crash\.ts:\d+\)/],
  ['null', /load page fault in the kernel/, /\(guest-kernel\/boot\/crash\.ts:\d+\)/],
  ['code', /store page fault in the kernel/, /\(guest-kernel\/boot\/crash\.ts:\d+\)/],
  ['constant', /store page fault in the kernel/, /\(guest-kernel\/boot\/crash\.ts:\d+\)/],
  ['stack', /kernel stack overflow/, /descend \(guest-kernel\/boot\/crash\.ts:\d+\)/],
];

/** From the first line of the report on. */
function report(console: string): string {
  return console.slice(Math.max(console.indexOf('Kernel panic: '), 0));
}

describe('a kernel bug', () => {
  test.each(BUGS)('%s', async (kind, message, frame) => {
    const vm = powerOn({ append: `strata.crash=${kind}` });
    expect(await vm.waitForExit(GUEST_MS)).toBe(PANIC_STATUS);
    const [first = '', ...rest] = report(vm.console).split(/\r?\n/);
    expect(first).toMatch(message);
    const trace = rest.slice(rest.indexOf('Backtrace:') + 1);
    expect(trace[kind === 'stack' ? 1 : 0]).toMatch(frame);
    expect(trace.some(line => line.includes('boot.high'))).toBe(kind !== 'stack');
  });

  test('registers are shown when it is a trap', async () => {
    const vm = powerOn({ append: 'strata.crash=null' });
    await vm.waitForExit(GUEST_MS);
    expect(report(vm.console)).toMatch(
      / {2}sepc ffffffff80[0-9a-f]{6} {2}sstatus [0-9a-f]{16} {2}scause 0{15}d {2}stval 0{16}\r?\n/,
    );
    expect(report(vm.console)).toMatch(/ {2}ra {3}ffffffff80[0-9a-f]{6} {2}sp {3}[0-9a-f]{16}/);
  });

  test.skipIf(!hasQemu())('ends QEMU with the same status', async () => {
    const vm = await QemuVm.start({
      kernel: builtImage('kernel.elf'),
      drives: [builtImage('rootfs.img')],
      append: 'strata.crash=stack',
    });
    try {
      expect(await vm.waitForExit()).toBe(PANIC_STATUS);
      expect(report(vm.console)).toMatch(/^Kernel panic: kernel stack overflow/);
    } finally {
      vm.stop();
    }
  });
});
