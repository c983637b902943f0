/** What one notification may cost the host, whatever the rings say. */
import { expect, test } from 'vitest';
import type { BlockBackend } from '../../storage/block-backend.ts';
import { VirtioBlk } from './blk.ts';
import { VirtioConsole } from './console.ts';
import { BUFFERS, QUEUE_SIZE, TestDriver } from './test-driver.ts';

const MIB = 1 << 20;
const TABLE = BUFFERS + 0x1_0000;
const TABLE_ENTRIES = 1024;
/** What no ring and no table lies in. */
const LARGE = BUFFERS + 0x2_0000;
const LARGE_BYTES = 384 * 1024;
const NEEDS_RESET = 64;
const F_NEXT = 1;
const F_WRITE = 2;
const F_INDIRECT = 4;

/** A disk of terabytes that counts what is asked of it. */
class EndlessDisk implements BlockBackend {
  readonly sizeBytes = 2 ** 44;
  readonly isReadOnly = false;
  bytes = 0;
  contents: (target: Uint8Array) => void = () => {};

  read(_offset: number, target: Uint8Array): void {
    this.bytes += target.length;
    this.contents(target);
  }
  write(_offset: number, bytes: Uint8Array): void {
    this.bytes += bytes.length;
  }
  flush(): void {}
}

/** Every head of the ring names an indirect table whose every entry names a third of RAM. */
function fill(driver: TestDriver, queue: number, flags: number, lastFlags: number): void {
  const entry = (i: number, pa: number, length: number, entryFlags: number): void =>
    driver.descriptor(TABLE + 16 * i, pa, length, entryFlags, i + 1);
  entry(0, BUFFERS, 16, F_NEXT);
  for (let i = 1; i < TABLE_ENTRIES - 1; i++) entry(i, LARGE, LARGE_BYTES, flags | F_NEXT);
  entry(TABLE_ENTRIES - 1, BUFFERS + 512, 1, lastFlags);
  for (let head = 0; head < QUEUE_SIZE; head++) {
    driver.descriptor(driver.rings(queue).desc + 16 * head, TABLE, 16 * TABLE_ENTRIES, F_INDIRECT, 0);
    driver.publish(queue, head);
  }
}

test.each([
  ['reads', 0, F_WRITE],
  ['writes', 1, 0],
])('disk %s of RAM many times over are bounded, and the device says so', (_what, type, flags) => {
  const disk = new EndlessDisk();
  const driver = new TestDriver(new VirtioBlk(disk, ''));
  driver.start(1);
  driver.ram.write32(BUFFERS, type);
  fill(driver, 0, flags, F_WRITE);
  driver.notify(0);
  expect(disk.bytes).toBeLessThanOrEqual(1024 * MIB);
  expect(driver.status & NEEDS_RESET).toBe(NEEDS_RESET);
});

test('console messages of RAM many times over are bounded, and come in pieces', () => {
  const port = new VirtioConsole();
  let [bytes, largest] = [0, 0];
  port.onData = piece => {
    bytes += piece.length;
    largest = Math.max(largest, piece.length);
  };
  const driver = new TestDriver(port);
  driver.start(2);
  driver.offer(
    1,
    Array.from({ length: 4 }, () => ({ pa: LARGE, length: LARGE_BYTES })),
  );
  driver.notify(1);
  expect([bytes, largest]).toEqual([4 * LARGE_BYTES, 64 * 1024]);
  fill(driver, 1, 0, 0);
  driver.notify(1);
  expect(bytes).toBe(4 * LARGE_BYTES);
  expect(driver.status & NEEDS_RESET).toBe(NEEDS_RESET);
});

test('a device that feeds its own ring stops after a ring of requests', () => {
  const disk = new EndlessDisk();
  const driver = new TestDriver(new VirtioBlk(disk, ''));
  driver.start(1);
  const { avail } = driver.rings(0);
  // Each read puts one more request on the ring it came from: its index is what is read.
  let reads = 0;
  disk.contents = target => {
    reads++;
    target.fill(0);
    new DataView(target.buffer, target.byteOffset).setUint16(2, reads + 1, true);
  };
  driver.offer(0, [
    { pa: BUFFERS, length: 16 },
    { pa: avail, length: 512, isWritable: true },
    { pa: BUFFERS + 0x100, length: 1, isWritable: true },
  ]);
  driver.notify(0);
  expect(reads).toBe(QUEUE_SIZE);
  expect(driver.status & NEEDS_RESET).toBe(NEEDS_RESET);
});
