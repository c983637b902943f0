/**
 * User memory has one name: an address space, an address, a length. Copies walk the page table in software; a page that
 * is not there is brought in first (demand paging, copy-on-write), which may enter a filesystem. Whoever is about to
 * enter a driver therefore calls makeResident() for the next chunk: no copy inside the driver faults then.
 */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { AddressSpace, USER_END } from "./address-space";
import { PAGE_SIZE } from "./frames";
import { IoBuf } from "./io-buf";

/** The most that one makeResident() should ask for. */
export const RESIDENT_CHUNK: u64 = 64 << 10;

@final
export class UserBuf extends IoBuf {
  constructor(
    public space: AddressSpace,
    public addr: u64,
    len: u64,
  ) {
    super(len);
  }

  put(off: u64, src: usize, n: usize): Result {
    return this.move(off, src, n, true);
  }

  get(off: u64, dst: usize, n: usize): Result {
    return this.move(off, dst, n, false);
  }

  zero(off: u64, n: usize): Result {
    return this.move(off, 0, n, true);
  }

  /**
   * Brings [off, off + n) in, ready to be read, or written with `forWrite`. Returns how many bytes from `off` on are
   * resident, at least 1 unless n is 0. Errors, when not even the first byte can be: -EFAULT.
   */
  makeResident(off: u64, n: u64, forWrite: bool): Result {
    if (n == 0) return 0;
    if (!this.contains(off, n)) return fail(Errno.EFAULT);
    const start = this.addr + off;
    const end = start + n;
    for (let page = start & ~(<u64>PAGE_SIZE - 1); page < end; page += PAGE_SIZE) {
      if (this.space.pageFor(page, forWrite) != 0) continue;
      return page <= start ? fail(Errno.EFAULT) : <Result>(page - start);
    }
    return <Result>n;
  }

  private contains(off: u64, n: u64): bool {
    const start = this.addr + off;
    return start >= this.addr && start <= USER_END && n <= USER_END - start;
  }

  /** With `src` 0 and `toUser`, writes zeros. */
  private move(off: u64, kernel: usize, n: usize, toUser: bool): Result {
    if (n == 0) return 0;
    if (!this.contains(off, n)) return fail(Errno.EFAULT);
    let at = this.addr + off;
    while (n > 0) {
      const inPage = <usize>(at & (PAGE_SIZE - 1));
      const part = min(n, PAGE_SIZE - inPage);
      const frame = this.space.pageFor(at - inPage, toUser);
      if (frame == 0) return fail(Errno.EFAULT);
      if (!toUser) memory.copy(kernel, frame + inPage, part);
      else if (kernel == 0) memory.fill(frame + inPage, 0, part);
      else memory.copy(frame + inPage, kernel, part);
      at += part;
      n -= part;
      if (kernel != 0) kernel += part;
    }
    return 0;
  }

  /** The u32 at `off`, or -EFAULT. */
  readU32(off: u64 = 0): Result {
    const r = this.get(off, scratch, 4);
    return failed(r) ? r : <Result>load<u32>(scratch);
  }

  /** Puts the u64 at `off` into `out`. Errors: -EFAULT. */
  readU64(off: u64, out: U64Out): Result {
    const r = this.get(off, scratch, 8);
    if (!failed(r)) out.value = load<u64>(scratch);
    return r;
  }

  writeU32(off: u64, v: u32): Result {
    store<u32>(scratch, v);
    return this.put(off, scratch, 4);
  }

  writeU64(off: u64, v: u64): Result {
    store<u64>(scratch, v);
    return this.put(off, scratch, 8);
  }

  /** Copies the whole slice to `off`. */
  writeBytes(off: u64, s: Bytes): Result {
    return this.put(off, s.ptr, s.len);
  }

  /** Fills the whole slice from `off`. */
  readBytes(off: u64, s: Bytes): Result {
    return this.get(off, s.ptr, s.len);
  }
}

@final
export class U64Out {
  value: u64 = 0;
}

const EMPTY = Bytes.alloc(0);

@final
export class BytesOut {
  bytes: Bytes = EMPTY;
}

const scratch: usize = memory.data(16, 8);

/**
 * The NUL-terminated string at `addr`, without its NUL. `max` counts the NUL, as PATH_MAX does.
 * Errors: -EFAULT, -ENAMETOOLONG.
 */
export function copyInString(space: AddressSpace, addr: u64, max: i32, out: BytesOut): Result {
  // Nearly every string lies in one page.
  let text = EMPTY;
  let left = max;
  while (left > 0) {
    if (addr >= USER_END) return fail(Errno.EFAULT);
    const inPage = <usize>(addr & (PAGE_SIZE - 1));
    const frame = space.pageFor(addr - inPage, false);
    if (frame == 0) return fail(Errno.EFAULT);
    const part = <i32>min(<usize>left, PAGE_SIZE - inPage);
    let n = 0;
    while (n < part && load<u8>(frame + inPage + n) != 0) n++;
    const piece = Bytes.copyOf(frame + inPage, n);
    text = text.len == 0 ? piece : text.concat(piece);
    if (n < part) {
      out.bytes = text;
      return text.len;
    }
    left -= part;
    addr += part;
  }
  return fail(Errno.ENAMETOOLONG);
}
