/**
 * The byte stream a snapshot is made of. Every device, the CPU and RAM write themselves to a StateWriter and read
 * themselves back, in the same order, from a StateReader. Little-endian; no padding; no types in the stream: a
 * section name (`tag`) in front of each part turns a mismatch into an error at the right place.
 */
import { fromUtf8, highWord, joinWords, utf8, viewOf } from './bytes.ts';

export class StateWriter {
  private buffer = new Uint8Array(4096);
  private view = viewOf(this.buffer);
  private length = 0;

  u8(value: number): void {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
  }
  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }
  u16(value: number): void {
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
  }
  u32(value: number): void {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
  }
  /** A non-negative integer below 2^53, stored as 64 bits. */
  u53(value: number): void {
    this.u32(value >>> 0);
    this.u32(highWord(value));
  }
  u64(value: bigint): void {
    const at = this.reserve(8);
    this.view.setBigUint64(at, value, true);
  }
  f64(value: number): void {
    const at = this.reserve(8);
    this.view.setFloat64(at, value, true);
  }
  bytes(value: Uint8Array): void {
    this.u32(value.length);
    const at = this.reserve(value.length);
    this.buffer.set(value, at);
  }
  text(value: string): void {
    this.bytes(utf8(value));
  }
  /** Starts a named part; `StateReader.tag` checks the name. */
  tag(name: string): void {
    this.text(name);
  }
  finish(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  /** Makes room and returns where the reserved bytes start. Call it before looking at `view`, which it may replace. */
  private reserve(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.buffer.length) {
      const grown = new Uint8Array(Math.max(this.length, this.buffer.length * 2));
      grown.set(this.buffer);
      this.buffer = grown;
      this.view = viewOf(grown);
    }
    return at;
  }
}

export class StateReader {
  private readonly view: DataView;
  private at = 0;

  constructor(private readonly buffer: Uint8Array) {
    this.view = viewOf(buffer);
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }
  bool(): boolean {
    return this.u8() !== 0;
  }
  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }
  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }
  u53(): number {
    const lo = this.u32();
    return joinWords(lo, this.u32());
  }
  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }
  f64(): number {
    return this.view.getFloat64(this.take(8), true);
  }
  /** A copy: the caller may keep it. */
  bytes(): Uint8Array {
    const length = this.u32();
    const at = this.take(length);
    return this.buffer.slice(at, at + length);
  }
  text(): string {
    return fromUtf8(this.bytes());
  }
  tag(name: string): void {
    const found = this.text();
    if (found !== name) throw new Error(`snapshot: expected part ${name}, found ${found}`);
  }
  get isAtEnd(): boolean {
    return this.at === this.buffer.length;
  }

  private take(count: number): number {
    const at = this.at;
    if (at + count > this.buffer.length)
      throw new Error(`snapshot: ends at byte ${this.buffer.length}, needs ${at + count}`);
    this.at += count;
    return at;
  }
}
