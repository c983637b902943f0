/** Clocks from the `time` CSR: monotonic since boot, and a settable offset for the time of day. */
import { csrr_time } from "./rv";

/** Nanoseconds per timebase tick; QEMU's virt and our board tick at 10 MHz. */
let nsPerTick: u64 = 100;
let realtimeOffset: i64 = 0;
let bootTicks: u64 = 0;

/** Called once with the device tree's timebase-frequency. */
export function timeInit(timebaseHz: u64): void {
  if (timebaseHz != 0) nsPerTick = 1_000_000_000 / timebaseHz;
  bootTicks = csrr_time();
}

/** CLOCK_MONOTONIC: nanoseconds since boot. */
export function monotonicNs(): i64 {
  return <i64>((csrr_time() - bootTicks) * nsPerTick);
}

/** CLOCK_REALTIME: nanoseconds since the epoch. */
export function realtimeNs(): i64 {
  return monotonicNs() + realtimeOffset;
}

/** clock_settime, or what the RTC said at boot. */
export function setRealtimeNs(ns: i64): void {
  realtimeOffset = ns - monotonicNs();
}

/** The `time` CSR value at which the monotonic clock shows `ns`, for set_timer. */
export function ticksAt(ns: i64): u64 {
  return bootTicks + (<u64>ns + nsPerTick - 1) / nsPerTick;
}
