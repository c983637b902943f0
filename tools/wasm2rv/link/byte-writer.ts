/** A growing little-endian byte buffer, with the LEB128 numbers of DWARF. */
import { utf8 } from '../../../emulator/base/bytes.ts';

export class ByteWriter {
  private buffer = new Uint8Array(1024);
  private view = new DataView(this.buffer.buffer);
  length = 0;

  private reserve(bytes: number): number {
    const at = this.length;
    this.length += bytes;
    if (this.length > this.buffer.length) {
      const bigger = new Uint8Array(Math.max(this.length, this.buffer.length * 2));
      bigger.set(this.buffer);
      this.buffer = bigger;
      this.view = new DataView(bigger.buffer);
    }
    return at;
  }

  u8(value: number): void {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    const at = this.reserve(8);
    this.view.setBigUint64(at, BigInt.asUintN(64, value), true);
  }

  /** Overwrites an earlier u32: a length that has become known. */
  patch32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  uleb(value: number): void {
    let rest = value;
    do {
      const more = rest > 0x7f;
      this.u8((rest % 128) | (more ? 0x80 : 0));
      rest = Math.floor(rest / 128);
    } while (rest > 0);
  }

  sleb(value: number): void {
    let rest = value;
    for (;;) {
      const byte = rest & 0x7f;
      rest >>= 7;
      const done = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
      this.u8(done ? byte : byte | 0x80);
      if (done) return;
    }
  }

  cstring(text: string): void {
    this.bytes(utf8(text));
    this.u8(0);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  align(alignment: number): void {
    while (this.length % alignment !== 0) this.u8(0);
  }

  finish(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

/** NUL-terminated strings, each stored once. */
export class StringTable {
  private readonly offsets = new Map<string, number>([['', 0]]);
  private readonly writer = new ByteWriter();

  constructor() {
    this.writer.u8(0);
  }

  offsetOf(text: string): number {
    let offset = this.offsets.get(text);
    if (offset === undefined) {
      offset = this.writer.length;
      this.offsets.set(text, offset);
      this.writer.cstring(text);
    }
    return offset;
  }

  finish(): Uint8Array {
    return this.writer.finish();
  }
}
