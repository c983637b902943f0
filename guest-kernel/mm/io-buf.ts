/** The two places where a file's bytes come from or go to; drivers and files see only this. */
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";

/** `len` bytes somewhere. `off` counts from its start; [off, off + n) must lie inside. */
export abstract class IoBuf {
  constructor(public len: u64) {}
  /** Copies `n` bytes from kernel memory `src` into the buffer. Errors: -EFAULT. */
  abstract put(off: u64, src: usize, n: usize): Result;
  /** Copies `n` bytes of the buffer to kernel memory `dst`. Errors: -EFAULT. */
  abstract get(off: u64, dst: usize, n: usize): Result;
  /** Zero-fills. Errors: -EFAULT. */
  abstract zero(off: u64, n: usize): Result;
}

/** Kernel memory at `ptr`: copy-up, ELF headers, tests. */
@final
export class KernelBuf extends IoBuf {
  constructor(
    public ptr: usize,
    len: u64,
  ) {
    super(len);
  }

  private check(off: u64, n: usize): bool {
    return off <= this.len && <u64>n <= this.len - off;
  }

  put(off: u64, src: usize, n: usize): Result {
    if (!this.check(off, n)) return fail(Errno.EFAULT);
    memory.copy(this.ptr + <usize>off, src, n);
    return 0;
  }

  get(off: u64, dst: usize, n: usize): Result {
    if (!this.check(off, n)) return fail(Errno.EFAULT);
    memory.copy(dst, this.ptr + <usize>off, n);
    return 0;
  }

  zero(off: u64, n: usize): Result {
    if (!this.check(off, n)) return fail(Errno.EFAULT);
    memory.fill(this.ptr + <usize>off, 0, n);
    return 0;
  }
}
