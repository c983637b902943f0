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
import { Machine } from '../../emulator/machine/machine.ts';
import { Program, R, testConfig } from '../../emulator/machine/test-kernel.ts';
import { hasQemu } from '../lib/qemu.ts';

const hasDtc = spawnSync('dtc', ['--version']).status === 0;

/** Nodes of QEMU's that we do not have, with all below them. */
const ABSENT: readonly RegExp[] = [
  /^\/fw-cfg@/, // QEMU's own channel to its firmware
  /^\/flash@/, // no flash: firmware comes with -bios
  /^\/platform-bus@/, // for devices that QEMU passes through from its host
  /^\/pmu /, // the counters it describes are QEMU's own events
];

/** Properties that differ on purpose: which, and what ours says. */
const OURS: readonly { readonly at: RegExp; readonly ours: RegExp | undefined }[] = [
  { at: /^\/chosen rng-seed$/, ours: /^<(0x[0-9a-f]+ ?){8}>$/ }, // random
  // Without the hypervisor extension, with Svinval, which QEMU has off by default; Zihintpause is a hint.
  { at: /^\/cpus\/cpu@\d+ riscv,isa$/, ours: /^"rv64imafdc_zicsr_zifencei/ },
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

function ours(dir: string, memoryMiB: number, harts: number): Map<string, string> {
  const machine = new Machine(testConfig(new Program().spin(), { memoryMiB, harts }));
  machine.powerOn();
  const at = machine.cpu.getRegNumber(R.a1);
  const file = join(dir, 'ours.dtb');
  writeFileSync(file, machine.ram.bytes(at, viewOf(machine.ram.bytes(at, 8)).getUint32(4)));
  return properties(file);
}

function qemus(dir: string, memoryMiB: number, harts: number): Map<string, string> {
  const file = join(dir, 'qemu.dtb');
  const args = ['-M', `virt,dumpdtb=${file}`, '-m', `${memoryMiB}M`, '-smp', `${harts}`, '-nographic'];
  execFileSync('qemu-system-riscv64', args, { stdio: 'ignore' });
  return properties(file);
}

let dir: string;
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'device-tree-'))));
afterAll(() => rmSync(dir, { recursive: true }));

test.skipIf(!hasDtc || !hasQemu()).each([
  [128, 1],
  [128, 4],
  [2048, 1],
])('%i MiB, %i harts: the tree is that of QEMU', (memoryMiB, harts) => {
  const mine = ours(dir, memoryMiB, harts);
  const judge = qemus(dir, memoryMiB, harts);
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
