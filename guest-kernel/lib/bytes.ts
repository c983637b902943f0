/**
 * Byte slices: names, paths, option strings. On Linux a name is bytes, so no UTF-16 string ever holds one; string
 * literals become bytes once, through `b()`.
 */

/** A view of `len` bytes of `buf` from `off`. Immutable by convention; `alloc` is for the one who fills it. */
@final
export class Bytes {
  constructor(
    public buf: StaticArray<u8>,
    public off: i32,
    public len: i32,
  ) {}

  static alloc(len: i32): Bytes {
    return new Bytes(new StaticArray<u8>(len), 0, len);
  }

  /** Copies `len` bytes at address `p`. */
  static copyOf(p: usize, len: i32): Bytes {
    const r = Bytes.alloc(len);
    memory.copy(changetype<usize>(r.buf), p, len);
    return r;
  }

  /** Address of the first byte; valid while this slice is referenced (the collector never moves). */
  get ptr(): usize {
    return changetype<usize>(this.buf) + <usize>this.off;
  }

  /** Byte `i`; out of range traps. */
  @operator("[]")
  at(i: i32): u8 {
    assert(<u32>i < <u32>this.len);
    return this.buf[this.off + i];
  }

  @operator("[]=")
  set(i: i32, v: u8): void {
    assert(<u32>i < <u32>this.len);
    this.buf[this.off + i] = v;
  }

  /** Bytes [from, to), sharing the buffer; both are clamped to the slice. */
  slice(from: i32, to: i32 = i32.MAX_VALUE): Bytes {
    const end = min(max(to, 0), this.len);
    const start = min(max(from, 0), end);
    return new Bytes(this.buf, this.off + start, end - start);
  }

  /** The same bytes in a buffer of their own, so that a large buffer is not kept alive. */
  clone(): Bytes {
    return Bytes.copyOf(this.ptr, this.len);
  }

  equals(o: Bytes): bool {
    return this.len == o.len && memory.compare(this.ptr, o.ptr, this.len) == 0;
  }

  /** Is it this text? ASCII alone can be. */
  isText(text: string): bool {
    if (text.length != this.len) return false;
    for (let i = 0; i < this.len; i++) if (text.charCodeAt(i) != this.buf[this.off + i]) return false;
    return true;
  }

  /** memcmp order, a shorter prefix first. */
  compare(o: Bytes): i32 {
    const c = memory.compare(this.ptr, o.ptr, min(this.len, o.len));
    return c != 0 ? c : this.len - o.len;
  }

  startsWith(o: Bytes): bool {
    return this.len >= o.len && memory.compare(this.ptr, o.ptr, o.len) == 0;
  }

  endsWith(o: Bytes): bool {
    return this.len >= o.len && memory.compare(this.ptr + (this.len - o.len), o.ptr, o.len) == 0;
  }

  /** First position >= `from` of byte `c`, or -1. */
  indexOf(c: u8, from: i32 = 0): i32 {
    for (let i = max(from, 0); i < this.len; i++) if (this.buf[this.off + i] == c) return i;
    return -1;
  }

  /** FNV-1a. */
  hash(): u32 {
    let h: u32 = 0x811c9dc5;
    for (let i = 0; i < this.len; i++) h = (h ^ this.buf[this.off + i]) * 0x01000193;
    return h;
  }

  /** The concatenation, in a buffer of its own. */
  concat(o: Bytes): Bytes {
    const r = Bytes.alloc(this.len + o.len);
    memory.copy(r.ptr, this.ptr, this.len);
    memory.copy(r.ptr + this.len, o.ptr, o.len);
    return r;
  }
}

/** The bytes of a literal (UTF-8). Allocates: keep the result in a global where it is used often. */
export function b(text: string): Bytes {
  const n = String.UTF8.byteLength(text);
  const r = Bytes.alloc(n);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, r.ptr);
  return r;
}

/** Grows as it is written; `take()` hands out what was written. */
@final
export class BytesBuilder {
  private buf: StaticArray<u8> = new StaticArray<u8>(64);
  len: i32 = 0;

  private reserve(more: i32): void {
    const need = this.len + more;
    if (need <= this.buf.length) return;
    const grown = new StaticArray<u8>(max(need, this.buf.length * 2));
    memory.copy(changetype<usize>(grown), changetype<usize>(this.buf), this.len);
    this.buf = grown;
  }

  byte(c: u8): BytesBuilder {
    this.reserve(1);
    this.buf[this.len++] = c;
    return this;
  }

  bytes(s: Bytes): BytesBuilder {
    this.reserve(s.len);
    memory.copy(changetype<usize>(this.buf) + this.len, s.ptr, s.len);
    this.len += s.len;
    return this;
  }

  /** A literal, ASCII only. */
  text(s: string): BytesBuilder {
    this.reserve(s.length);
    for (let i = 0; i < s.length; i++) this.buf[this.len++] = <u8>s.charCodeAt(i);
    return this;
  }

  /** Decimal, padded on the left with `pad` to `width`. */
  dec(v: i64, width: i32 = 0, pad: u8 = 0x20): BytesBuilder {
    const negative = v < 0;
    return this.digits(negative ? <u64>0 - <u64>v : <u64>v, 10, width, pad, negative);
  }

  unsigned(v: u64, width: i32 = 0, pad: u8 = 0x20): BytesBuilder {
    return this.digits(v, 10, width, pad, false);
  }

  hex(v: u64, width: i32 = 0): BytesBuilder {
    return this.digits(v, 16, width, 0x30, false);
  }

  octal(v: u64, width: i32 = 0): BytesBuilder {
    return this.digits(v, 8, width, 0x30, false);
  }

  private digits(v: u64, base: u64, width: i32, pad: u8, negative: bool): BytesBuilder {
    let n = 1;
    for (let t = v / base; t != 0; t /= base) n++;
    let fill = max(width - n - (negative ? 1 : 0), 0);
    if (negative && pad == 0x30) this.byte(0x2d);
    for (; fill > 0; fill--) this.byte(pad);
    if (negative && pad != 0x30) this.byte(0x2d);
    this.reserve(n);
    for (let i = n - 1; i >= 0; i--, v /= base) {
      const d = <u8>(v % base);
      this.buf[this.len + i] = d < 10 ? 0x30 + d : 0x57 + d;
    }
    this.len += n;
    return this;
  }

  /** What was written so far; later writes do not change it. */
  take(): Bytes {
    return Bytes.copyOf(changetype<usize>(this.buf), this.len);
  }

  clear(): void {
    this.len = 0;
  }
}
