/** The extended attributes of one tmpfs object: few and short, so a list serves. */
import { Errno } from "../../abi/errno";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";
import { XATTR_CREATE, XATTR_REPLACE } from "../../vfs/inode";

/** What one object's names and values may take together: they live on the kernel's heap. */
const MAX_BYTES: i32 = 64 << 10;

@final
export class Xattrs {
  private names: Array<Bytes> = [];
  private values: Array<Bytes> = [];
  private bytes: i32 = 0;

  private find(name: Bytes): i32 {
    for (let i = 0; i < this.names.length; i++) if (this.names[i].equals(name)) return i;
    return -1;
  }

  /** Errors: -ENODATA. */
  get(name: Bytes, out: BytesBuilder): Result {
    const i = this.find(name);
    if (i < 0) return fail(Errno.ENODATA);
    out.bytes(this.values[i]);
    return this.values[i].len;
  }

  /** Errors: -EEXIST, -ENODATA, -ENOSPC. */
  set(name: Bytes, value: Bytes, flags: u32): Result {
    const i = this.find(name);
    if (i >= 0 && (flags & XATTR_CREATE) != 0) return fail(Errno.EEXIST);
    if (i < 0 && (flags & XATTR_REPLACE) != 0) return fail(Errno.ENODATA);
    const more = i >= 0 ? value.len - this.values[i].len : name.len + value.len;
    if (this.bytes + more > MAX_BYTES) return fail(Errno.ENOSPC);
    this.bytes += more;
    if (i >= 0) this.values[i] = value.clone();
    else this.insert(name.clone(), value.clone());
    return 0;
  }

  /** Names stand in descending order, the order in which Linux's tmpfs lists them. */
  private insert(name: Bytes, value: Bytes): void {
    let i = this.names.length;
    this.names.push(name);
    this.values.push(value);
    for (; i > 0 && this.names[i - 1].compare(name) < 0; i--) {
      this.names[i] = this.names[i - 1];
      this.values[i] = this.values[i - 1];
    }
    this.names[i] = name;
    this.values[i] = value;
  }

  /** Errors: -ENODATA. */
  remove(name: Bytes): Result {
    const i = this.find(name);
    if (i < 0) return fail(Errno.ENODATA);
    this.bytes -= name.len + this.values[i].len;
    this.names.splice(i, 1);
    this.values.splice(i, 1);
    return 0;
  }

  list(out: BytesBuilder): void {
    for (let i = 0; i < this.names.length; i++) out.bytes(this.names[i]).byte(0);
  }
}
