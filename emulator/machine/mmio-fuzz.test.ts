/** A guest that reads and writes device registers at random: every access returns, and the machine can be reset and saved. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CowLayer } from '../storage/cow-layer.ts';
import { MemoryBackend } from '../storage/memory-backend.ts';
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
];

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
      devices: [{ kind: 'blk', backend: disk, serial: '' }, { kind: 'console' }, { kind: 'rng' }],
      isVirtioLegacy: false,
    }),
  );
  machine.powerOn();
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
    { seed: 3, numRuns: 300 },
  );
});
