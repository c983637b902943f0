import { beforeEach, expect, test } from 'vitest';
import { GoldfishRtc } from './goldfish-rtc.ts';
import { ManualClock, transplant, Wire } from './test-devices.ts';

const EPOCH_NS = 1_767_225_600_000_000_000n;
const TICKS_PER_SECOND = 10_000_000;

let clock: ManualClock;
let irq: Wire;
let rtc: GoldfishRtc;

function time(device: GoldfishRtc = rtc): bigint {
  const low = BigInt(device.read(0x00, 4));
  return (BigInt(device.read(0x04, 4)) << 32n) | low;
}
function setAlarm(ns: bigint): void {
  rtc.write(0x0c, 4, Number(ns >> 32n));
  rtc.write(0x08, 4, Number(ns & 0xffff_ffffn));
}

beforeEach(() => {
  clock = new ManualClock();
  irq = new Wire();
  rtc = new GoldfishRtc(clock, irq.line, EPOCH_NS);
});

test('counts nanoseconds from the epoch it was given', () => {
  expect(time()).toBe(EPOCH_NS);
  clock.advance(TICKS_PER_SECOND);
  expect(time()).toBe(EPOCH_NS + 1_000_000_000n);
});

test('reading the low half latches the high one', () => {
  const low = rtc.read(0x00, 4);
  clock.advance(100 * TICKS_PER_SECOND);
  expect((BigInt(rtc.read(0x04, 4)) << 32n) | BigInt(low)).toBe(EPOCH_NS);
});

test('can be set, and runs on from there', () => {
  rtc.write(0x04, 4, 0);
  rtc.write(0x00, 4, 5);
  clock.advance(1);
  expect(time()).toBe(105n);
});

test('the alarm interrupts once, when enabled, until cleared', () => {
  rtc.write(0x10, 4, 1);
  setAlarm(EPOCH_NS + 2_000_000_000n);
  expect(rtc.read(0x18, 4)).toBe(1);
  clock.advance(2 * TICKS_PER_SECOND - 1);
  expect(irq.level).toBe(false);
  clock.advance(1);
  expect([irq.level, rtc.read(0x18, 4)]).toEqual([true, 0]);
  rtc.write(0x1c, 4, 1);
  expect(irq.level).toBe(false);
});

test('an alarm in the past fires at once, a cleared one never', () => {
  rtc.write(0x10, 4, 1);
  setAlarm(EPOCH_NS - 1n);
  expect(irq.level).toBe(true);
  rtc.write(0x1c, 4, 1);
  setAlarm(EPOCH_NS + 1_000n);
  rtc.write(0x14, 4, 1);
  clock.advance(TICKS_PER_SECOND);
  expect(irq.level).toBe(false);
});

test('state travels with an armed alarm', () => {
  rtc.write(0x10, 4, 1);
  setAlarm(EPOCH_NS + 1_000_000_000n);
  const otherIrq = new Wire();
  const other = new GoldfishRtc(clock, otherIrq.line, EPOCH_NS);
  transplant(rtc, other);
  clock.advance(TICKS_PER_SECOND);
  expect(otherIrq.level).toBe(true);
  expect(time(other)).toBe(time());
});
