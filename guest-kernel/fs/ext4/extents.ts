/**
 * Which disk block holds a file's block: extent trees, and the indirect blocks of files that predate them. Every number
 * is checked before it is followed, so a damaged tree ends in -EUCLEAN after a bounded number of reads.
 */
import { Bytes } from "../../lib/bytes";
import { Result, failed } from "../../lib/result";
import { BlockOut } from "./block-cache";
import { crc32c } from "./crc32c";
import { EXTENT_MAGIC, EXTENT_MAX_DEPTH, EXTENT_MAX_WRITTEN } from "./layout";
import { le16, le32 } from "./le";
import { Volume } from "./volume";

/** Blocks [first, first + count) of the file lie at `block` on disk; block 0 means a hole or unwritten: zeros. */
@final
export class Mapping {
  first: u64 = 0;
  count: u64 = 0;
  block: u64 = 0;

  covers(index: u64): bool {
    return index >= this.first && index - this.first < this.count;
  }

  set(first: u64, count: u64, block: u64): Result {
    this.first = first;
    this.count = count;
    this.block = block;
    return 0;
  }
}

const HEADER: i32 = 12;
const ENTRY: i32 = 12;
/** One past the last block number that a file can have. */
const END_OF_FILE: u64 = 1 << 32;

const out = new BlockOut();

/** `root` is the inode's i_block; `seed` the inode's checksum seed. */
export function mapExtent(v: Volume, ino: u32, seed: u32, root: Bytes, index: u64, to: Mapping): Result {
  let node = root;
  let block: u64 = 0;
  /** The range that the entry above gave to this node. */
  let low: u64 = 0;
  let high: u64 = END_OF_FILE;
  let depth = EXTENT_MAX_DEPTH + 1;
  while (true) {
    if (le16(node, 0) != EXTENT_MAGIC) return v.report.corrupt("inode", ino, "extent node without its magic number");
    const entries = <i32>le16(node, 2);
    const room = <i32>le16(node, 4);
    const level = le16(node, 6);
    if (room > (node.len - HEADER) / ENTRY || entries > room || level >= depth) {
      return v.report.corrupt("inode", ino, "bad extent header");
    }
    if (block != 0 && !isTailGood(v, seed, node, room)) {
      return v.report.corrupt("inode", ino, "extent block checksum does not match");
    }
    depth = level;
    if (depth == 0) return findLeaf(v, ino, node, entries, index, low, high, to);

    let found = -1;
    let previous: i64 = <i64>low - 1;
    for (let i = 0; i < entries; i++) {
      const first = le32(node, HEADER + i * ENTRY);
      if (<i64>first <= previous || <u64>first >= high)
        return v.report.corrupt("inode", ino, "extent index out of order");
      previous = first;
      if (<u64>first > index) {
        high = first;
        break;
      }
      found = i;
    }
    if (found < 0) return to.set(low, high - low, 0);
    const at = HEADER + found * ENTRY;
    low = le32(node, at);
    block = (<u64>le32(node, at + 4)) | ((<u64>le16(node, at + 8)) << 32);
    if (!v.sb.hasBlocks(block, 1)) return v.report.corrupt("inode", ino, "extent index leaves the filesystem");
    const r = v.cache.read(block, out);
    if (failed(r)) return r;
    node = out.bytes;
  }
}

/** `node` is the block that the cache read last. */
function isTailGood(v: Volume, seed: u32, node: Bytes, room: i32): bool {
  if (!v.sb.hasChecksums || v.cache.isVerified(seed)) return true;
  const tail = HEADER + room * ENTRY;
  if (tail + 4 > node.len || crc32c(seed, node, 0, tail) != le32(node, tail)) return false;
  v.cache.setVerified(seed);
  return true;
}

function findLeaf(
  v: Volume,
  ino: u32,
  node: Bytes,
  entries: i32,
  index: u64,
  low: u64,
  high: u64,
  to: Mapping,
): Result {
  let end = low;
  for (let i = 0; i < entries; i++) {
    const at = HEADER + i * ENTRY;
    const first = <u64>le32(node, at);
    let count = <u64>le16(node, at + 4);
    const isWritten = count <= EXTENT_MAX_WRITTEN;
    if (!isWritten) count -= EXTENT_MAX_WRITTEN;
    const block = (<u64>le32(node, at + 8)) | ((<u64>le16(node, at + 6)) << 32);
    if (first < end || count == 0 || first + count > END_OF_FILE) {
      return v.report.corrupt("inode", ino, "extent out of order");
    }
    if (!v.sb.hasBlocks(block, count)) return v.report.corrupt("inode", ino, "extent leaves the filesystem");
    if (index < first) return to.set(end, first - end, 0);
    end = first + count;
    if (index < end) return to.set(first, count, isWritten ? block : 0);
  }
  // Only a damaged tree has a leaf that goes past its parent's range; then the hole is this block alone.
  return to.set(index, high > index ? high - index : 1, 0);
}

/** The scheme of ext2: 12 direct blocks, then one, two and three levels of blocks of 32-bit numbers. */
export function mapIndirect(v: Volume, ino: u32, root: Bytes, index: u64, to: Mapping): Result {
  if (index < 12) return leafBlock(v, ino, le32(root, <i32>index * 4), index, to);
  const perBlock = <u64>v.sb.blockSize / 4;
  let rest = index - 12;
  let span: u64 = 1;
  for (let level = 1; level <= 3; level++) {
    span *= perBlock;
    if (rest < span) return walkIndirect(v, ino, le32(root, (11 + level) * 4), span, rest, index, to);
    rest -= span;
  }
  return v.report.corrupt("inode", ino, "block number past the triple indirect range");
}

function walkIndirect(v: Volume, ino: u32, top: u32, span: u64, rest: u64, index: u64, to: Mapping): Result {
  const perBlock = <u64>v.sb.blockSize / 4;
  let block = top;
  while (span > 1) {
    if (block == 0) return to.set(index, span - rest, 0);
    if (!v.sb.hasBlocks(block, 1)) return v.report.corrupt("inode", ino, "indirect block leaves the filesystem");
    const r = v.cache.read(block, out);
    if (failed(r)) return r;
    span /= perBlock;
    block = le32(out.bytes, <i32>(rest / span) * 4);
    rest %= span;
  }
  return leafBlock(v, ino, block, index, to);
}

function leafBlock(v: Volume, ino: u32, block: u32, index: u64, to: Mapping): Result {
  if (block != 0 && !v.sb.hasBlocks(block, 1)) return v.report.corrupt("inode", ino, "block leaves the filesystem");
  return to.set(index, 1, block);
}
