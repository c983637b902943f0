/**
 * The first stack of a program: strings at the top, below them the auxiliary vector, envp, argv, argc (System V psABI,
 * "Process Initialization"). It is built in the new address space itself, so that its size costs no kernel memory.
 */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { AddressSpace, STACK_TOP } from "../mm/address-space";
import { PAGE_SIZE } from "../mm/frames";
import { U64Out, UserBuf } from "../mm/user-buf";
import { PROT_READ, PROT_WRITE, Vma } from "../mm/vma";
import { checkpoint } from "../proc/checkpoint";

/** One string's largest size with its NUL (Linux: MAX_ARG_STRLEN). */
const MAX_STRING: u64 = 128 << 10;
const MAX_STRINGS: u64 = 0x7fffffff;
const INITIAL_PAGES: u64 = 1;

@final
export class ArgStack {
  /** The lowest byte written so far. */
  sp: u64;
  private floor: u64;
  private sinceCheckpoint: u64 = 0;

  /** `limit`: RLIMIT_STACK; the strings and pointers may take a quarter of it, at least 128 KiB and at most 6 MiB. */
  constructor(
    public space: AddressSpace,
    limit: u64,
  ) {
    const v = new Vma(STACK_TOP - INITIAL_PAGES * PAGE_SIZE, STACK_TOP, PROT_READ | PROT_WRITE, false);
    v.growsDown = true;
    space.stackLimit = limit;
    space.map(v);
    this.sp = STACK_TOP - 8;
    this.floor = STACK_TOP - max(min(limit / 4, 6 << 20), MAX_STRING);
  }

  /** Pushes `s` and a NUL. Errors: -E2BIG, -ENOMEM. */
  pushBytes(s: Bytes): Result {
    const n = <u64>s.len + 1;
    if (n > MAX_STRING || this.sp - n < this.floor) return fail(Errno.E2BIG);
    this.sp -= n;
    const to = new UserBuf(this.space, this.sp, n);
    if (failed(to.put(0, s.ptr, s.len)) || failed(to.zero(<u64>s.len, 1))) return fail(Errno.ENOMEM);
    return 0;
  }

  /** Pushes the string at `addr` of `from`. Errors: -EFAULT, -E2BIG, -ENOMEM, -EINTR. */
  pushUser(from: AddressSpace, addr: u64): Result {
    const length = userStringLength(from, addr, MAX_STRING);
    if (failed(length)) return length;
    const n = <u64>length + 1;
    if (this.sp - n < this.floor) return fail(Errno.E2BIG);
    this.sinceCheckpoint += n;
    if (this.sinceCheckpoint >= 1 << 20) {
      this.sinceCheckpoint = 0;
      if (!checkpoint()) return fail(Errno.EINTR);
    }
    this.sp -= n;
    const to = new UserBuf(this.space, this.sp, n);
    for (let done: u64 = 0; done < n;) {
      const at = addr + done;
      const inPage = at & (PAGE_SIZE - 1);
      const part = min(n - done, PAGE_SIZE - inPage);
      const frame = from.pageFor(at - inPage, false);
      if (frame == 0) return fail(Errno.EFAULT);
      if (failed(to.put(done, frame + <usize>inPage, <usize>part))) return fail(Errno.ENOMEM);
      done += part;
    }
    return 0;
  }

  /** Pushes raw bytes, aligned. Errors: -E2BIG, -ENOMEM. */
  pushRaw(s: Bytes, align: u64): Result {
    this.sp = (this.sp - <u64>s.len) & ~(align - 1);
    if (this.sp < this.floor) return fail(Errno.E2BIG);
    return failed(new UserBuf(this.space, this.sp, s.len).put(0, s.ptr, s.len)) ? fail(Errno.ENOMEM) : 0;
  }

  /**
   * Writes argc, argv, envp and `auxv` (pairs of u64) below everything; the strings lie one after another from
   * `strings` on. Afterwards `sp` is the program's. Errors: -E2BIG, -ENOMEM.
   */
  finish(argc: u64, envc: u64, strings: u64, auxv: StaticArray<u64>): Result {
    const words = 1 + argc + 1 + envc + 1 + <u64>auxv.length;
    const sp = (this.sp - words * 8) & ~(<u64>15);
    if (sp > this.sp || sp < this.floor) return fail(Errno.E2BIG);
    this.sp = sp;
    const out = new UserBuf(this.space, sp, words * 8);
    let at: u64 = 0;
    if (failed(out.writeU64(at, argc))) return fail(Errno.ENOMEM);
    at += 8;
    let text = strings;
    this.space.argStart = text;
    for (let list = 0; list < 2; list++) {
      const n = list == 0 ? argc : envc;
      for (let i: u64 = 0; i < n; i++, at += 8) {
        if (failed(out.writeU64(at, text))) return fail(Errno.ENOMEM);
        text += <u64>userStringLength(this.space, text, MAX_STRING) + 1;
      }
      if (failed(out.writeU64(at, 0))) return fail(Errno.ENOMEM);
      at += 8;
      if (list == 0) {
        this.space.argEnd = text;
        this.space.envStart = text;
      } else this.space.envEnd = text;
    }
    for (let i = 0; i < auxv.length; i++, at += 8) if (failed(out.writeU64(at, auxv[i]))) return fail(Errno.ENOMEM);
    this.space.startStack = sp;
    return 0;
  }
}

/** Length without the NUL. Errors: -EFAULT, -E2BIG. */
function userStringLength(space: AddressSpace, addr: u64, limit: u64): Result {
  let n: u64 = 0;
  while (n < limit) {
    const inPage = <usize>((addr + n) & (PAGE_SIZE - 1));
    const frame = space.pageFor(addr + n - inPage, false);
    if (frame == 0) return fail(Errno.EFAULT);
    for (let p = frame + inPage; p < frame + PAGE_SIZE; p++, n++)
      if (load<u8>(p) == 0) return n < limit ? <Result>n : fail(Errno.E2BIG);
  }
  return fail(Errno.E2BIG);
}

/** How many pointers stand in the array at `addr` before its null; 0 for a null array. Errors: -EFAULT, -E2BIG. */
export function countPointers(space: AddressSpace, addr: u64): Result {
  if (addr == 0) return 0;
  const out = new U64Out();
  const buf = new UserBuf(space, addr, MAX_STRINGS);
  for (let n: u64 = 0; n < MAX_STRINGS / 8; n++) {
    const r = buf.readU64(n * 8, out);
    if (failed(r)) return r;
    if (out.value == 0) return <Result>n;
  }
  return fail(Errno.E2BIG);
}
