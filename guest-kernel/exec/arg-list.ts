/** argv or envp of an execve: an array of pointers in the caller's memory, or the kernel's own for init. */
import { Bytes } from "../lib/bytes";
import { Result, failed } from "../lib/result";
import { AddressSpace } from "../mm/address-space";
import { U64Out, UserBuf } from "../mm/user-buf";
import { ArgStack, countPointers } from "./arg-stack";

export abstract class ArgList {
  /** Number of strings. Errors: -EFAULT, -E2BIG. */
  abstract count(): Result;
  /** Pushes string `i`. Errors: -EFAULT, -E2BIG, -ENOMEM, -EINTR. */
  abstract push(stack: ArgStack, i: u64): Result;

  /** Pushes the strings from the last down to number `first`. */
  pushFrom(stack: ArgStack, first: u64, count: u64): Result {
    for (let i = count; i > first; i--) {
      const r = this.push(stack, i - 1);
      if (failed(r)) return r;
    }
    return 0;
  }
}

@final
export class UserArgs extends ArgList {
  private out: U64Out = new U64Out();
  constructor(
    private space: AddressSpace,
    private addr: u64,
  ) {
    super();
  }

  count(): Result {
    return countPointers(this.space, this.addr);
  }

  push(stack: ArgStack, i: u64): Result {
    const r = new UserBuf(this.space, this.addr + i * 8, 8).readU64(0, this.out);
    return failed(r) ? r : stack.pushUser(this.space, this.out.value);
  }
}

@final
export class KernelArgs extends ArgList {
  constructor(private strings: Array<Bytes>) {
    super();
  }

  count(): Result {
    return this.strings.length;
  }

  push(stack: ArgStack, i: u64): Result {
    return stack.pushBytes(this.strings[<i32>i]);
  }
}
