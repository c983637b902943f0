import { describe, expect, test } from 'vitest';
import { StateReader, StateWriter } from '../../base/state.ts';
import type { NetBackend } from '../net/net-backend.ts';
import { VirtioNet } from './net.ts';
import { BUFFERS, TestDriver } from './test-driver.ts';

const RECEIVEQ = 0;
const TRANSMITQ = 1;
const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const NEEDS_RESET = 64;

class Cable implements NetBackend {
  onFrame: (frame: Uint8Array) => void = () => {};
  readonly sent: Uint8Array[] = [];
  settled = 0;
  transmit(frame: Uint8Array): void {
    this.sent.push(frame);
  }
  settle(): void {
    this.settled++;
  }
  save(): void {}
  load(): void {}
}

const frame = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i + 1);

describe.each([
  ['version 1', true, 10],
  ['version 2', false, 12],
])('%s', (_name, isLegacy, headerBytes) => {
  const card = (): { cable: Cable; driver: TestDriver; device: VirtioNet } => {
    const cable = new Cable();
    const device = new VirtioNet(MAC, cable);
    const driver = new TestDriver(device, isLegacy);
    driver.start(2);
    return { cable, driver, device };
  };

  test('says its MAC, and that the cable is in', () => {
    const { driver } = card();
    const config = Array.from({ length: 8 }, (_, i) => driver.mmio.read(0x100 + i, 1));
    expect(config).toEqual([...MAC, 1, 0]);
    driver.write(0x014, 0);
    const features = driver.read(0x010);
    expect([5, 15, 16, 17].map(bit => (features >>> bit) & 1)).toEqual([1, 0, 1, 0]);
  });

  test('sends what is behind the header, however it is cut', () => {
    const { cable, driver } = card();
    driver.ram.write(BUFFERS + headerBytes, frame(60));
    driver.offer(TRANSMITQ, [
      { pa: BUFFERS, length: 4 },
      { pa: BUFFERS + 4, length: headerBytes + 20 - 4 },
      { pa: BUFFERS + headerBytes + 20, length: 40 },
    ]);
    driver.notify(TRANSMITQ);
    expect(cable.sent).toEqual([frame(60)]);
    expect(cable.settled).toBe(1);
    expect(driver.used(TRANSMITQ, 0).length).toBe(0);
    expect(driver.wire.level).toBe(true);
  });

  test('receives behind a header of zeros', () => {
    const { cable, driver } = card();
    driver.ram.fill(BUFFERS, 200, 0xee);
    driver.offer(RECEIVEQ, [{ pa: BUFFERS, length: 200, isWritable: true }]);
    cable.onFrame(frame(60));
    expect(driver.used(RECEIVEQ, 0).length).toBe(headerBytes + 60);
    const header = [...driver.ram.bytes(BUFFERS, headerBytes)];
    expect(header).toEqual(isLegacy ? Array(10).fill(0) : [...Array<number>(10).fill(0), 1, 0]);
    expect(driver.ram.bytes(BUFFERS + headerBytes, 60)).toEqual(frame(60));
  });

  test('frames wait for buffers, so many', () => {
    const { cable, driver } = card();
    for (let n = 0; n < 2000; n++) cable.onFrame(frame(60));
    let received = 0;
    for (; received < 3000; received++) {
      driver.offer(RECEIVEQ, [{ pa: BUFFERS, length: 200, isWritable: true }]);
      driver.notify(RECEIVEQ);
      if (driver.usedIdx(RECEIVEQ) === received) break;
    }
    expect(received).toBe(1024);
  });

  test('a buffer too small for a frame goes back empty', () => {
    const { cable, driver } = card();
    driver.offer(RECEIVEQ, [{ pa: BUFFERS, length: 40, isWritable: true }]);
    cable.onFrame(frame(60));
    expect(driver.used(RECEIVEQ, 0).length).toBe(0);
  });

  test('what is no frame is not sent', () => {
    const { cable, driver } = card();
    for (const length of [13, 1519, 100_000]) {
      driver.offer(TRANSMITQ, [{ pa: BUFFERS, length: headerBytes + length }]);
      driver.notify(TRANSMITQ);
    }
    expect(cable.sent).toEqual([]);
    expect(driver.usedIdx(TRANSMITQ)).toBe(3);
  });

  test('less than a header breaks the card until it is reset', () => {
    const { cable, driver } = card();
    driver.offer(TRANSMITQ, [{ pa: BUFFERS, length: headerBytes - 1 }]);
    driver.notify(TRANSMITQ);
    expect(driver.usedIdx(TRANSMITQ)).toBe(0);
    if (!isLegacy) expect(driver.status & NEEDS_RESET).not.toBe(0);
    cable.onFrame(frame(60));
    driver.start(2);
    driver.offer(TRANSMITQ, [{ pa: BUFFERS, length: headerBytes + 60 }]);
    driver.notify(TRANSMITQ);
    expect(cable.sent).toHaveLength(1);
  });

  test('the MAC can be set by a legacy driver alone, and comes back with a reset', () => {
    const { driver } = card();
    driver.mmio.write(0x105, 1, 0x99);
    driver.mmio.write(0x106, 1, 0x99);
    expect(driver.mmio.read(0x105, 1)).toBe(isLegacy ? 0x99 : 0x56);
    expect(driver.mmio.read(0x106, 1)).toBe(1);
    driver.start(2);
    expect(driver.mmio.read(0x105, 1)).toBe(0x56);
  });

  test('what waits is saved', () => {
    const { cable, driver } = card();
    cable.onFrame(frame(60));
    const out = new StateWriter();
    driver.mmio.save(out);
    const twin = card();
    twin.driver.ram.write(driver.ram.base, driver.ram.bytes(driver.ram.base, driver.ram.size));
    const from = new StateReader(out.finish());
    twin.driver.mmio.load(from);
    expect(from.isAtEnd).toBe(true);
    twin.driver.offer(RECEIVEQ, [{ pa: BUFFERS, length: 200, isWritable: true }]);
    twin.driver.notify(RECEIVEQ);
    expect(twin.driver.used(RECEIVEQ, 0).length).toBe(headerBytes + 60);
  });
});
