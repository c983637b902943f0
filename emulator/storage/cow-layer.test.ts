import { expect, test } from 'vitest';
import { CowLayer } from './cow-layer.ts';
import { MemoryBackend } from './memory-backend.ts';

const SIZE = 10_240;

function layer(): { bytes: Uint8Array; cow: CowLayer } {
  const bytes = Uint8Array.from({ length: SIZE }, (_, i) => i % 251);
  return { bytes, cow: new CowLayer(new MemoryBackend(bytes)) };
}

function read(cow: CowLayer, offset: number, length: number): number[] {
  const target = new Uint8Array(length);
  cow.read(offset, target);
  return [...target];
}

test('writes across clusters are seen, and never reach the base', () => {
  const { bytes, cow } = layer();
  const before = bytes.slice();
  cow.write(4000, new Uint8Array(5000).fill(0xee));
  expect(read(cow, 3999, 3)).toEqual([3999 % 251, 0xee, 0xee]);
  expect(read(cow, 8999, 2)).toEqual([0xee, 9000 % 251]);
  expect(bytes).toEqual(before);
});

test('the last cluster may be a short one', () => {
  const { cow } = layer();
  cow.write(SIZE - 1, Uint8Array.of(7));
  expect(read(cow, SIZE - 2, 2)).toEqual([(SIZE - 2) % 251, 7]);
});

test('a snapshot keeps its contents while the layer goes on, and can be gone back to twice', () => {
  const { cow } = layer();
  cow.write(0, Uint8Array.of(1));
  const snapshot = cow.snapshot();
  cow.write(0, Uint8Array.of(2));
  cow.write(8192, Uint8Array.of(2));
  cow.restore(snapshot);
  expect([...read(cow, 0, 1), ...read(cow, 8192, 1)]).toEqual([1, 8192 % 251]);
  cow.write(0, Uint8Array.of(3));
  cow.restore(snapshot);
  expect(read(cow, 0, 1)).toEqual([1]);
});

test('two layers restored from one snapshot do not see each other', () => {
  const { bytes, cow } = layer();
  cow.write(100, Uint8Array.of(1));
  const twin = new CowLayer(new MemoryBackend(bytes));
  twin.restore(cow.snapshot());
  twin.write(100, Uint8Array.of(9));
  expect(read(cow, 100, 1)).toEqual([1]);
  expect(read(twin, 100, 1)).toEqual([9]);
});

test('cleared ranges read as zeroes, cost nothing, and are written again like others', () => {
  const { bytes, cow } = layer();
  const before = bytes.slice();
  cow.write(0, new Uint8Array(SIZE).fill(0xee));
  const snapshot = cow.snapshot();
  cow.writeZeroes(4000, 6240);
  expect(read(cow, 3999, 2)).toEqual([0xee, 0]);
  expect(read(cow, SIZE - 1, 1)).toEqual([0]);
  cow.write(4096, Uint8Array.of(1));
  cow.write(8192, Uint8Array.of(2));
  expect([...read(cow, 4095, 3), ...read(cow, 8192, 2)]).toEqual([0, 1, 0, 2, 0]);
  cow.discard(0, SIZE);
  expect(read(cow, 0, SIZE).every(byte => byte === 0)).toBe(true);
  cow.restore(snapshot);
  expect(read(cow, 5000, 2)).toEqual([0xee, 0xee]);
  expect(bytes).toEqual(before);
});

test('the base is read in one piece, around what was written, and not where all is overwritten', () => {
  const reads: (readonly [offset: number, length: number])[] = [];
  const base = new MemoryBackend(new Uint8Array(10 * 4096).fill(1));
  const read = base.read.bind(base);
  base.read = (offset, target) => {
    reads.push([offset, target.length]);
    read(offset, target);
  };
  const cow = new CowLayer(base);
  cow.write(3 * 4096, new Uint8Array(4096).fill(2));
  expect(reads).toEqual([]);
  const target = new Uint8Array(8 * 4096);
  cow.read(100, target);
  expect(reads).toEqual([
    [100, 3 * 4096 - 100],
    [4 * 4096, 4 * 4096 + 100],
  ]);
  expect(target).toEqual(new Uint8Array(8 * 4096).fill(1).fill(2, 3 * 4096 - 100, 4 * 4096 - 100));
});
