/**
 * Directory blocks: a list of entries that fills each block, read linearly. The index blocks of a hashed directory look
 * like blocks with one unused entry, so they are verified by their own checksum and then skipped as such.
 */
import { Bytes } from "../../lib/bytes";
import { Result } from "../../lib/result";
import { crc32c, crc32cZeros } from "./crc32c";
import { DIRENT_HEADER, DIRENT_TAIL_SIZE, DIRENT_TAIL_TYPE } from "./layout";
import { le16, le32 } from "./le";
import { Volume } from "./volume";

/** File types of directory entries, as DT_* (ext4 numbers 0 to 7). */
const DT: StaticArray<u8> = [0, 8, 4, 2, 6, 1, 12, 10];

/** One used entry of a block. */
@final
export class DirEntry {
  ino: u32 = 0;
  /** A view that moves from entry to entry: whoever keeps a name copies it. */
  name: Bytes = new Bytes([], 0, 0);
  /** DT_*; 0 where the filesystem does not say. */
  type: u8 = 0;
  /** Offset of the next entry in the block. */
  next: i32 = 0;
}

/**
 * Finds the first used entry at or after `from`, which is the offset of an entry. Returns 1 when there is one, 0 at the
 * end of the block. A checksum tail has inode 0 and is passed over as unused.
 */
export function nextEntry(v: Volume, dirIno: u32, block: Bytes, from: i32, e: DirEntry): Result {
  let at = from;
  const limit = block.len;
  while (at < limit) {
    if (limit - at < DIRENT_HEADER) return bad(v, dirIno);
    const ino = le32(block, at);
    const size = <i32>le16(block, at + 4);
    const nameLength = <i32>block[at + 6];
    if (size < DIRENT_HEADER || (size & 3) != 0 || size > limit - at || nameLength > size - DIRENT_HEADER) {
      return bad(v, dirIno);
    }
    if (ino != 0) {
      const type = block[at + 7];
      if (!isName(block, at + DIRENT_HEADER, nameLength)) return bad(v, dirIno);
      e.ino = ino;
      e.name.buf = block.buf;
      e.name.off = block.off + at + DIRENT_HEADER;
      e.name.len = nameLength;
      e.type = v.sb.hasFiletype && type < 8 ? DT[type] : 0;
      e.next = at + size;
      return 1;
    }
    at += size;
  }
  return 0;
}

/** The inode number of the entry called `name` in a block of entries that starts at `from`; 0 when there is none. */
export function findEntry(v: Volume, dirIno: u32, block: Bytes, from: i32, name: Bytes): Result {
  const limit = block.len;
  const buf = block.buf;
  assert(block.off + limit <= buf.length);
  for (let at = from; at < limit;) {
    if (limit - at < DIRENT_HEADER) return bad(v, dirIno);
    // In range: a whole header lies before `limit`, which lies within the buffer.
    const p = block.off + at;
    const size = (<i32>unchecked(buf[p + 4])) | ((<i32>unchecked(buf[p + 5])) << 8);
    const nameLength = <i32>unchecked(buf[p + 6]);
    if (size < DIRENT_HEADER || (size & 3) != 0 || size > limit - at || nameLength > size - DIRENT_HEADER) {
      return bad(v, dirIno);
    }
    if (nameLength == name.len && memory.compare(block.ptr + at + DIRENT_HEADER, name.ptr, nameLength) == 0) {
      const ino = le32(block, at);
      if (ino != 0) return ino;
    }
    at += size;
  }
  return 0;
}

/** Names are not empty and hold neither NUL nor a slash. */
function isName(block: Bytes, at: i32, length: i32): bool {
  for (let i = 0; i < length; i++) {
    const c = block[at + i];
    if (c == 0 || c == 0x2f) return false;
  }
  return length > 0;
}

function bad(v: Volume, dirIno: u32): Result {
  return v.report.corrupt("directory", dirIno, "bad entry");
}

/**
 * Verifies block number `index` of an ordinary (not inline) directory, which the cache read last. `seed` is the inode's.
 */
export function checkDirBlock(v: Volume, ino: u32, seed: u32, isIndexed: bool, index: u64, block: Bytes): Result {
  if (!v.sb.hasChecksums || v.cache.isVerified(seed)) return 0;
  let isGood: bool;
  if (isIndexed && index == 0) isGood = isIndexGood(seed, block, indexStart(block));
  else if (le32(block, 0) == 0 && <i32>le16(block, 4) == block.len) isGood = isIndexGood(seed, block, DIRENT_HEADER);
  else {
    const tail = block.len - DIRENT_TAIL_SIZE;
    isGood =
      le32(block, tail) == 0 &&
      le16(block, tail + 4) == DIRENT_TAIL_SIZE &&
      le16(block, tail + 6) == DIRENT_TAIL_TYPE << 8 &&
      crc32c(seed, block, 0, tail) == le32(block, tail + 8);
  }
  if (!isGood) return v.report.corrupt("directory", ino, "block checksum does not match");
  v.cache.setVerified(seed);
  return 0;
}

/** Where the hash entries of the root index block begin: after the entries for . and .. and an info record. */
function indexStart(block: Bytes): i32 {
  return 24 + <i32>block[24 + 5];
}

/** `start`: offset of the entry table; its first entry holds limit and count. The checksum follows the last slot. */
function isIndexGood(seed: u32, block: Bytes, start: i32): bool {
  if (start < DIRENT_HEADER || start > block.len - 16) return false;
  const limit = <i32>le16(block, start);
  const count = <i32>le16(block, start + 2);
  const tail = start + limit * 8;
  if (count > limit || tail + 8 > block.len) return false;
  let sum = crc32c(seed, block, 0, start + count * 8);
  sum = crc32c(sum, block, tail, tail + 4);
  return crc32cZeros(sum, 4) == le32(block, tail + 4);
}
