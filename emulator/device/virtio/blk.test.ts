import { describe, expect, test } from 'vitest';
import { InternalError } from '../../base/assert.ts';
import { MemoryBackend } from '../../storage/memory-backend.ts';
import { VirtioBlk } from './blk.ts';
import { BUFFERS, TestDriver, type TestSegment } from './test-driver.ts';

const IN = 0;
const OUT = 1;
const FLUSH = 4;
const GET_ID = 8;
const DISCARD = 11;
const WRITE_ZEROES = 13;
const SECTORS = 64;
const HEADER = BUFFERS;
const STATUS = BUFFERS + 0x100;
const DATA = BUFFERS + 0x1000;
const NEEDS_RESET = 64;

interface Disk {
  readonly bytes: Uint8Array;
  readonly driver: TestDriver;
}

function disk(isLegacy: boolean, isReadOnly = false): Disk {
  const bytes = Uint8Array.from({ length: SECTORS * 512 }, (_, i) => (i >>> 9) + i);
  const driver = new TestDriver(new VirtioBlk(new MemoryBackend(bytes, isReadOnly), 'serial-17'), isLegacy);
  driver.start(1);
  return { bytes, driver };
}

/** One request; returns its status byte and how many bytes the device says it wrote. */
function request(driver: TestDriver, type: number, sector: number, data: readonly TestSegment[]): [number, number] {
  const { ram } = driver;
  ram.write32(HEADER, type);
  ram.write32(HEADER + 8, sector % 2 ** 32);
  ram.write32(HEADER + 12, Math.floor(sector / 2 ** 32));
  ram.write8(STATUS, 0xee);
  const nth = driver.usedIdx(0);
  const head = driver.offer(0, [{ pa: HEADER, length: 16 }, ...data, { pa: STATUS, length: 1, isWritable: true }]);
  driver.notify(0);
  expect(driver.usedIdx(0)).toBe(nth + 1);
  expect(driver.used(0, nth).head).toBe(head);
  return [ram.read8(STATUS), driver.used(0, nth).length];
}

describe.each([
  ['version 1', true],
  ['version 2', false],
])('%s', (_name, isLegacy) => {
  test('reads into many segments', () => {
    const { bytes, driver } = disk(isLegacy);
    const lengths = [512, 24, 1000];
    const segments = lengths.map((length, i) => ({ pa: DATA + 0x1000 * i, length, isWritable: true }));
    expect(request(driver, IN, 3, segments)).toEqual([0, 1537]);
    const got = segments.flatMap(({ pa, length }) => [...driver.ram.bytes(pa, length)]);
    expect(got).toEqual([...bytes.subarray(3 * 512, 6 * 512)]);
    expect(driver.wire.level).toBe(true);
    expect(driver.read(0x060)).toBe(1);
    driver.write(0x064, 1);
    expect(driver.wire.level).toBe(false);
  });

  test('writes, and flushes', () => {
    const { bytes, driver } = disk(isLegacy);
    driver.ram.fill(DATA, 1024, 0xa5);
    expect(request(driver, OUT, 62, [{ pa: DATA, length: 1024 }])).toEqual([0, 1]);
    expect(bytes.subarray(62 * 512).every(byte => byte === 0xa5)).toBe(true);
    expect(request(driver, FLUSH, 0, [])).toEqual([0, 1]);
  });

  test('get-id gives the serial, NUL-padded', () => {
    const { driver } = disk(isLegacy);
    expect(request(driver, GET_ID, 0, [{ pa: DATA, length: 20, isWritable: true }])).toEqual([0, 21]);
    expect(new TextDecoder().decode(driver.ram.bytes(DATA, 20))).toBe('serial-17'.padEnd(20, '\0'));
  });

  test.each([
    ['past the end', IN, SECTORS, 512],
    ['across the end', IN, SECTORS - 1, 1024],
    ['at a sector that overflows', IN, 2 ** 63, 512],
    ['of half a sector', IN, 0, 100],
  ])('a read %s is an I/O error', (_why, type, sector, length) => {
    const { driver } = disk(isLegacy);
    expect(request(driver, type, sector, [{ pa: DATA, length, isWritable: true }])[0]).toBe(1);
  });

  test('unknown requests are unsupported', () => {
    const { driver } = disk(isLegacy);
    expect(request(driver, 77, 0, [])[0]).toBe(2);
  });

  test('a read-only disk says so and refuses writes', () => {
    const { bytes, driver } = disk(isLegacy, true);
    driver.write(0x014, 0);
    expect(driver.read(0x010) & (1 << 5)).not.toBe(0);
    const before = bytes.slice();
    expect(request(driver, OUT, 0, [{ pa: DATA, length: 512 }])[0]).toBe(1);
    expect(bytes).toEqual(before);
  });

  test('a request without a status byte breaks the device until it is reset', () => {
    const { driver } = disk(isLegacy);
    driver.offer(0, [{ pa: HEADER, length: 16 }]);
    driver.notify(0);
    expect(driver.usedIdx(0)).toBe(0);
    if (!isLegacy) expect(driver.status & NEEDS_RESET).not.toBe(0);
    driver.start(1);
    expect(request(driver, FLUSH, 0, [])[0]).toBe(0);
  });
});

test('the configuration space: capacity, segments, block size', () => {
  const { driver } = disk(false);
  expect([driver.read(0x100), driver.read(0x104)]).toEqual([SECTORS, 0]);
  expect(driver.read(0x10c)).toBe(254);
  expect(driver.read(0x114)).toBe(512);
  expect(driver.mmio.read(0x101, 1)).toBe(0);
  expect(driver.read(0xffc)).toBe(0);
});

test('a backend that throws is an I/O error of the disk', () => {
  const backend = new MemoryBackend(new Uint8Array(512));
  backend.read = () => {
    throw new Error('gone');
  };
  const driver = new TestDriver(new VirtioBlk(backend, ''));
  driver.start(1);
  expect(request(driver, IN, 0, [{ pa: DATA, length: 512, isWritable: true }])).toEqual([1, 1]);
});

test.each([new TypeError('of ours'), new RangeError('of ours'), new InternalError('of ours')])(
  'a mistake of this program is not told as an I/O error: %s',
  mistake => {
    const backend = new MemoryBackend(new Uint8Array(512));
    backend.read = () => {
      throw mistake;
    };
    const driver = new TestDriver(new VirtioBlk(backend, ''));
    driver.start(1);
    expect(() => request(driver, IN, 0, [{ pa: DATA, length: 512, isWritable: true }])).toThrow(mistake);
  },
);

describe('discard and write zeroes', () => {
  const UNMAP = 1;

  /** A request with these ranges; the status. */
  function clear(driver: TestDriver, type: number, ranges: readonly (readonly [number, number, number])[]): number {
    ranges.forEach(([sector, count, flags], i) => {
      const at = DATA + 16 * i;
      driver.ram.write32(at, sector % 2 ** 32);
      driver.ram.write32(at + 4, Math.floor(sector / 2 ** 32));
      driver.ram.write32(at + 8, count);
      driver.ram.write32(at + 12, flags);
    });
    return request(driver, type, 0, ranges.length > 0 ? [{ pa: DATA, length: 16 * ranges.length }] : [])[0];
  }

  test('the features are offered, with their limits', () => {
    const { driver } = disk(false);
    driver.write(0x014, 0);
    expect((driver.read(0x010) >>> 13) & 3).toBe(3);
    const limits = [36, 40, 44, 48, 52, 56].map(offset => driver.read(0x100 + offset));
    expect(limits).toEqual([4194303, 256, 1, 4194303, 256, 1]);
  });

  test.each([
    ['write zeroes', WRITE_ZEROES, UNMAP],
    ['write zeroes without unmap', WRITE_ZEROES, 0],
    ['discard', DISCARD, 0],
  ])('%s: every range, and nothing else', (_name, type, flags) => {
    const { bytes, driver } = disk(false);
    const expected = bytes.slice();
    expected.fill(0, 3 * 512, 5 * 512);
    expected.fill(0, 63 * 512);
    expect(
      clear(driver, type, [
        [3, 2, flags],
        [63, 1, flags],
        [9, 0, flags],
      ]),
    ).toBe(0);
    expect(bytes).toEqual(expected);
  });

  test.each([
    ['a discard with the unmap flag', DISCARD, [[0, 1, UNMAP]], 2],
    ['an unknown flag', WRITE_ZEROES, [[0, 1, 2]], 2],
    ['no range', DISCARD, [], 2],
    ['a range across the end', DISCARD, [[63, 2, 0]], 1],
    ['a sector that overflows', WRITE_ZEROES, [[2 ** 63, 1, 0]], 1],
    ['one bad range among good ones', WRITE_ZEROES, [[0, 1, 0], [64, 1, 0]], 1], // prettier-ignore
    ['the whole disk twice', WRITE_ZEROES, [[0, SECTORS, 0], [0, SECTORS, 0]], 1], // prettier-ignore
  ] as const)('%s changes nothing', (_why, type, ranges, status) => {
    const { bytes, driver } = disk(false);
    const before = bytes.slice();
    expect(clear(driver, type, ranges)).toBe(status);
    expect(bytes).toEqual(before);
  });

  test('half a range is unsupported; a read-only disk refuses', () => {
    const { driver } = disk(false);
    expect(request(driver, DISCARD, 0, [{ pa: DATA, length: 24 }])[0]).toBe(2);
    expect(clear(disk(false, true).driver, WRITE_ZEROES, [[0, 1, 0]])).toBe(1);
  });
});
