/** The kernel's log: lines with a time stamp, on the console and in a ring that syslog(2) and /dev/kmsg read. */
import { BytesBuilder } from "../lib/bytes";
import { consoleWrite } from "./console";
import { monotonicNs } from "./time";

const RING_SIZE: i32 = 64 << 10;
const ring = new StaticArray<u8>(RING_SIZE);
/** Bytes ever written; the ring holds the last RING_SIZE of them. */
let written: u64 = 0;

/** Severities as syslog's. */
export const LOG_EMERG: i32 = 0;
export const LOG_ERR: i32 = 3;
export const LOG_WARNING: i32 = 4;
export const LOG_INFO: i32 = 6;

/** Lines less urgent than this stay off the console. */
let consoleLevel: i32 = 7;

export function setConsoleLevel(level: i32): void {
  consoleLevel = level;
}

export function getConsoleLevel(): i32 {
  return consoleLevel;
}

/** One line, ASCII, without a newline. */
export function klog(text: string, severity: i32 = LOG_INFO): void {
  klogLine(new BytesBuilder().text(text), severity);
}

export function klogLine(text: BytesBuilder, severity: i32 = LOG_INFO): void {
  const us = monotonicNs() / 1000;
  const line = new BytesBuilder();
  line.byte(0x3c).dec(severity).byte(0x3e);
  const visible = line.len;
  line
    .byte(0x5b)
    .dec(us / 1_000_000, 5)
    .byte(0x2e)
    .dec(us % 1_000_000, 6, 0x30)
    .text("] ");
  line.bytes(text.take()).byte(0x0a);
  const bytes = line.take();
  for (let i = 0; i < bytes.len; i++) ring[<i32>(written++ % <u64>RING_SIZE)] = bytes[i];
  if (severity < consoleLevel) consoleWrite(bytes.ptr + visible, bytes.len - visible);
}

/** Position of the oldest byte that is still there. */
export function logStart(): u64 {
  return written > <u64>RING_SIZE ? written - <u64>RING_SIZE : 0;
}

export function logEnd(): u64 {
  return written;
}

export function logByte(position: u64): u8 {
  return ring[<i32>(position % <u64>RING_SIZE)];
}
