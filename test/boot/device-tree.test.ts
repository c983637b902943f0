/**
 * The device tree of our board beside the one that QEMU's `virt` dumps, node by node and property by property, both as
 * dtc reads them. What differs stands here with its reason; nothing else may.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewOf } from '../../emulator/base/bytes.ts';
import { boot, builtImage } from '../../emulator/host/node/index.ts';
import { Machine } from '../../emulator/machine/machine.ts';
import { Program, R, testConfig } from '../../emulator/machine/test-kernel.ts';
import { hasQemu } from '../lib/qemu.ts';

const hasDtc = spawnSync('dtc', ['--version']).status === 0;

/** Nodes of QEMU's that we do not have, with all below them. */
const ABSENT: readonly RegExp[] = [];

/** Properties that differ on purpose: which, and what ours says. */
const OURS: readonly { readonly at: RegExp; readonly ours: RegExp | undefined }[] = [
  { at: /^\/chosen rng-seed$/, ours: /^<(0x[0-9a-f]+ ?){8}>$/ }, // random
  // QEMU's behind an h: the hypervisor extension.
  { at: /^\/cpus\/cpu@\d+ riscv,isa$/, ours: /^"rv64imafdc_zicsr_zifencei_zihintpause_zba_zbb_zbc_zbs_sstc"$/ },
  // Of its events, the counters here count cycles and instructions; QEMU's list TLB misses too, and end in a row of zeroes.
  { at: /^\/pmu riscv,event-to-mhpmcounters$/, ours: /^<0x01 0x01 0x7fff9 0x02 0x02 0x7fffc>$/ },
  { at: /^\/cpus\/cpu@\d+ mmu-type$/, ours: /^"riscv,sv57"$/ }, // QEMU's CPU has it, its tree says sv48
  // dtc warns when it is missing, as it is from QEMU's.
  { at: /^\/cpus\/cpu@\d+\/interrupt-controller #address-cells$/, ours: /^<0x00>$/ },
];

/** Where phandles stand among the cells of a property: the first, and every how many. */
const PHANDLES: Readonly<Record<string, readonly [first: number, stride: number]>> = {
  'interrupt-parent': [0, 1],
  'interrupts-extended': [0, 2],
  'interrupt-map': [4, 6],
  regmap: [0, 1],
  cpu: [0, 1],
};

/** Values by "node property"; a phandle is the path of its node. */
function properties(file: string): Map<string, string> {
  const dts = execFileSync('dtc', ['-q', '-I', 'dtb', '-O', 'dts', file], { encoding: 'utf8' });
  const found = new Map<string, string>();
  const nodes = new Map<string, string>();
  const path: string[] = [];
  for (const line of dts.split('\n').map(l => l.trim())) {
    const open = /^(\S+) \{$/.exec(line);
    const property = /^([^\s=]+)(?: = (.*))?;$/.exec(line);
    const here = path.slice(1).join('/');
    if (open) path.push(open[1]!);
    else if (line === '};') path.pop();
    else if (property) {
      const [, name = '', value = ''] = property;
      if (name === 'phandle') nodes.set(value.slice(1, -1), `/${here}`);
      else found.set(`/${here} ${name}`, value);
    }
  }
  for (const [key, value] of found) {
    const [first, stride] = PHANDLES[key.split(' ')[1]!] ?? [Infinity, 1];
    const cells = value.slice(1, -1).split(' ');
    if (first < cells.length) {
      found.set(key, cells.map((c, i) => ((i - first) % stride === 0 ? (nodes.get(c) ?? c) : c)).join(' '));
    }
  }
  return found;
}

function ours(dir: string, memoryMiB: number, harts: number, hasAclint: boolean): Map<string, string> {
  const machine = new Machine(testConfig(new Program().spin(), { memoryMiB, harts, hasAclint }));
  machine.powerOn();
  const at = machine.cpu.getRegNumber(R.a1);
  const file = join(dir, 'ours.dtb');
  writeFileSync(file, machine.ram.bytes(at, viewOf(machine.ram.bytes(at, 8)).getUint32(4)));
  return properties(file);
}

function qemus(dir: string, memoryMiB: number, harts: number, hasAclint: boolean): Map<string, string> {
  const file = join(dir, 'qemu.dtb');
  const args = [
    '-M',
    `virt,aclint=${hasAclint ? 'on' : 'off'},dumpdtb=${file}`,
    '-m',
    `${memoryMiB}M`,
    '-smp',
    `${harts}`,
    '-nographic',
  ];
  execFileSync('qemu-system-riscv64', args, { stdio: 'ignore' });
  return properties(file);
}

let dir: string;
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'device-tree-'))));
afterAll(() => rmSync(dir, { recursive: true }));

test.skipIf(!hasDtc || !hasQemu()).each([
  [128, 1, false],
  [128, 4, false],
  [2048, 1, false],
  [128, 2, true],
])('%i MiB, %i harts, ACLINT %s: the tree is that of QEMU', (memoryMiB, harts, hasAclint) => {
  const mine = ours(dir, memoryMiB, harts, hasAclint);
  const judge = qemus(dir, memoryMiB, harts, hasAclint);
  const keys = [...new Set([...mine.keys(), ...judge.keys()])].sort();
  const differences = keys.flatMap(key => {
    if (ABSENT.some(pattern => pattern.test(key)) && !mine.has(key)) return [];
    if (OURS.some(({ at, ours: value }) => at.test(key) && value?.test(mine.get(key) ?? ''))) return [];
    if (mine.get(key) === judge.get(key)) return [];
    return [`${key}: ours ${mine.get(key) ?? 'none'}, QEMU's ${judge.get(key) ?? 'none'}`];
  });
  expect(differences).toEqual([]);
  expect(mine.size).toBeGreaterThan(80);
});

/** What `-M virt,dumpdtb=` writes for a command line. */
function dumped(program: string, args: readonly string[]): string {
  const file = join(dir, 'dumped.dtb');
  const { status, stderr } = spawnSync(program, ['-M', `virt,dumpdtb=${file}`, '-nographic', ...args], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return file;
}

test.skipIf(!hasDtc || !hasQemu())('dumpdtb writes what QEMU writes about command line and initrd', () => {
  const initrd = join(dir, 'initrd');
  writeFileSync(initrd, new Uint8Array(100_000));
  const args = ['-m', '64M', '-smp', '2', '-kernel', builtImage('kernel.elf'), '-initrd', initrd, '-append', 'a b=c'];
  const chosen = (program: string): [string, string][] =>
    [...properties(dumped(program, args))].filter(([key]) => /^\/chosen (?!rng-seed)/.test(key)).sort();
  const mine = chosen('bin/qemu-like');
  expect(mine).toEqual(chosen('qemu-system-riscv64'));
  expect(mine.map(([key]) => key)).toContain('/chosen linux,initrd-start');
});

test.skipIf(!hasQemu())('our kernel boots by the tree that QEMU dumps', async () => {
  const dtb = dumped('qemu-system-riscv64', ['-m', '128M', '-kernel', builtImage('kernel.elf')]);
  const vm = await boot({ dtb });
  expect((await vm.sh('uname -m')).stdout).toBe('riscv64\n');
});
