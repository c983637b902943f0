import { expect, test } from 'vitest';
import { SeededEntropy } from '../device/entropy.ts';
import { VirtioRng } from '../device/virtio/rng.ts';
import { mmioSlots } from './virt-mmio.ts';

/** Which device, counted from 0, sits in each slot; a number is the slot asked for. */
function owners(...wishes: (number | undefined)[]): (number | undefined)[] {
  const devices = wishes.map(slot => ({
    place: slot === undefined ? {} : { slot },
    device: new VirtioRng(new SeededEntropy(1)),
  }));
  return mmioSlots(devices).map(owner => {
    const nth = devices.findIndex(({ device }) => device === owner);
    return nth < 0 ? undefined : nth;
  });
}

test('from the last slot down, around those that are named', () => {
  const none = undefined;
  expect(owners(none, 0, 6, none)).toEqual([1, none, none, none, none, 3, 2, 0]);
});

test('a slot that is taken, and one device too many, are refused', () => {
  expect(() => owners(undefined, 7)).toThrow('virtio-mmio-bus.7 is taken by virtio-rng');
  expect(() => owners(...Array.from({ length: 9 }, () => undefined))).toThrow('9 virtio-mmio devices');
});
