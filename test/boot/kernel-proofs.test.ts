/**
 * The riskiest promises of the kernel's model, asked by guest-kernel/user/proofs as process 1: on our machine, on QEMU, and
 * on a kernel that collects garbage after every call.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { powerOn } from '../../emulator/host/node/index.ts';
import { builtImage } from '../../emulator/host/node/files.ts';
import { writeExt4 } from '../../tools/image/ext4-writer.ts';
import { treeOf } from '../../tools/image/manifest.ts';
import { runAsc } from '../../tools/wasm2rv/assembly-script.ts';
import { compile } from '../../tools/wasm2rv/compile.ts';
import { link } from '../../tools/wasm2rv/link/link.ts';
import { hasQemu, QemuVm } from '../lib/qemu.ts';

const PROOFS = 22;
const CALM_PROOFS = 19;
const GUEST_MS = 120_000;

let image: Uint8Array;
let dir = '';

beforeAll(async () => {
  const { wasm, map } = await runAsc('guest-kernel/user/proofs/main.ts', 'user', '.');
  const program = link(compile(wasm), { target: 'user', unit: 'proofs', sourceMap: map }).elf;
  image = proofImage(program);
  dir = mkdtempSync(join(tmpdir(), 'proofs-'));
  writeFileSync(join(dir, 'proofs.img'), image);
}, 120_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A root with the program as /sbin/init and the directories that it mounts on. */
function proofImage(program: Uint8Array): Uint8Array {
  const entries = [
    { path: '/sbin' },
    { path: '/sbin/init', source: 'proofs', mode: '755' },
    { path: '/dev' },
    { path: '/dev/console', char: [5, 1] as [number, number], mode: '600' },
    { path: '/tmp', mode: '1777' },
  ];
  const tree = treeOf({ label: 'proofs', entries }, { read: () => program, list: () => [] }, 0);
  return writeExt4(tree, { uuid: new Uint8Array(16).fill(2), label: 'proofs', time: 0 });
}

/** The proofs that did not hold, and how many there were. */
function verdict(console: string): { failed: string[]; count: number } {
  const lines = console.split(/\r?\n/);
  return {
    failed: lines.filter(line => line.startsWith('not ok') || line.includes('panic')),
    count: lines.filter(line => /^ok \d/.test(line)).length,
  };
}

describe('the kernel model', () => {
  test('holds on our machine', async () => {
    const vm = powerOn({ drives: [{ image, isReadOnly: true }] });
    const status = await vm.waitForExit(GUEST_MS);
    expect({ status, ...verdict(vm.console) }).toEqual({ status: 0, failed: [], count: PROOFS });
  }, 120_000);

  test('holds with a collection after every call', async () => {
    const vm = powerOn({ drives: [{ image, isReadOnly: true }], append: 'strata.gcstress -- calm' });
    const status = await vm.waitForExit(GUEST_MS);
    expect({ status, ...verdict(vm.console) }).toEqual({ status: 0, failed: [], count: CALM_PROOFS });
  }, 120_000);

  test.skipIf(!hasQemu())(
    'holds on QEMU',
    async () => {
      const vm = await QemuVm.start({ kernel: builtImage('kernel.elf'), drives: [join(dir, 'proofs.img')] });
      try {
        expect(await vm.waitForExit(60_000)).toBe(0);
        expect(verdict(vm.console)).toEqual({ failed: [], count: PROOFS });
      } finally {
        vm.stop();
      }
    },
    120_000,
  );

  test('the end of init is a panic: a report with names and lines, and status 255', async () => {
    const vm = powerOn({ drives: [{ image, isReadOnly: true }], append: '-- end' });
    expect(await vm.waitForExit(GUEST_MS)).toBe(255);
    expect(vm.console).toMatch(/Kernel panic: attempted to kill init\r?\nBacktrace:/);
    expect(vm.console).toMatch(/ guest-kernel\/trap\/trap\/trapUser \(guest-kernel\/trap\/trap\.ts:\d+\)/);
  });

  test('an init that cannot be executed is told, and the usual places are tried', async () => {
    const vm = powerOn({ drives: [{ image, isReadOnly: true }], append: 'init=/dev/console -- calm' });
    await vm.waitForConsole(
      /Requested init \/dev\/console failed \(error -13\)\r?\n.*Run \/sbin\/init as init process/,
    );
  });
});
