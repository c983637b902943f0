/** Text on its way through expansion: each byte remembers where it came from, until fields and patterns are made. */
import { Bytes } from "../../lib/bytes";

export const enum Mark {
  /** Written unquoted: may be a pattern, is never split. */
  Literal,
  Quoted,
  /** Result of an unquoted expansion: may be a pattern, and is split. */
  Split,
  /** No byte, but the field exists even if it is empty. */
  Exists,
  /** No byte: the boundary between two positional parameters. */
  Boundary,
}

/** Buffers that are free; expansions nest, so there may be several. */
const free: Expanded[] = [];
/** A larger buffer is left to the collector. */
const KEPT_SIZE: i32 = 4096;

/** An empty buffer; `release` gives it back. */
export function acquire(): Expanded {
  if (free.length == 0) return new Expanded();
  const e = free.pop();
  e.clear();
  return e;
}

export function release(e: Expanded): void {
  if (e.text.length <= KEPT_SIZE) free.push(e);
}

@final
export class Expanded {
  text: StaticArray<u8> = new StaticArray<u8>(64);
  marks: StaticArray<u8> = new StaticArray<u8>(64);
  len: i32 = 0;
  private hasSigns: bool = false;

  private reserve(more: i32): void {
    const need = this.len + more;
    if (need <= this.text.length) return;
    const size = max(need, this.text.length * 2);
    const text = new StaticArray<u8>(size);
    const marks = new StaticArray<u8>(size);
    memory.copy(changetype<usize>(text), changetype<usize>(this.text), this.len);
    memory.copy(changetype<usize>(marks), changetype<usize>(this.marks), this.len);
    this.text = text;
    this.marks = marks;
  }

  byte(c: u8, mark: Mark): void {
    this.reserve(1);
    this.text[this.len] = c;
    this.marks[this.len++] = <u8>mark;
  }

  bytes(s: Bytes, mark: Mark): void {
    this.reserve(s.len);
    memory.copy(changetype<usize>(this.text) + this.len, s.ptr, s.len);
    memory.fill(changetype<usize>(this.marks) + this.len, <u8>mark, s.len);
    this.len += s.len;
  }

  sign(mark: Mark): void {
    this.hasSigns = true;
    this.byte(0, mark);
  }

  clear(): void {
    this.hasSigns = false;
    this.len = 0;
  }

  isByte(i: i32): bool {
    return this.marks[i] < <u8>Mark.Exists;
  }

  /** Byte `i` may be special in a pattern. */
  isActive(i: i32): bool {
    const m = this.marks[i];
    return m == <u8>Mark.Literal || m == <u8>Mark.Split;
  }

  /** The bytes of [from, to) without the signs. */
  take(from: i32 = 0, to: i32 = i32.MAX_VALUE): Bytes {
    const end = min(to, this.len);
    if (!this.hasSigns) return Bytes.copyOf(changetype<usize>(this.text) + from, end - from);
    let n = 0;
    for (let i = from; i < end; i++) if (this.isByte(i)) n++;
    const r = Bytes.alloc(n);
    let at = 0;
    for (let i = from; i < end; i++) if (this.isByte(i)) r[at++] = this.text[i];
    return r;
  }
}
