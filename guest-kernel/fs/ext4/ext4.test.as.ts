/** What ext4.test.ts drives: one image behind host calls, and a walk that describes everything in it as text. */
import { makeDev } from "../../dev/dev-number";
import { BlockDevice } from "../../dev/block-device";
import { logByte, logEnd, logStart, setConsoleLevel } from "../../hal/log";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { PAGE_SIZE, allocFrame, framesInit } from "../../mm/frames";
import { FilesystemOut } from "../../vfs/filesystem-type";
import { Attr, DirSink, Filesystem, Inode, InodeOut, S_IFLNK, S_IFREG } from "../../vfs/inode";
import { crc32c } from "./crc32c";
import { mountExt4 } from "./mount";

declare function diskRead(sector: u64, count: u32, dst: usize): i32;

class HostDisk extends BlockDevice {
  read(sector: u64, count: u32, dst: usize): Result {
    if (sector + count > this.sectors) return fail(5);
    return <Result>diskRead(sector, count, dst);
  }
}

const MAX_DEPTH: i32 = 12;
const MAX_ENTRIES: i32 = 3000;
const MAX_PAGES: u64 = 40;

let fs: Filesystem | null = null;
let text = new BytesBuilder();
let frame: usize = 0;
let entries: i32 = 0;
let options = Bytes.alloc(0);
let kept = Bytes.alloc(0);

export function init(): void {
  setConsoleLevel(0);
  const start = memory.grow(16) << 16;
  framesInit(start, start + (16 << 16));
  frame = allocFrame();
}

/** Room for mount options; the host fills it. */
export function optionRoom(n: i32): usize {
  options = Bytes.alloc(n);
  return options.ptr;
}

export function mount(sectors: u64): i64 {
  fs = null;
  __collect();
  const out = new FilesystemOut();
  const r = mountExt4(new HostDisk("vda", makeDev(254, 0), sectors), options, out);
  if (!failed(r)) fs = out.fs;
  return r;
}

/** Describes the whole tree, a line an object; errors become part of the lines. */
export function walk(): void {
  text = new BytesBuilder();
  entries = 0;
  visit(fs!.root(), Bytes.alloc(0), 0);
  kept = text.take();
}

/** The kernel's log so far. */
export function log(): void {
  const all = new BytesBuilder();
  for (let i = logStart(); i < logEnd(); i++) all.byte(logByte(i));
  kept = all.take();
}

export function textPtr(): usize {
  return kept.ptr;
}
export function textLen(): i32 {
  return kept.len;
}

class Names extends DirSink {
  list: Array<Bytes> = new Array<Bytes>();
  types: Array<u8> = new Array<u8>();
  last: i64 = 0;
  constructor(private room: i32) {
    super();
  }
  add(name: Bytes, _ino: u64, type: u8, next: i64): bool {
    if (this.room-- == 0) return false;
    this.list.push(name.clone());
    this.types.push(type);
    this.last = next;
    return true;
  }
}

function visit(n: Inode, path: Bytes, depth: i32): void {
  if (++entries > MAX_ENTRIES) return;
  const a = new Attr();
  n.getattr(a);
  text.bytes(path).text(" mode=").octal(n.mode).text(" nlink=").unsigned(n.nlink).text(" uid=").unsigned(n.uid);
  text
    .text(" gid=")
    .unsigned(n.gid)
    .text(" mtime=")
    .dec(n.mtime / 1_000_000_000);
  if (n.rdev != 0) text.text(" rdev=").hex(n.rdev);
  if (n.type == S_IFREG) describeFile(n);
  if (n.type == S_IFLNK) describeLink(n);
  describeXattrs(n);
  text.byte(0x0a);
  if (n.isDir && depth < MAX_DEPTH) visitChildren(n, path, depth);
}

function describeFile(n: Inode): void {
  text.text(" size=").dec(n.size);
  let crc = u32.MAX_VALUE;
  const pages = min((<u64>n.size + PAGE_SIZE - 1) / PAGE_SIZE, MAX_PAGES);
  for (let i: u64 = 0; i < pages; i++) {
    const r = n.readPage(i, frame);
    if (failed(r)) {
      text.text(" read=").dec(r);
      return;
    }
    const length = <i32>min(<u64>n.size - i * PAGE_SIZE, PAGE_SIZE);
    crc = crc32c(crc, Bytes.copyOf(frame, length), 0, length);
  }
  text.text(" crc=").hex(crc, 8);
  const hole = n.seekData(0, true);
  if (hole >= 0 && hole < n.size) text.text(" hole=").dec(hole).text(" data=").dec(n.seekData(hole, false));
}

function describeLink(n: Inode): void {
  text.text(" -> ");
  const r = n.readlink(text);
  if (failed(r)) text.text("readlink=").dec(r);
}

function describeXattrs(n: Inode): void {
  const names = new BytesBuilder();
  const r = n.listxattr(names);
  if (failed(r)) {
    text.text(" xattrs=").dec(r);
    return;
  }
  const all = names.take();
  for (let at = 0; at < all.len;) {
    const end = all.indexOf(0, at);
    const name = all.slice(at, end);
    const value = new BytesBuilder();
    n.getxattr(name, value);
    text.text(" ").bytes(name).text("=").bytes(value.take());
    at = end + 1;
  }
}

/** Reads three names at a time, so that resuming in the middle of a block is seen to work. */
function visitChildren(n: Inode, path: Bytes, depth: i32): void {
  let pos: i64 = 0;
  for (;;) {
    const names = new Names(3);
    const r = n.readdir(pos, names);
    if (failed(r)) text.bytes(path).text(" readdir=").dec(r).byte(0x0a);
    for (let i = 0; i < names.list.length; i++) {
      const name = names.list[i];
      const child = new BytesBuilder().bytes(path).byte(0x2f).bytes(name).take();
      const out = new InodeOut();
      const l = n.lookup(name, out);
      if (failed(l)) text.bytes(child).text(" lookup=").dec(l).byte(0x0a);
      else {
        if (names.types[i] != 0 && <u32>names.types[i] != out.inode!.mode >> 12)
          text.bytes(child).text(" type differs\n");
        visit(out.inode!, child, depth + 1);
      }
      if (entries > MAX_ENTRIES) return;
    }
    if (failed(r) || names.list.length == 0) return;
    pos = names.last;
  }
}
