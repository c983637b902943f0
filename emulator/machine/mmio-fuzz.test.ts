/** A guest that reads and writes device registers at random: every access returns, and the machine can be reset and saved. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CowLayer } from '../storage/cow-layer.ts';
import { MemoryBackend } from '../storage/memory-backend.ts';
import type { Bus } from '../bus/bus.ts';
import type { DeviceSpec } from './config.ts';
import { Machine } from './machine.ts';
import { Program, testConfig } from './test-kernel.ts';

const WINDOWS: readonly (readonly [base: number, size: number])[] = [
  [0x1000, 0xf000],
  [0x10_1000, 0x1000],
  [0x200_0000, 0x1_0000],
  [0xc00_0000, 0x3000],
  [0xc20_0000, 0x3000],
  [0x1000_0000, 0x100],
  [0x1000_6000, 0x200],
  [0x1000_7000, 0x200],
  [0x1000_8000, 0x200],
  // PCI: configuration space of the bridge and three functions (the low half of a page holds it all), and their BARs.
  ...[0, 1, 2, 3].map(slot => [0x3000_0000 + slot * 0x8000, 0x100] as const),
  [0x300_0000, 0x100],
  [0x4000_0000, 0x4000],
  [0x4_0000_0000, 0x1_0000],
  [0x4_0000_4000, 0x40],
];

/** Gives each function in slots 1 to 3 its BARs and switches it on. */
function enablePci(bus: Bus): void {
  for (const slot of [1, 2, 3]) {
    const config = 0x3000_0000 + slot * 0x8000;
    bus.write(config + 0x10, 4, 0x40 * slot, 0);
    bus.write(config + 0x14, 4, 0x4000_0000 + 0x1000 * slot, 0);
    bus.write(config + 0x20, 8, 0x4000 * (slot - 1), 4);
    bus.write(config + 0x04, 2, 7, 0);
  }
}

const access = fc.record({
  window: fc.constantFrom(...WINDOWS),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  isAligned: fc.boolean(),
  width: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const),
  isWrite: fc.boolean(),
  lo: fc.oneof(fc.nat(255), fc.integer(), fc.constantFrom(0x8001_0000 | 0, -1)),
  hi: fc.oneof(fc.constant(0), fc.integer()),
});

test('devices survive any access', () => {
  const disk = new CowLayer(new MemoryBackend(new Uint8Array(8192)));
  const machine = new Machine(
    testConfig(new Program().spin(), {
      devices: [
        ...(['mmio', 'pci'] as const).flatMap((bus): DeviceSpec[] => [
          { kind: 'blk', backend: disk, serial: '', bus },
          { kind: 'console', bus },
          { kind: 'rng', bus },
        ]),
      ],
      isVirtioLegacy: false,
    }),
  );
  machine.powerOn();
  enablePci(machine.bus);
  const pristine = machine.saveState();
  const { bus } = machine;
  fc.assert(
    fc.property(fc.array(access, { maxLength: 60 }), accesses => {
      for (const { window, at, isAligned, width, isWrite, lo, hi } of accesses) {
        const offset = Math.floor(at * window[1]);
        const pa = window[0] + (isAligned ? offset - (offset % width) : offset);
        if (isWrite) bus.write(pa, width, lo, hi);
        else bus.read(pa, width);
      }
      machine.advance(50);
      const state = machine.saveState();
      machine.loadState(state);
      expect(machine.saveState()).toEqual(state);
      machine.loadState(pristine);
    }),
    { seed: 3, numRuns: 600 },
  );
});
