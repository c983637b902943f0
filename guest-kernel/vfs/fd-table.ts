/** Descriptors: small numbers for open file descriptions, each with its close-on-exec flag. */
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";
import { O_PATH } from "../abi/fcntl";
import { PROT_EXEC, PROT_WRITE } from "../mm/vma";
import { Files, MappingOut } from "../proc/held";
import { RLIMIT_NOFILE } from "../proc/rlimits";
import { current } from "../proc/task";
import { File } from "./file";
import { FilePager } from "./file-pager";
import { TO_END } from "./locks";
import { MNT_NOEXEC } from "./mount";
import { RegularFile } from "./regular-file";

const HARD_MAX: u64 = 4096;

@final
export class FdTable extends Files {
  private files: Array<File | null> = [];
  private cloexec: Array<bool> = [];

  /** One past the highest descriptor that may be open. */
  get length(): i32 {
    return this.files.length;
  }

  /** The file of `fd`, or null: -EBADF. No use is counted. */
  get(fd: i32): File | null {
    return fd >= 0 && fd < this.files.length ? this.files[fd] : null;
  }

  /** Gives the lowest free descriptor >= `from` to `f`, whose use it takes over. Errors: -EMFILE; then `f` is untouched. */
  add(f: File, isCloexec: bool, from: i32 = 0): Result {
    let fd = from;
    while (fd < this.files.length && this.files[fd] != null) fd++;
    if (<u64>fd >= limit()) return fail(Errno.EMFILE);
    this.put(fd, f, isCloexec);
    return fd;
  }

  /** dup3: `fd` means `f` from now on, whatever it was. Takes a use over. Errors: -EBADF (too high). */
  replace(fd: i32, f: File, isCloexec: bool): Result {
    if (fd < 0 || <u64>fd >= limit()) return fail(Errno.EBADF);
    const old = this.get(fd);
    this.put(fd, f, isCloexec);
    if (old != null) closeFile(old);
    return fd;
  }

  private put(fd: i32, f: File, isCloexec: bool): void {
    while (this.files.length <= fd) {
      this.files.push(null);
      this.cloexec.push(false);
    }
    this.files[fd] = f;
    this.cloexec[fd] = isCloexec;
  }

  /** Errors: -EBADF. */
  close(fd: i32): Result {
    const f = this.get(fd);
    if (f == null) return fail(Errno.EBADF);
    this.files[fd] = null;
    while (this.files.length > 0 && this.files[this.files.length - 1] == null) {
      this.files.pop();
      this.cloexec.pop();
    }
    closeFile(f);
    return 0;
  }

  isCloexec(fd: i32): bool {
    return this.cloexec[fd];
  }

  setCloexec(fd: i32, on: bool): void {
    this.cloexec[fd] = on;
  }

  clone(): Files | null {
    const c = new FdTable();
    for (let i = 0; i < this.files.length; i++) {
      const f = this.files[i];
      if (f != null) f.ref();
      c.files.push(f);
      c.cloexec.push(this.cloexec[i]);
    }
    return c;
  }

  mapping(fd: i32, prot: u32, shared: bool, out: MappingOut): Result {
    const f = this.get(fd);
    if (f == null || (f.flags & O_PATH) != 0) return fail(Errno.EBADF);
    const wantsWrite = shared && (prot & PROT_WRITE) != 0;
    if (!f.canRead || (wantsWrite && !f.canWrite)) return fail(Errno.EACCES);
    if (f.path.mount.has(MNT_NOEXEC)) {
      if ((prot & PROT_EXEC) != 0) return fail(Errno.EPERM);
      out.maxProt &= ~PROT_EXEC;
    }
    if (!(f instanceof RegularFile)) return fail(Errno.ENODEV);
    const pager = new FilePager(f.path.clone(), f.canWrite);
    if (shared && !f.canWrite) out.maxProt &= ~PROT_WRITE;
    out.pager = pager;
    return 0;
  }

  closeOnExec(): void {
    for (let i = this.files.length - 1; i >= 0; i--) if (i < this.files.length && this.cloexec[i]) this.close(i);
  }

  closeAll(): void {
    for (let i = this.files.length - 1; i >= 0; i--) if (i < this.files.length && this.files[i] != null) this.close(i);
  }
}

/** POSIX: any close of a file by a process ends that process's record locks on it. */
function closeFile(f: File): void {
  const locks = f.inode.locks;
  if (locks != null) locks.release(current().pid, true, 0, TO_END);
  f.drop();
}

function limit(): u64 {
  return min(current().rlimits.current(RLIMIT_NOFILE), HARD_MAX);
}

export function fdTable(): FdTable {
  return current().files as FdTable;
}

/** The file of a descriptor of the current task, or null: -EBADF. No use is counted. */
export function fileOf(fd: i32): File | null {
  return fdTable().get(fd);
}
