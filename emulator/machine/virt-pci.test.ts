import { expect, test } from 'vitest';
import { UserError } from '../base/user-error.ts';
import { Ram } from '../bus/ram.ts';
import { SeededEntropy } from '../device/entropy.ts';
import { VirtioRng } from '../device/virtio/rng.ts';
import type { VirtioPlace } from './config.ts';
import { virtPci } from './virt-pci.ts';

/** The addresses that a row of devices gets. */
function slots(...places: VirtioPlace[]): string[] {
  const line = (): void => {};
  const requests = places.map(place => ({ place, device: new VirtioRng(new SeededEntropy(1)) }));
  const host = virtPci(new Ram(1 << 20), [line, line, line, line], requests, () => {});
  return host.functions.map(({ slot, fn }) => {
    const isMultifunction = (host.read((slot * 8 + fn) * 4096 + 0x0e, 1) & 0x80) !== 0;
    return `${slot}.${fn}${isMultifunction ? ' of several' : ''}`;
  });
}

const at = (slot: number, fn = 0): VirtioPlace => ({ bus: 'pci', addr: { slot, fn } });
const anywhere: VirtioPlace = { bus: 'pci' };

test('each device gets its address, or the first free slot when its turn comes', () => {
  expect(slots(anywhere, at(3), anywhere, anywhere)).toEqual(['0.0', '1.0', '3.0', '2.0', '4.0']);
});

test('a slot with more than function 0 says so', () => {
  expect(slots(at(2), at(2, 1), anywhere)).toEqual(['0.0', '2.0 of several', '2.1 of several', '1.0']);
});

test.each([
  ['the bridge has slot 0', [at(0)], 'taken by host bridge'],
  ['an earlier device took the slot', [anywhere, at(1)], '00:01.0 is taken by virtio-rng at 00:01.0'],
  ['function 0 is missing', [at(4, 2)], '00:04.2 has no function 0'],
  ['the bus is full', Array.from({ length: 32 }, () => anywhere), 'all 32 PCI slots'],
])('%s: refused', (_why, places, message) => {
  expect(() => slots(...places)).toThrow(message);
  expect(() => slots(...places)).toThrow(UserError);
});
