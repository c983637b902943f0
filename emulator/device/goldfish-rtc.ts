/**
 * Goldfish RTC: nanoseconds since 1970 as a 64-bit counter with one alarm. After the register description of Android's
 * goldfish board and QEMU `hw/rtc/goldfish_rtc.c`. The counter may be written: from then on it runs with an offset.
 */
import type { StateReader, StateWriter } from '../base/state.ts';
import { NS_PER_TICK, type Clock, type Timer } from '../bus/clock.ts';
import type { Device, DtNode, IrqLine, Width } from '../bus/device.ts';

const TIME_LOW = 0x00;
const TIME_HIGH = 0x04;
const ALARM_LOW = 0x08;
const ALARM_HIGH = 0x0c;
const IRQ_ENABLED = 0x10;
const CLEAR_ALARM = 0x14;
const ALARM_STATUS = 0x18;
const CLEAR_INTERRUPT = 0x1c;

const LOW_32 = 0xffff_ffffn;

export class GoldfishRtc implements Device {
  readonly name = 'rtc';
  readonly windowSize = 0x1000;
  readonly minWidth = 4;
  readonly maxWidth = 4;
  private readonly timer: Timer;
  private offsetNs = 0n;
  /** The high half of the time whose low half was read last. */
  private timeHigh = 0;
  private alarmNs = 0n;
  private isAlarmArmed = false;
  private isIrqPending = false;
  private isIrqEnabled = false;

  /** @param epochNs the time of day, in ns since 1970, at tick 0 of the clock */
  constructor(
    private readonly clock: Clock,
    private readonly irq: IrqLine,
    private readonly epochNs: bigint,
  ) {
    this.timer = clock.timer(() => this.expire());
  }

  read(offset: number, _width: Width): number {
    switch (offset) {
      case TIME_LOW: {
        const now = this.now();
        this.timeHigh = Number((now >> 32n) & LOW_32);
        return Number(now & LOW_32);
      }
      case TIME_HIGH:
        return this.timeHigh;
      case ALARM_LOW:
        return Number(this.alarmNs & LOW_32);
      case ALARM_HIGH:
        return Number(this.alarmNs >> 32n);
      case IRQ_ENABLED:
        return Number(this.isIrqEnabled);
      case ALARM_STATUS:
        return Number(this.isAlarmArmed);
      default:
        return 0;
    }
  }

  write(offset: number, _width: Width, value: number): void {
    switch (offset) {
      case TIME_LOW:
        this.setTime((this.now() & ~LOW_32) | BigInt(value));
        break;
      case TIME_HIGH:
        this.setTime((BigInt(value) << 32n) | (this.now() & LOW_32));
        break;
      case ALARM_LOW:
        this.alarmNs = (this.alarmNs & ~LOW_32) | BigInt(value);
        this.isAlarmArmed = true;
        this.plan();
        break;
      case ALARM_HIGH:
        // The high half waits for the low one.
        this.alarmNs = (BigInt(value) << 32n) | (this.alarmNs & LOW_32);
        break;
      case IRQ_ENABLED:
        this.isIrqEnabled = (value & 1) !== 0;
        this.drive();
        break;
      case CLEAR_ALARM:
        this.isAlarmArmed = false;
        this.plan();
        break;
      case CLEAR_INTERRUPT:
        this.isIrqPending = false;
        this.drive();
        break;
      default:
    }
  }

  reset(): void {
    this.offsetNs = 0n;
    this.timeHigh = 0;
    this.alarmNs = 0n;
    this.isAlarmArmed = false;
    this.isIrqPending = false;
    this.isIrqEnabled = false;
    this.plan();
    this.drive();
  }

  save(out: StateWriter): void {
    out.u64(BigInt.asUintN(64, this.offsetNs));
    out.u32(this.timeHigh);
    out.u64(this.alarmNs);
    out.bool(this.isAlarmArmed);
    out.bool(this.isIrqPending);
    out.bool(this.isIrqEnabled);
  }

  load(from: StateReader): void {
    this.offsetNs = BigInt.asIntN(64, from.u64());
    this.timeHigh = from.u32();
    this.alarmNs = from.u64();
    this.isAlarmArmed = from.bool();
    this.isIrqPending = from.bool();
    this.isIrqEnabled = from.bool();
    this.plan();
    this.drive();
  }

  describe(node: DtNode): void {
    node.prop('compatible', 'google,goldfish-rtc');
  }

  private now(): bigint {
    return BigInt.asUintN(64, this.epochNs + this.offsetNs + BigInt(Math.floor(this.clock.now()) * NS_PER_TICK));
  }

  private setTime(ns: bigint): void {
    this.offsetNs = BigInt.asIntN(64, this.offsetNs + ns - this.now());
    this.plan();
  }

  private plan(): void {
    if (!this.isAlarmArmed) {
      this.timer.set(Infinity);
      return;
    }
    const waitNs = this.alarmNs - this.now();
    if (waitNs <= 0n) this.expire();
    else this.timer.set(this.clock.now() + Math.ceil(Number(waitNs) / NS_PER_TICK));
  }

  private expire(): void {
    this.isAlarmArmed = false;
    this.isIrqPending = true;
    this.timer.set(Infinity);
    this.drive();
  }

  private drive(): void {
    this.irq(this.isIrqPending && this.isIrqEnabled);
  }
}
