import { expect, test } from 'vitest';
import { MIB } from '../base/bytes.ts';
import { UserError } from '../base/user-error.ts';
import { memoryMap } from './memory-map.ts';
import { MAX_RAM_BYTES, Ram } from './ram.ts';

const BASE = 0x8000_0000;

test('bounds are what descriptors may ask for', () => {
  const ram = new Ram(2 * MIB);
  expect(ram.contains(BASE, 2 * MIB)).toBe(true);
  expect(ram.contains(BASE, 2 * MIB + 1)).toBe(false);
  expect(ram.contains(BASE - 1, 1)).toBe(false);
  expect(ram.contains(BASE + 2 * MIB, 0)).toBe(true);
  expect(ram.contains(2 ** 52, 1)).toBe(false);
  expect(ram.contains(BASE, -1)).toBe(false);
  expect(() => ram.read32(BASE + 2 * MIB - 3)).toThrow('is not RAM');
});

test('the dirty map names each written page once, whoever wrote', () => {
  const ram = new Ram(MIB);
  ram.clearDirty();
  ram.write8(BASE, 1);
  ram.write(BASE + 3 * 4096 - 1, Uint8Array.of(1, 2));
  ram.fill(BASE + 8 * 4096, 4096, 7);
  ram.bytes(BASE + 0x9000, 1)[0] = 5; // a view: not noticed …
  expect(ram.dirtyPages()).toEqual([0, 2, 3, 8]);
  ram.markDirty(BASE + 0x9000, 1); // … until it is told
  expect(ram.dirtyPages()).toEqual([0, 2, 3, 8, 9]);
  ram.clearDirty();
  expect(ram.dirtyPages()).toEqual([]);
});

test('values are little-endian', () => {
  const ram = new Ram(MIB);
  ram.write32(BASE + 4, 0x0403_0201);
  expect([ram.read8(BASE + 4), ram.read16(BASE + 5), ram.read32(BASE + 4)]).toEqual([1, 0x0302, 0x0403_0201]);
});

test('an impossible size is the user’s error', () => {
  for (const size of [0, 4096, MIB + 1, MAX_RAM_BYTES + MIB]) expect(() => new Ram(size)).toThrow(UserError);
});

test('the memory map leaves the index bit that an empty TLB entry needs, for every size', () => {
  for (const mib of [1, 64, 128, 512, 1024, 2048, 3072]) {
    const map = memoryMap(mib * MIB);
    expect(map.totalBytes).toBeLessThanOrEqual(2 ** map.addressBits);
    expect(map.tlbBytes).toBe(8 * 2 ** (map.addressBits - 11));
    expect(map.ramOffset % 65536).toBe(0);
    expect(map.decodedOffset % 64).toBe(0);
  }
});
