/** Frames of docs/agent-protocol.md: finding them in a stream of bytes, and writing them. */
import { Bytes } from "../../lib/bytes";
import { writeAll } from "../libc/sys";

export const HELLO: u8 = 0x01;
export const EXEC: u8 = 0x02;
export const STDIN: u8 = 0x03;
export const SIGNAL: u8 = 0x04;
export const WINSIZE: u8 = 0x05;
export const PING: u8 = 0x06;
export const HELLO_REPLY: u8 = 0x81;
export const STDOUT: u8 = 0x82;
export const STDERR: u8 = 0x83;
export const EXIT: u8 = 0x84;
export const CREDIT: u8 = 0x85;
export const PONG: u8 = 0x86;

export const VERSION: u32 = 1;
export const MAX_PAYLOAD: usize = 65536;
export const HEADER: usize = 12;
/** F5 'S' 'T' 'R', little-endian. */
const MAGIC: u32 = 0x525453f5;

/** Bytes from the channel that are not yet a whole frame. */
const CAPACITY: usize = 2 * (65536 + 12);
const pending: usize = memory.data(2 * (65536 + 12), 8);
let length: usize = 0;
/** Where outgoing frames are built. */
const outgoing: usize = memory.data(65536 + 12, 8);

/** The frame that `nextFrame` found. The payload is valid until the next call. */
export let frameType: u8 = 0;
export let frameId: u32 = 0;
export let payload: usize = 0;
export let payloadLen: usize = 0;
/** Bytes of the frame that `nextFrame` returned last: dropped at its next call. */
let consumed: usize = 0;

/** Where the channel's next bytes go, and how many fit: at least one frame always does. */
export function receiveAt(): usize {
  return pending + length;
}
export function receiveRoom(): usize {
  return CAPACITY - length;
}
export function received(n: usize): void {
  length += n;
}

function drop(n: usize): void {
  length -= n;
  memory.copy(pending, pending + n, length);
}

/** Finds the next whole frame, skipping garbage byte by byte. */
export function nextFrame(): bool {
  if (consumed > 0) drop(consumed);
  consumed = 0;
  let at: usize = 0;
  while (length - at >= HEADER) {
    const p = pending + at;
    if (load<u32>(p) != MAGIC || load<u32>(p + 8) > <u32>MAX_PAYLOAD || sum(p) != 0) {
      at++;
      continue;
    }
    const size = HEADER + load<u32>(p + 8);
    if (length - at < size) break;
    frameType = load<u8>(p + 4);
    frameId = load<u16>(p + 6);
    payload = p + HEADER;
    payloadLen = size - HEADER;
    consumed = at + size;
    return true;
  }
  if (at > 0) drop(at);
  return false;
}

function sum(p: usize): u8 {
  let s: u8 = 0;
  for (let i: usize = 0; i < HEADER; i++) s += load<u8>(p + i);
  return s;
}

/** Where a payload of at most MAX_PAYLOAD bytes may be put before `send`. */
export function outgoingPayload(): usize {
  return outgoing + HEADER;
}

/** Sends the `n` payload bytes at `outgoingPayload()` to `fd`. Returns 0 or -errno. */
export function send(fd: i32, type: u8, id: u32, n: usize): i64 {
  store<u32>(outgoing, MAGIC);
  store<u8>(outgoing + 4, type);
  store<u8>(outgoing + 5, 0);
  store<u16>(outgoing + 6, <u16>id);
  store<u32>(outgoing + 8, <u32>n);
  store<u8>(outgoing + 5, -sum(outgoing));
  return writeAll(fd, outgoing, HEADER + n);
}

export function sendU32(fd: i32, type: u8, id: u32, v: u32): i64 {
  store<u32>(outgoingPayload(), v);
  return send(fd, type, id, 4);
}

export function sendBytes(fd: i32, type: u8, id: u32, s: Bytes): i64 {
  const n = min(<usize>s.len, MAX_PAYLOAD);
  memory.copy(outgoingPayload(), s.ptr, n);
  return send(fd, type, id, n);
}
