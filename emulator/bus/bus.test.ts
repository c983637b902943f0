import { beforeEach, expect, test } from 'vitest';
import { Bus } from './bus.ts';
import type { Device } from './device.ts';

const BASE = 0x1000_0000;

let accesses: string[];
let bus: Bus;

function device(minWidth: 1 | 2 | 4, maxWidth: 4 | 8, name = 'd'): Device {
  return {
    name,
    windowSize: 0x10,
    minWidth,
    maxWidth,
    read: (offset, width) => {
      accesses.push(`${name} read ${offset} ${width}`);
      return 0x100 + offset;
    },
    write: (offset, width, value) => accesses.push(`${name} write ${offset} ${width} ${value.toString(16)}`),
    reset: () => {},
    save: () => {},
    load: () => {},
    describe: () => {},
  };
}

beforeEach(() => {
  accesses = [];
  bus = new Bus(() => {});
});

test('an access reaches the device whose window holds it', () => {
  bus.attach(BASE + 0x100, device(1, 8, 'b'));
  bus.attach(BASE, device(1, 8, 'a'));
  expect(bus.read(BASE + 4, 4)).toBe(0x104);
  expect(bus.read(BASE + 0x108, 1)).toBe(0x108);
  expect(bus.fault).toBe(false);
  bus.write(BASE + 2, 2, 0x1_2345, 0);
  expect(accesses).toEqual(['a read 4 4', 'b read 8 1', 'a write 2 2 2345']);
});

test('eight bytes are two accesses, the low one first', () => {
  bus.attach(BASE, device(4, 8));
  expect(bus.read(BASE + 8, 8)).toBe(0x108);
  expect(bus.hi).toBe(0x10c);
  bus.write(BASE, 8, -1, 7);
  expect(accesses.slice(2)).toEqual(['d write 0 4 ffffffff', 'd write 4 4 7']);
});

test.each([
  ['nothing is there', BASE + 0x10, 4],
  ['a wild address', 2 ** 60, 8],
  ['too narrow', BASE, 2],
  ['too wide', BASE, 8],
  ['misaligned', BASE + 2, 4],
] as const)('%s: an access fault, and the device hears nothing', (_why, pa, width) => {
  bus.attach(BASE, device(4, 4));
  expect(bus.read(pa, width)).toBe(0);
  expect(bus.fault).toBe(true);
  bus.write(pa, width, 1, 1);
  expect(bus.fault).toBe(true);
  expect(accesses).toEqual([]);
});

test('a fault does not outlast its access', () => {
  bus.attach(BASE, device(1, 8));
  bus.read(BASE - 4, 4);
  bus.read(BASE, 4);
  expect(bus.fault).toBe(false);
});
