import { expect, test } from 'vitest';
import { alignUp, concatBytes, fromBase64, hex, highWord, joinWords } from './bytes.ts';

test('64-bit quantities split and join exactly up to 2^53', () => {
  for (const value of [0, 1, 0xffff_ffff, 2 ** 32, 2 ** 53 - 1])
    expect(joinWords(value >>> 0, highWord(value))).toBe(value);
  expect(joinWords(-1, 0)).toBe(0xffff_ffff);
});

test('small helpers', () => {
  expect(alignUp(4097, 4096)).toBe(8192);
  expect(alignUp(4096, 4096)).toBe(4096);
  expect(hex(255, 4)).toBe('0x00ff');
  expect(concatBytes([Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)])).toEqual(Uint8Array.of(1, 2, 3));
  expect(fromBase64('AP+A')).toEqual(Uint8Array.of(0, 255, 128));
});
