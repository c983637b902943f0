import { expect, test } from 'vitest';
import { Bus } from '../bus/bus.ts';
import { Ram } from '../bus/ram.ts';
import type { BlockBackend } from '../storage/block-backend.ts';
import { MemoryBackend } from '../storage/memory-backend.ts';
import { Flash, FLASH_BANK_BYTES, FLASH_BYTES } from './flash.ts';
import { transplant } from './test-devices.ts';

const BASE = 0x2000_0000;
const BANK1 = BASE + FLASH_BANK_BYTES;
const SECTOR = 0x4_0000;
const READY = 0x0080_0080;

class Driver {
  readonly bus = new Bus(() => {});
  readonly flash: Flash;

  constructor(images: readonly (BlockBackend | undefined)[] = []) {
    const romBytes = images.some(image => image) ? FLASH_BYTES : 0;
    this.flash = new Flash(new Ram(1 << 20, 0x8000_0000, 1, BASE, romBytes), images, () => {});
    this.bus.attach(BASE, this.flash);
  }
  get(pa: number): number {
    return this.bus.read(pa, 4) >>> 0;
  }
  put(pa: number, ...values: number[]): void {
    for (const value of values) this.bus.write(pa, 4, value, 0);
  }
  /** By the book: both chips at once. */
  program(pa: number, value: number): void {
    this.put(pa, 0x0040_0040, value);
    expect(this.get(pa)).toBe(READY);
    this.put(pa, 0x00ff_00ff);
  }
  erase(pa: number): void {
    this.put(pa, 0x0020_0020, 0x00d0_00d0);
    expect(this.get(pa)).toBe(READY);
    this.put(pa, 0x00ff_00ff);
  }
}

test('without an image it reads as zeroes, and takes memory for the sectors that are written', () => {
  const driver = new Driver();
  expect([driver.get(BASE), driver.get(BANK1 + FLASH_BANK_BYTES - 4)]).toEqual([0, 0]);
  driver.erase(BANK1 + SECTOR + 4);
  driver.program(BANK1 + SECTOR + 8, 0x1234_5678);
  expect(
    [BANK1 + SECTOR - 4, BANK1 + SECTOR, BANK1 + SECTOR + 8, BANK1 + 2 * SECTOR].map(pa => driver.get(pa)),
  ).toEqual([0, 0xffff_ffff, 0x1234_5678, 0]);
});

test('the CFI table and the identification come from both chips', () => {
  const driver = new Driver();
  driver.put(BASE + 0x154, 0x0098_0098);
  const query = (word: number): number => driver.get(BASE + 4 * word);
  expect([0x10, 0x11, 0x12].map(query)).toEqual([0x0051_0051, 0x0052_0052, 0x0059_0059]);
  expect(query(0x27)).toBe(0x0018_0018);
  expect(query(0x60)).toBe(0);
  driver.put(BASE, 0xff, 0x90);
  expect([driver.get(BASE), driver.get(BASE + 4)]).toEqual([0x0089_0089, 0x0018_0018]);
  driver.flash.reset();
  expect(driver.get(BASE)).toBe(0);
});

test('a buffered program takes effect as a whole when it is confirmed, and not when it is not', () => {
  const driver = new Driver();
  const words = (confirm: number): void => {
    driver.put(BASE, 0xe8);
    driver.put(BASE, 2);
    [1, 2, 3].forEach((value, i) => driver.put(BASE + 4 * i, value));
    driver.put(BASE, confirm, 0xff);
  };
  words(0xff);
  expect([0, 4, 8].map(at => driver.get(BASE + at))).toEqual([0, 0, 0]);
  words(0xd0);
  expect([0, 4, 8].map(at => driver.get(BASE + at))).toEqual([1, 2, 3]);
  // A word outside of the block spoils all of it.
  driver.put(BASE, 0xe8, 0);
  driver.put(BASE + 0x1000, 9);
  expect(driver.get(BASE)).toBe(0x0090_0090);
  driver.put(BASE, 0xd0);
  expect(driver.get(BASE)).toBe(1);
});

test('what is written goes to the image, sector by sector of a disk; a read-only image says why not', () => {
  const bytes = new Uint8Array(FLASH_BANK_BYTES).fill(0x55);
  const written: [number, number][] = [];
  const image = new MemoryBackend(bytes);
  const write = image.write.bind(image);
  image.write = (offset, part) => {
    written.push([offset, part.length]);
    write(offset, part);
  };
  const driver = new Driver([undefined, image]);
  driver.program(BANK1 + 0x604, 0xaabb_ccdd);
  expect(written).toEqual([[0x600, 512]]);
  expect([...bytes.subarray(0x603, 0x609)]).toEqual([0x55, 0xdd, 0xcc, 0xbb, 0xaa, 0x55]);

  const locked = new Driver([new MemoryBackend(bytes, true)]);
  locked.put(BASE, 0x20, 0xd0);
  expect(locked.get(BASE)).toBe(0x00a0_00a0);
  locked.put(BASE, 0x50);
  locked.put(BASE, 0x40, 0);
  expect(locked.get(BASE)).toBe(0x0090_0090);
  locked.put(BASE, 0xff);
  expect(locked.get(BASE)).toBe(0x5555_5555);
});

test('commands in progress and what was written are state', () => {
  const driver = new Driver();
  driver.program(BASE + 4, 7);
  driver.put(BASE + SECTOR, 0xe8, 1, 5);
  driver.put(BANK1, 0x90);
  const other = new Driver();
  other.program(BANK1 + SECTOR, 1);
  transplant(driver.flash, other.flash);
  other.flash.imagesLoaded();
  expect(other.get(BANK1)).toBe(0x0089_0089);
  other.put(BANK1, 0xff);
  expect(other.get(BANK1 + SECTOR)).toBe(0);
  other.put(BASE + SECTOR + 4, 6);
  other.put(BASE + SECTOR, 0xd0, 0xff);
  expect([BASE + 4, BASE + SECTOR, BASE + SECTOR + 4].map(pa => other.get(pa))).toEqual([7, 5, 6]);
});

test('an image of another size is refused', () => {
  expect(() => new Driver([new MemoryBackend(new Uint8Array(512))])).toThrow(/has 512 bytes, the bank 33554432/);
});
