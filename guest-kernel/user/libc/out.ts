/** Buffered output to a descriptor. An error is remembered and told by `flush()`: a full disk must not look like success. */
import { Bytes } from "../../lib/bytes";
import { writeAll } from "./sys";

const CAPACITY: i32 = 8192;

@final
export class Out {
  private buf: StaticArray<u8> = new StaticArray<u8>(CAPACITY);
  private len: i32 = 0;
  /** The first -errno, or 0. */
  error: i32 = 0;

  constructor(public fd: i32) {}

  byte(c: u8): Out {
    if (this.len == CAPACITY) this.flush();
    this.buf[this.len++] = c;
    return this;
  }

  raw(p: usize, n: usize): Out {
    if (n > <usize>(CAPACITY - this.len)) this.flush();
    if (n > <usize>CAPACITY) {
      const r = writeAll(this.fd, p, n);
      if (r < 0 && this.error == 0) this.error = <i32>r;
      return this;
    }
    memory.copy(changetype<usize>(this.buf) + this.len, p, n);
    this.len += <i32>n;
    return this;
  }

  bytes(s: Bytes): Out {
    return this.raw(s.ptr, s.len);
  }

  /** A literal, ASCII only. */
  text(s: string): Out {
    for (let i = 0; i < s.length; i++) this.byte(<u8>s.charCodeAt(i));
    return this;
  }

  /** Decimal, padded on the left to `width` with `pad`. */
  dec(v: i64, width: i32 = 0, pad: u8 = 0x20): Out {
    const negative = v < 0;
    return this.digits(negative ? <u64>0 - <u64>v : <u64>v, 10, width, pad, negative);
  }
  unsigned(v: u64, width: i32 = 0, pad: u8 = 0x20): Out {
    return this.digits(v, 10, width, pad, false);
  }
  octal(v: u64, width: i32 = 0, pad: u8 = 0x30): Out {
    return this.digits(v, 8, width, pad, false);
  }
  hex(v: u64, width: i32 = 0, pad: u8 = 0x30): Out {
    return this.digits(v, 16, width, pad, false);
  }

  private digits(v: u64, base: u64, width: i32, pad: u8, negative: bool): Out {
    let n = 1;
    let unit: u64 = 1;
    for (let t = v / base; t != 0; t /= base) {
      n++;
      unit *= base;
    }
    if (negative && pad == 0x30) this.byte(0x2d);
    for (let fill = width - n - (negative ? 1 : 0); fill > 0; fill--) this.byte(pad);
    if (negative && pad != 0x30) this.byte(0x2d);
    for (; n > 0; n--, unit /= base) {
      const d = <u8>((v / unit) % base);
      this.byte(d < 10 ? 0x30 + d : 0x57 + d);
    }
    return this;
  }

  /** Left-aligned in `width` columns. */
  left(s: Bytes, width: i32): Out {
    this.bytes(s);
    for (let i = s.len; i < width; i++) this.byte(0x20);
    return this;
  }

  line(): Out {
    return this.byte(10);
  }

  /** Returns the first error so far, or 0. */
  flush(): i32 {
    const r = writeAll(this.fd, changetype<usize>(this.buf), this.len);
    if (r < 0 && this.error == 0) this.error = <i32>r;
    this.len = 0;
    return this.error;
  }
}

/** Standard output and standard error of the program. */
export const stdout = new Out(1);
export const stderr = new Out(2);
