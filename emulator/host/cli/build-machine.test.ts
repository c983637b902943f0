import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeviceSpec } from '../../machine/config.ts';
import { buildMachine } from './build-machine.ts';
import { parseCommandLine } from './flags/parse.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-machine-'));
  for (const name of ['a', 'b', 'k']) writeFileSync(join(folder, name), new Uint8Array(512));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The devices of a command line; A, B and K are files. */
function devices(line: string): DeviceSpec[] {
  const words = `-kernel K ${line}`.replace(/\b[ABK]\b/g, name => join(folder, name.toLowerCase())).split(' ');
  const { config, files } = buildMachine(parseCommandLine(words), () => {});
  for (const file of files) file.close();
  return config.devices.map(spec => (spec.kind === 'blk' ? { ...spec, backend: undefined as never } : spec));
}

test('if=virtio is a PCI disk behind every -device, wherever it stands', () => {
  expect(
    devices(
      '-drive file=A,if=virtio,readonly=on -drive file=B,if=none,id=x -device virtio-rng-pci,addr=5.1,disable-legacy=on ' +
        '-device virtio-blk-pci,drive=x,serial=s,addr=0x1f -device virtio-serial-device',
    ),
  ).toEqual([
    { kind: 'rng', bus: 'pci', addr: { slot: 5, fn: 1 }, isModernOnly: true },
    { kind: 'blk', backend: undefined, serial: 's', bus: 'pci', addr: { slot: 31, fn: 0 } },
    { kind: 'console', bus: 'mmio' },
    { kind: 'blk', backend: undefined, serial: '', bus: 'pci' },
  ]);
});

test("bus= names a slot of virtio-mmio, as xv6's Makefile does", () => {
  expect(devices('-device virtio-rng-device,bus=virtio-mmio-bus.0 -device virtio-serial-device')).toEqual([
    { kind: 'rng', bus: 'mmio', slot: 0 },
    { kind: 'console', bus: 'mmio' },
  ]);
});

test.each([
  ['-device virtio-rng-device,bus=virtio-mmio-bus.8', 'bus=virtio-mmio-bus.8: not possible'],
  ['-device virtio-rng-device,bus=pcie.0', 'bus=pcie.0: not possible'],
  ['-device virtio-blk-pci', 'no drive='],
  ['-device virtio-blk-pci,drive=x', 'no -drive has that id'],
  ['-drive file=A,if=none,id=x', 'no -device uses it'],
  ['-drive file=A,if=virtio,id=x -device virtio-blk-pci,drive=x', 'drive x is in use'],
  [
    '-drive file=A,if=none,id=x,readonly=on -device virtio-blk-pci,drive=x -device virtio-blk-device,drive=x',
    'drive x is in use',
  ],
])('%s is refused', (line, message) => {
  expect(() => devices(line)).toThrow(expect.objectContaining({ message: expect.stringContaining(message) as string }));
});

test.each([
  ['-drive file=A,if=virtio,format=raw -drive file=B,if=none,id=x', 'no -device uses it'],
  ['-drive file=A,if=virtio,format=raw -initrd /nowhere', 'no such file'],
  ['-drive file=A,if=virtio,format=raw -dtb /nowhere', 'device tree /nowhere: no such file'],
  ['-drive file=A,if=virtio,format=raw -drive file=/nowhere,if=virtio', 'no such file'],
])('%s: refused, and no drive stays locked', (line, message) => {
  expect(() => devices(line)).toThrow(message);
  expect(readdirSync(folder).sort()).toEqual(['a', 'b', 'k']);
  expect(devices('-drive file=A,if=virtio,format=raw')).toHaveLength(1);
});
