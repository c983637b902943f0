/**
 * One inode of an ext4 image: attributes, names, symlink targets, file pages. Read-only, so everything is decoded once,
 * when the inode is first looked up, and checked then.
 */
import { Errno } from "../../abi/errno";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { PAGE_SIZE } from "../../mm/frames";
import {
  Attr,
  DirSink,
  Inode,
  InodeOut,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "../../vfs/inode";
import { makeDev } from "../../dev/dev-number";
import { BlockOut } from "./block-cache";
import { DirEntry, checkDirBlock, findEntry, nextEntry } from "./dir";
import { Mapping, mapExtent, mapIndirect } from "./extents";
import {
  FL_EXTENTS,
  FL_HUGE_FILE,
  FL_INDEX,
  FL_INLINE_DATA,
  I_ATIME,
  I_ATIME_EXTRA,
  I_BLOCK,
  I_BLOCKS,
  I_BLOCKS_HIGH,
  I_BLOCK_SIZE,
  I_CRTIME,
  I_CRTIME_EXTRA,
  I_CTIME,
  I_CTIME_EXTRA,
  I_EXTRA_ISIZE,
  I_FLAGS,
  I_GID,
  I_GID_HIGH,
  I_LINKS,
  I_MODE,
  I_MTIME,
  I_MTIME_EXTRA,
  I_SIZE,
  I_SIZE_HIGH,
  I_UID,
  I_UID_HIGH,
  GOOD_OLD_INODE_SIZE,
} from "./layout";
import { le16, le32 } from "./le";
import { Ext4 } from "./mount";
import { Volume } from "./volume";
import { Xattrs } from "./xattr";

const NAME_MAX: i32 = 255;
const NS: i64 = 1_000_000_000;
/** An inline directory starts with its parent's number instead of entries for . and .. */
const INLINE_DIR_HEADER: i32 = 4;

const out = new BlockOut();

@final
export class Ext4Inode extends Inode {
  private map: Mapping = new Mapping();
  private flags: u32 = 0;
  private seed: u32 = 0;
  private blocks: u64 = 0;
  private xattrs: Xattrs | null = null;
  /** The whole content of an inline file or directory. */
  private inline: Bytes | null = null;

  constructor(
    private ext4: Ext4,
    private raw: Bytes,
    ino: u32,
  ) {
    super(ext4);
    this.ino = ino;
  }

  private get volume(): Volume {
    return this.ext4.volume;
  }

  private corrupt(what: string): Result {
    return this.volume.report.corrupt("inode", this.ino, what);
  }

  /** Fills the fields from the disk's bytes. Errors: -EUCLEAN. */
  decode(): Result {
    const raw = this.raw;
    this.mode = le16(raw, I_MODE);
    this.nlink = le16(raw, I_LINKS);
    this.flags = le32(raw, I_FLAGS);
    this.uid = le16(raw, I_UID) | (le16(raw, I_UID_HIGH) << 16);
    this.gid = le16(raw, I_GID) | (le16(raw, I_GID_HIGH) << 16);
    this.seed = this.volume.inodeSeed(<u32>this.ino, raw);
    if (this.nlink == 0) return this.corrupt("is named but has no links");
    if (raw.len > GOOD_OLD_INODE_SIZE && <i32>le16(raw, I_EXTRA_ISIZE) > raw.len - GOOD_OLD_INODE_SIZE) {
      return this.corrupt("bad extra size");
    }
    this.atime = this.time(I_ATIME, I_ATIME_EXTRA);
    this.mtime = this.time(I_MTIME, I_MTIME_EXTRA);
    this.ctime = this.time(I_CTIME, I_CTIME_EXTRA);
    this.btime = this.hasField(I_CRTIME_EXTRA) ? this.time(I_CRTIME, I_CRTIME_EXTRA) : 0;
    this.blocks = le32(raw, I_BLOCKS);
    if (this.volume.sb.hasHugeFile) {
      this.blocks |= (<u64>le16(raw, I_BLOCKS_HIGH)) << 32;
      if ((this.flags & FL_HUGE_FILE) != 0) this.blocks *= <u64>this.volume.sb.blockSize / 512;
    }
    return this.decodeType();
  }

  private decodeType(): Result {
    const type = this.mode & S_IFMT;
    if (type == S_IFIFO || type == S_IFSOCK) return 0;
    if (type == S_IFCHR || type == S_IFBLK) {
      const old = le32(this.raw, I_BLOCK);
      this.rdev = old != 0 ? makeDev((old >> 8) & 0xff, old & 0xff) : le32(this.raw, I_BLOCK + 4);
      return 0;
    }
    if (type != S_IFREG && type != S_IFDIR && type != S_IFLNK) return this.corrupt("unknown file type");
    const size = (<u64>le32(this.raw, I_SIZE)) | (type == S_IFLNK ? 0 : (<u64>le32(this.raw, I_SIZE_HIGH)) << 32);
    const limit = (<u64>this.volume.sb.blockSize) << 32;
    if (size > limit) return this.corrupt("bad size");
    this.size = <i64>size;
    if ((this.flags & FL_INLINE_DATA) != 0) return this.decodeInline();
    if (
      type == S_IFDIR &&
      (size % this.volume.sb.blockSize != 0 || size / this.volume.sb.blockSize > this.volume.sb.blocks)
    ) {
      return this.corrupt("bad directory size");
    }
    if (type == S_IFLNK && (size == 0 || size >= <u64>this.volume.sb.blockSize))
      return this.corrupt("bad symlink size");
    return 0;
  }

  private decodeInline(): Result {
    const r = this.loadXattrs();
    if (failed(r)) return r;
    const all = this.raw.slice(I_BLOCK, I_BLOCK + I_BLOCK_SIZE).concat(this.xattrs!.inlineRest());
    if (this.size > all.len) return this.corrupt("bad inline size");
    this.inline = all.slice(0, <i32>this.size);
    return 0;
  }

  private hasField(offset: i32): bool {
    const raw = this.raw;
    return raw.len > GOOD_OLD_INODE_SIZE && <i32>le16(raw, I_EXTRA_ISIZE) >= offset + 4 - GOOD_OLD_INODE_SIZE;
  }

  /** Seconds with two epoch bits and nanoseconds in the extra field. */
  private time(at: i32, extraAt: i32): i64 {
    const seconds = <i64>(<i32>le32(this.raw, at));
    if (!this.hasField(extraAt)) return seconds * NS;
    const extra = le32(this.raw, extraAt);
    return (seconds + ((<i64>(extra & 3)) << 32)) * NS + min(<i64>(extra >> 2), NS - 1);
  }

  getattr(a: Attr): Result {
    a.blocks = this.blocks;
    a.blksize = this.volume.sb.blockSize;
    return 0;
  }

  lookup(name: Bytes, to: InodeOut): Result {
    if (!this.isDir) return fail(Errno.ENOTDIR);
    if (name.len > NAME_MAX) return fail(Errno.ENAMETOOLONG);
    const r = this.find(name);
    if (failed(r)) return r;
    return r == 0 ? fail(Errno.ENOENT) : this.ext4.inode(<u32>r, to);
  }

  /** The inode number of `name`, or 0. */
  private find(name: Bytes): Result {
    const v = this.volume;
    const ino = <u32>this.ino;
    const inline = this.inline;
    if (inline != null) {
      if (inline.len < INLINE_DIR_HEADER) return this.corrupt("bad inline directory");
      const r = findEntry(v, ino, inline.slice(0, I_BLOCK_SIZE), INLINE_DIR_HEADER, name);
      return r != 0 ? r : findEntry(v, ino, inline.slice(I_BLOCK_SIZE), 0, name);
    }
    const blockSize = v.sb.blockSize;
    for (let at: i64 = 0; at < this.size; at += blockSize) {
      let r = this.loadDirBlock(at);
      if (!failed(r)) r = findEntry(v, ino, out.bytes, 0, name);
      if (r != 0) return r;
    }
    return 0;
  }

  readdir(pos: i64, sink: DirSink): Result {
    if (!this.isDir) return fail(Errno.ENOTDIR);
    if (pos < 0) return fail(Errno.EINVAL);
    const inline = this.inline;
    if (inline != null) return this.readInlineDir(inline, pos, sink);
    const blockSize = <i64>this.volume.sb.blockSize;
    for (let at = pos - (pos % blockSize); at < this.size; at += blockSize) {
      const r = this.readDirBlock(at, pos, sink);
      if (r != 1) return r;
    }
    return 0;
  }

  /** Offers the entries of the block at `at` from position `pos`; 1 = go on, 0 = the sink has enough. */
  private readDirBlock(at: i64, pos: i64, sink: DirSink): Result {
    const r = this.loadDirBlock(at);
    return failed(r) ? r : this.offer(out.bytes, 0, at, pos, sink);
  }

  /** Leaves the directory block at `at`, verified, in `out`. */
  private loadDirBlock(at: i64): Result {
    const v = this.volume;
    const index = <u64>(at / v.sb.blockSize);
    const m = this.locate(index);
    if (failed(m)) return m;
    if (this.map.block == 0) return this.corrupt("directory has a hole");
    const r = v.cache.read(this.map.block + (index - this.map.first), out);
    if (failed(r)) return r;
    const isIndexed = (this.flags & FL_INDEX) != 0;
    return checkDirBlock(v, <u32>this.ino, this.seed, isIndexed, index, out.bytes);
  }

  /** Both runs of entries: those in i_block and those in the attribute. Positions are offsets in the content. */
  private readInlineDir(content: Bytes, pos: i64, sink: DirSink): Result {
    if (content.len < INLINE_DIR_HEADER) return this.corrupt("bad inline directory");
    const r = this.offer(content.slice(0, I_BLOCK_SIZE), INLINE_DIR_HEADER, 0, pos, sink);
    if (r != 1 || content.len <= I_BLOCK_SIZE) return failed(r) ? r : 0;
    const s = this.offer(content.slice(I_BLOCK_SIZE), 0, I_BLOCK_SIZE, pos, sink);
    return failed(s) ? s : 0;
  }

  /** `base` is the position of `block`'s first byte. */
  private offer(block: Bytes, from: i32, base: i64, pos: i64, sink: DirSink): Result {
    const e = new DirEntry();
    let at = from;
    while (true) {
      const r = nextEntry(this.volume, <u32>this.ino, block, at, e);
      if (failed(r)) return r;
      if (r == 0) return 1;
      at = e.next;
      // The cookie of an entry is where the next one starts, so an entry is new when its end lies past `pos`.
      if (base + at <= pos || isDots(e.name)) continue;
      if (!sink.add(e.name, e.ino, e.type, base + at)) return 0;
    }
  }

  readlink(to: BytesBuilder): Result {
    if (this.type != S_IFLNK) return fail(Errno.EINVAL);
    const inline = this.inline;
    if (inline != null) {
      to.bytes(inline);
      return 0;
    }
    // A short target lies in i_block itself; such an inode has no extents.
    if (this.size < I_BLOCK_SIZE && (this.flags & FL_EXTENTS) == 0) {
      to.bytes(this.raw.slice(I_BLOCK, I_BLOCK + <i32>this.size));
      return 0;
    }
    const m = this.locate(0);
    if (failed(m)) return m;
    if (this.map.block == 0) return this.corrupt("symlink without a block");
    const r = this.volume.cache.read(this.map.block - this.map.first, out);
    if (failed(r)) return r;
    to.bytes(out.bytes.slice(0, <i32>this.size));
    return 0;
  }

  private loadXattrs(): Result {
    if (this.xattrs != null) return 0;
    const x = new Xattrs();
    const r = x.load(this.volume, <u32>this.ino, this.raw);
    if (failed(r)) return r;
    this.xattrs = x;
    return 0;
  }

  getxattr(name: Bytes, to: BytesBuilder): Result {
    const r = this.loadXattrs();
    return failed(r) ? r : this.xattrs!.get(name, to);
  }

  listxattr(to: BytesBuilder): Result {
    const r = this.loadXattrs();
    if (!failed(r)) this.xattrs!.list(to);
    return r;
  }

  setxattr(_name: Bytes, _value: Bytes, _flags: u32): Result {
    return fail(Errno.EROFS);
  }

  removexattr(_name: Bytes): Result {
    return fail(Errno.EROFS);
  }

  /** Makes `map` cover file block `index`. */
  private locate(index: u64): Result {
    if (this.map.covers(index)) return 0;
    const root = this.raw.slice(I_BLOCK, I_BLOCK + I_BLOCK_SIZE);
    this.map.count = 0;
    return (this.flags & FL_EXTENTS) != 0
      ? mapExtent(this.volume, <u32>this.ino, this.seed, root, index, this.map)
      : mapIndirect(this.volume, <u32>this.ino, root, index, this.map);
  }

  readPage(index: u64, frame: usize): Result {
    if (this.type != S_IFREG) return fail(Errno.EINVAL);
    const start = index * PAGE_SIZE;
    memory.fill(frame, 0, PAGE_SIZE);
    if (start >= <u64>this.size) return 0;
    const length = <usize>min(<u64>this.size - start, <u64>PAGE_SIZE);
    const inline = this.inline;
    if (inline != null) {
      memory.copy(frame, inline.ptr + <usize>start, length);
      return 0;
    }
    const r = this.readBlocks(start, frame, length);
    if (!failed(r) && length < PAGE_SIZE) memory.fill(frame + length, 0, PAGE_SIZE - length);
    return r;
  }

  /** Whole blocks that hold [start, start + length), one device request for each run. */
  private readBlocks(start: u64, frame: usize, length: usize): Result {
    const v = this.volume;
    const blockSize = <u64>v.sb.blockSize;
    const first = start / blockSize;
    const end = (start + length + blockSize - 1) / blockSize;
    let index = first;
    while (index < end) {
      const m = this.locate(index);
      if (failed(m)) return m;
      const map = this.map;
      const run = min(end - index, map.count - (index - map.first));
      if (map.block != 0) {
        const r = v.readData(map.block + (index - map.first), <u32>run, frame + <usize>((index - first) * blockSize));
        if (failed(r)) return r;
      }
      index += run;
    }
    return 0;
  }

  /** The object is about to be forgotten. */
  dropPages(): void {
    const pages = this.pages;
    if (pages == null) return;
    pages.retire();
    this.pages = null;
  }

  seekData(off: i64, hole: bool): Result {
    if (off < 0 || off >= this.size) return fail(Errno.ENXIO);
    if (this.inline != null) return hole ? this.size : off;
    const blockSize = <u64>this.volume.sb.blockSize;
    const end = (<u64>this.size + blockSize - 1) / blockSize;
    for (let index = <u64>off / blockSize; index < end; index = this.map.first + this.map.count) {
      const m = this.locate(index);
      if (failed(m)) return m;
      if ((this.map.block == 0) == hole) return max(off, <i64>(index * blockSize));
    }
    return hole ? this.size : fail(Errno.ENXIO);
  }
}

function isDots(name: Bytes): bool {
  return name[0] == 0x2e && (name.len == 1 || (name.len == 2 && name[1] == 0x2e));
}
