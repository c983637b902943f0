/** A cursor over wasm bytes: LEB128 numbers, names and vectors (WebAssembly core specification, section 5.2). */
import { fromUtf8, viewOf } from '../../../emulator/base/bytes.ts';
import { UserError } from '../../../emulator/base/user-error.ts';

export class Reader {
  readonly view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly end: number,
  ) {
    this.view = viewOf(bytes);
  }

  get isDone(): boolean {
    return this.at >= this.end;
  }

  u8(): number {
    if (this.at >= this.end) throw malformed(this.at, 'unexpected end');
    return this.bytes[this.at++]!;
  }

  u32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
    throw malformed(this.at, 'LEB128 number too long');
  }

  s32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 25 && byte & 0x40 ? result | (-1 << (shift + 7)) : result | 0;
    }
    throw malformed(this.at, 'LEB128 number too long');
  }

  s64(): bigint {
    const start = this.at;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(byte & 0x40 ? low | (-1 << (shift + 7)) : low);
    }
    this.at = start;
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, byte & 0x40 ? result | (-1n << (shift + 7n)) : result);
    }
    throw malformed(this.at, 'LEB128 number too long');
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.end) throw malformed(this.at, 'unexpected end');
    const part = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return part;
  }

  name(): string {
    return fromUtf8(this.take(this.u32()));
  }

  /** A reader over the next `length` bytes, which this one skips. */
  section(length: number): Reader {
    const start = this.at;
    this.take(length);
    return new Reader(this.bytes, start, this.at);
  }

  vector<T>(item: (index: number) => T): T[] {
    const count = this.u32();
    const out: T[] = [];
    for (let i = 0; i < count; i++) out.push(item(i));
    return out;
  }
}

export function malformed(off: number, what: string): UserError {
  return new UserError(`wasm offset ${off}: ${what}`, 'the file is damaged or not a WebAssembly module');
}

export function unsupported(off: number, feature: string): UserError {
  return new UserError(`wasm offset ${off}: ${feature} is not supported`, 'compile without that feature');
}
