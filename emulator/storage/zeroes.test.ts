import { expect, test } from 'vitest';
import type { BlockBackend } from './block-backend.ts';
import { writeZeroes } from './zeroes.ts';

test('a backend that cannot clear is written, except where it is zero already', () => {
  const bytes = new Uint8Array(1 << 20);
  bytes.fill(7, 100, 300);
  bytes.fill(7, 900_000, 900_001);
  const writes: number[] = [];
  const plain: BlockBackend = {
    sizeBytes: bytes.length,
    isReadOnly: false,
    read: (offset, target) => target.set(bytes.subarray(offset, offset + target.length)),
    write: (offset, data) => {
      writes.push(data.length);
      bytes.set(data, offset);
    },
    flush: () => {},
  };
  writeZeroes(plain, 200, bytes.length - 200);
  expect(bytes.findLastIndex(byte => byte !== 0)).toBe(199);
  expect(writes).toHaveLength(2);
});
