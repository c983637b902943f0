/** Frames of the agent protocol (docs/agent-protocol.md): writing them, and finding them again in a stream with garbage. */
import { concatBytes, viewOf } from '../base/bytes.ts';

export const PROTOCOL_VERSION = 1;
export const PAYLOAD_MAX = 65536;

export const FrameType = {
  Hello: 0x01,
  Exec: 0x02,
  Stdin: 0x03,
  Signal: 0x04,
  Winsize: 0x05,
  Ping: 0x06,
  GuestHello: 0x81,
  Stdout: 0x82,
  Stderr: 0x83,
  Exit: 0x84,
  Credit: 0x85,
  Pong: 0x86,
} as const;

export interface Frame {
  readonly type: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

const MAGIC = [0xf5, 0x53, 0x54, 0x52];
const HEADER_BYTES = 12;
const TYPE_AT = 4;
const CHECK_AT = 5;
const ID_AT = 6;
const LENGTH_AT = 8;

/** Precondition: at most PAYLOAD_MAX bytes of payload. */
export function encodeFrame({ type, id, payload }: Frame): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = viewOf(bytes);
  bytes.set(MAGIC);
  view.setUint8(TYPE_AT, type);
  view.setUint16(ID_AT, id, true);
  view.setUint32(LENGTH_AT, payload.length, true);
  view.setUint8(CHECK_AT, -headerSum(bytes) & 0xff);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** Collects bytes and gives the whole frames among them; drops what is none, a byte at a time. */
export class FrameReader {
  private pending: Uint8Array = new Uint8Array(0);

  push(bytes: Uint8Array): Frame[] {
    this.pending = this.pending.length === 0 ? bytes.slice() : concatBytes([this.pending, bytes]);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      at = this.findHeader(at);
      if (this.pending.length - at < HEADER_BYTES) break;
      const view = viewOf(this.pending);
      const length = view.getUint32(at + LENGTH_AT, true);
      const end = at + HEADER_BYTES + length;
      if (end > this.pending.length) break;
      const payload = this.pending.slice(at + HEADER_BYTES, end);
      frames.push({ type: view.getUint8(at + TYPE_AT), id: view.getUint16(at + ID_AT, true), payload });
      at = end;
    }
    this.pending = this.pending.slice(at);
    return frames;
  }

  /** The first place from `at` on where a valid header stands, or where one may yet turn out to be. */
  private findHeader(at: number): number {
    const { pending } = this;
    for (; at < pending.length; at++) {
      const header = pending.subarray(at, at + HEADER_BYTES);
      if (!MAGIC.every((byte, i) => i >= header.length || header[i] === byte)) continue;
      if (header.length < HEADER_BYTES) return at;
      if ((headerSum(header) & 0xff) === 0 && viewOf(header).getUint32(LENGTH_AT, true) <= PAYLOAD_MAX) return at;
    }
    return at;
  }
}

function headerSum(header: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < HEADER_BYTES; i++) sum += header[i]!;
  return sum;
}
