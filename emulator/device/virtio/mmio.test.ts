import { expect, test } from 'vitest';
import { transplant, Wire } from '../test-devices.ts';
import { SeededEntropy } from '../entropy.ts';
import { VirtioConsole } from './console.ts';
import { VirtioMmio } from './mmio.ts';
import { VirtioRng } from './rng.ts';
import { BUFFERS, QUEUE_SIZE, TestDriver } from './test-driver.ts';

const FEATURES_OK = 8;
const NEEDS_RESET = 64;
const EVENT_IDX = 1 << 29;
const INDIRECT = 1 << 28;
const VERSION_1 = 1;

const rng = (isLegacy = false): TestDriver => new TestDriver(new VirtioRng(new SeededEntropy(1)), isLegacy);
const buffer = { pa: BUFFERS, length: 16, isWritable: true };

test('identification registers, by version and for an empty slot', () => {
  const identify = (driver: TestDriver): number[] => [0, 4, 8, 12].map(offset => driver.read(offset));
  expect(identify(rng())).toEqual([0x74726976, 2, 4, 0x554d4551]);
  expect(identify(rng(true))).toEqual([0x74726976, 1, 4, 0x554d4551]);
  expect(identify(new TestDriver(undefined))).toEqual([0x74726976, 2, 0, 0x554d4551]);
});

test('registers take 4 bytes alone; others read 0 and write nothing', () => {
  const driver = rng();
  expect(driver.mmio.read(0, 2)).toBe(0);
  driver.mmio.write(0x070, 1, 1);
  expect(driver.status).toBe(0);
  expect(driver.guestErrors).toHaveLength(2);
});

test('as on QEMU, every driver gets FEATURES_OK: without VERSION_1 too, and what was not offered is left out', () => {
  const driver = rng();
  driver.start(1, [0, 0]);
  expect(driver.status & FEATURES_OK).toBe(FEATURES_OK);
  expect(driver.guestErrors).toEqual([]);
  driver.start(1, [1 << 3, VERSION_1]);
  expect(driver.status & FEATURES_OK).toBe(FEATURES_OK);
  expect(driver.guestErrors).toHaveLength(1);
});

test('nothing moves before DRIVER_OK', () => {
  const driver = rng();
  driver.start(1);
  driver.write(0x070, 11);
  driver.offer(0, [buffer]);
  driver.notify(0);
  expect(driver.usedIdx(0)).toBe(0);
});

test('an indirect table is followed; a nested one breaks the device', () => {
  const driver = rng();
  driver.start(1);
  const table = BUFFERS + 0x1000;
  driver.descriptor(table, BUFFERS, 4, 2 | 1, 1);
  driver.descriptor(table + 16, BUFFERS + 64, 4, 2, 0);
  driver.descriptor(driver.rings(0).desc, table, 32, 4, 0);
  driver.publish(0, 0);
  driver.notify(0);
  expect(driver.used(0, 0)).toEqual({ head: 0, length: 8 });
  driver.descriptor(table, table, 32, 4, 0);
  driver.publish(0, 0);
  driver.notify(0);
  expect(driver.status & NEEDS_RESET).not.toBe(0);
  expect(driver.read(0x060) & 2).toBe(2);
});

test('NO_INTERRUPT silences a driver without EVENT_IDX', () => {
  const driver = rng();
  driver.start(1, [INDIRECT, VERSION_1]);
  driver.ram.write16(driver.rings(0).avail, 1);
  driver.offer(0, [buffer]);
  driver.notify(0);
  expect([driver.usedIdx(0), driver.wire.level]).toEqual([1, false]);
});

test('with EVENT_IDX the driver says after which request it wants to hear', () => {
  const driver = rng();
  driver.start(1, [EVENT_IDX >>> 0, VERSION_1]);
  const usedEvent = driver.rings(0).avail + 4 + 2 * QUEUE_SIZE;
  const availEvent = driver.rings(0).used + 4 + 8 * QUEUE_SIZE;
  driver.ram.write16(usedEvent, 1);
  driver.offer(0, [buffer]);
  driver.notify(0);
  expect(driver.wire.level).toBe(false);
  driver.offer(0, [buffer]);
  driver.notify(0);
  expect(driver.wire.level).toBe(true);
  expect(driver.ram.read16(availEvent)).toBe(2);
});

test('legacy: queue address and size by page number; writing 0 resets', () => {
  const driver = rng(true);
  driver.start(1);
  expect(driver.read(0x040)).toBe(driver.rings(0).desc / 4096);
  expect(driver.read(0x034)).toBe(8);
  driver.offer(0, [buffer]);
  driver.notify(0);
  expect(driver.used(0, 0).length).toBe(16);
  driver.write(0x040, 0);
  expect([driver.read(0x040), driver.status]).toEqual([0, 0]);
});

test('console: bytes both ways, kept until the driver has room', () => {
  const port = new VirtioConsole();
  const heard: string[] = [];
  port.onData = bytes => heard.push(new TextDecoder().decode(bytes));
  const driver = new TestDriver(port);
  port.send(new TextEncoder().encode('early and long'));
  driver.start(2);
  driver.offer(0, [{ pa: BUFFERS, length: 6, isWritable: true }]);
  driver.notify(0);
  expect(driver.used(0, 0).length).toBe(6);
  driver.offer(0, [{ pa: BUFFERS + 6, length: 100, isWritable: true }]);
  driver.notify(0);
  expect(driver.used(0, 1).length).toBe(8);
  expect(new TextDecoder().decode(driver.ram.bytes(BUFFERS, 14))).toBe('early and long');
  driver.offer(0, [{ pa: BUFFERS, length: 100, isWritable: true }]);
  port.send(new TextEncoder().encode('now'));
  expect(driver.used(0, 2).length).toBe(3);
  driver.ram.write(BUFFERS, new TextEncoder().encode('from the guest'));
  driver.offer(1, [
    { pa: BUFFERS, length: 9 },
    { pa: BUFFERS + 9, length: 5 },
  ]);
  driver.notify(1);
  expect(heard).toEqual(['from the guest']);
});

test('rng: a seed gives its bytes; the generator is part of the state', () => {
  const take = (driver: TestDriver): number[] => {
    driver.offer(0, [buffer]);
    driver.notify(0);
    return [...driver.ram.bytes(BUFFERS, 16)];
  };
  const a = rng();
  const b = rng();
  a.start(1);
  b.start(1);
  const first = take(a);
  expect(take(b)).toEqual(first);
  const second = take(a);
  expect(second).not.toEqual(first);
});

test('state travels: a copy goes on where the device was', () => {
  const driver = rng();
  driver.start(1);
  driver.offer(0, [buffer]);
  driver.notify(0);
  const wire = new Wire();
  const copy = new VirtioMmio({
    index: 0,
    ram: driver.ram,
    irq: wire.line,
    isLegacy: false,
    device: new VirtioRng(new SeededEntropy(9)),
    guestError: () => {},
  });
  transplant(driver.mmio, copy);
  expect(wire.level).toBe(true);
  driver.offer(0, [buffer]);
  copy.write(0x050, 4, 0);
  expect(driver.usedIdx(0)).toBe(2);
});
