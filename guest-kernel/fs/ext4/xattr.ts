/**
 * Extended attributes: entries inside the inode and in one block of their own. ACLs (name indexes 2 and 3) are not
 * shown: the kernel has no POSIX ACLs. Values in inodes of their own (ea_inode) are refused at mount.
 */
import { Errno } from "../../abi/errno";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { BlockOut } from "./block-cache";
import { crc32c, crc32cU32, crc32cZeros } from "./crc32c";
import {
  GOOD_OLD_INODE_SIZE,
  I_EXTRA_ISIZE,
  I_FILE_ACL,
  I_FILE_ACL_HIGH,
  XATTR_BLOCK_HEADER,
  XATTR_ENTRY_HEADER,
  XATTR_MAGIC,
} from "./layout";
import { le16, le32 } from "./le";
import { Volume } from "./volume";

const USER: u32 = 1;
const TRUSTED: u32 = 4;
const SECURITY: u32 = 6;
const SYSTEM: u32 = 7;
const userPrefix = b("user.");
const trustedPrefix = b("trusted.");
const securityPrefix = b("security.");
const DATA = b("data");
const NOTHING = Bytes.alloc(0);

function prefixOf(index: u32): Bytes {
  if (index == USER) return userPrefix;
  if (index == TRUSTED) return trustedPrefix;
  return index == SECURITY ? securityPrefix : NOTHING;
}

/** A run of entries: they start at `first` of `area`; value offsets count from `base`. */
class EntryList {
  ok: bool = true;
  constructor(
    public area: Bytes,
    public first: i32,
    public base: i32,
  ) {}

  /** Offset of the entry after `at`, or -1 at the end; `ok` turns false on an entry that leaves the area. */
  check(at: i32): bool {
    const a = this.area;
    if (at + 4 > a.len || le32(a, at) == 0) return false;
    this.ok = at + XATTR_ENTRY_HEADER <= a.len && this.next(at) <= a.len && this.valueFits(at);
    return this.ok;
  }

  next(at: i32): i32 {
    return at + ((XATTR_ENTRY_HEADER + <i32>this.area[at] + 3) & ~3);
  }

  name(at: i32): Bytes {
    const from = at + XATTR_ENTRY_HEADER;
    return this.area.slice(from, from + <i32>this.area[at]);
  }

  index(at: i32): u32 {
    return this.area[at + 1];
  }

  value(at: i32): Bytes {
    const from = this.base + <i32>le16(this.area, at + 2);
    return this.area.slice(from, from + <i32>le32(this.area, at + 8));
  }

  private valueFits(at: i32): bool {
    const from = this.base + <i32>le16(this.area, at + 2);
    const size = le32(this.area, at + 8);
    return le32(this.area, at + 4) == 0 && from <= this.area.len && size <= <u32>(this.area.len - from);
  }
}

/** The xattrs of one inode; made when first asked for. */
@final
export class Xattrs {
  private lists: Array<EntryList> = new Array<EntryList>();

  /** Errors: -EUCLEAN, -EIO. */
  load(v: Volume, ino: u32, raw: Bytes): Result {
    if (raw.len > GOOD_OLD_INODE_SIZE) {
      const start = GOOD_OLD_INODE_SIZE + <i32>le16(raw, I_EXTRA_ISIZE);
      if (start + 8 <= raw.len && le32(raw, start) == XATTR_MAGIC) {
        this.lists.push(new EntryList(raw, start + 4, start + 4));
      }
    }
    const block = (<u64>le32(raw, I_FILE_ACL)) | ((<u64>le16(raw, I_FILE_ACL_HIGH)) << 32);
    if (block != 0) {
      const r = this.loadBlock(v, ino, block);
      if (failed(r)) return r;
    }
    for (let i = 0; i < this.lists.length; i++) {
      const list = this.lists[i];
      for (let at = list.first; list.check(at); at = list.next(at)) {}
      if (!list.ok) return v.report.corrupt("inode", ino, "bad extended attribute");
    }
    return 0;
  }

  private loadBlock(v: Volume, ino: u32, number: u64): Result {
    if (!v.sb.hasBlocks(number, 1)) return v.report.corrupt("inode", ino, "xattr block leaves the filesystem");
    const out = new BlockOut();
    const r = v.cache.read(number, out);
    if (failed(r)) return r;
    const block = out.bytes.clone();
    if (le32(block, 0) != XATTR_MAGIC || le32(block, 8) != 1) {
      return v.report.corrupt("inode", ino, "bad xattr block");
    }
    if (v.sb.hasChecksums) {
      let sum = crc32cU32(crc32cU32(v.sb.seed, <u32>number), <u32>(number >> 32));
      sum = crc32cZeros(crc32c(sum, block, 0, 16), 4);
      if (crc32c(sum, block, 20, block.len) != le32(block, 16)) {
        return v.report.corrupt("inode", ino, "xattr block checksum does not match");
      }
    }
    this.lists.push(new EntryList(block, XATTR_BLOCK_HEADER, 0));
    return 0;
  }

  /** Appends the value of the full name. Errors: -EOPNOTSUPP (no such namespace), -ENODATA. */
  get(name: Bytes, out: BytesBuilder): Result {
    let index: u32 = 0;
    if (name.startsWith(userPrefix)) index = USER;
    else if (name.startsWith(trustedPrefix)) index = TRUSTED;
    else if (name.startsWith(securityPrefix)) index = SECURITY;
    else return fail(Errno.EOPNOTSUPP);
    const value = this.find(index, name.slice(prefixOf(index).len));
    if (value == null) return fail(Errno.ENODATA);
    out.bytes(value);
    return value.len;
  }

  list(out: BytesBuilder): void {
    for (let i = 0; i < this.lists.length; i++) {
      const list = this.lists[i];
      for (let at = list.first; list.check(at); at = list.next(at)) {
        const prefix = prefixOf(list.index(at));
        if (prefix.len != 0) out.bytes(prefix).bytes(list.name(at)).byte(0);
      }
    }
  }

  /** What does not fit i_block of an inline file; empty when there is none. */
  inlineRest(): Bytes {
    const value = this.find(SYSTEM, DATA);
    return value == null ? NOTHING : value;
  }

  private find(index: u32, name: Bytes): Bytes | null {
    for (let i = 0; i < this.lists.length; i++) {
      const list = this.lists[i];
      for (let at = list.first; list.check(at); at = list.next(at)) {
        if (list.index(at) == index && list.name(at).equals(name)) return list.value(at);
      }
    }
    return null;
  }
}
