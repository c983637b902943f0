/**
 * What overlay.test.ts drives: a namespace of tmpfs mounts and overlays on the real VFS, changed by commands in text, and
 * a dump of any tree. Paths hold no spaces.
 */
import { Errno } from "../../abi/errno";
import { O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from "../../abi/fcntl";
import { logByte, logEnd, logStart, setConsoleLevel } from "../../hal/log";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { framesInit, freeFrames } from "../../mm/frames";
import { KernelBuf } from "../../mm/io-buf";
import { changeMode, getAttr, truncateTo } from "../../vfs/attributes";
import { liveDentries, pruneAllDentries } from "../../vfs/dentry";
import { File, FileOut } from "../../vfs/file";
import { FilesystemOut, FilesystemType, MountContext, isText, registerFilesystem } from "../../vfs/filesystem-type";
import { FsState, fsState, setKernelFs } from "../../vfs/fs-context";
import {
  Attr,
  DirSink,
  NewInode,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
} from "../../vfs/inode";
import { mountNew, mountRoot, unmount } from "../../vfs/mounting";
import { makeDev } from "../../dev/dev-number";
import { linkPath, makeNode, rmdirPath, unlinkPath } from "../../vfs/namespace";
import { openPath } from "../../vfs/open";
import { Path, PathOut } from "../../vfs/path";
import { liveInodes } from "../../vfs/refs";
import { renamePath } from "../../vfs/rename";
import { resolvePath } from "../../vfs/walk";
import { TmpOptions } from "../tmpfs/options";
import { TmpFs } from "../tmpfs/tmpfs";
import { FaultyFs, changesSeen, failAfter } from "./faulty.test.as";
import { OverlayType } from "./mount";

const ARENA_PAGES: i32 = 64;
let answer = Bytes.alloc(0);
let request = Bytes.alloc(0);
/** The descriptors of `open`: 0 to 9. */
const files = new StaticArray<File | null>(10);

class TmpType extends FilesystemType {
  constructor(private faulty: bool) {
    super(faulty ? "faulty" : "tmpfs", false);
  }
  mount(ctx: MountContext, out: FilesystemOut): Result {
    const o = new TmpOptions();
    const r = o.parse(ctx.data);
    if (failed(r)) return r;
    const inner = new TmpFs(o);
    if (this.faulty) out.fs = new FaultyFs(inner);
    else out.fs = inner;
    return 0;
  }
}

export function init(): void {
  setConsoleLevel(0);
  const start = memory.grow(ARENA_PAGES) << 16;
  framesInit(start, start + (ARENA_PAGES << 16));
  registerFilesystem(new TmpType(false));
  registerFilesystem(new TmpType(true));
  registerFilesystem(new OverlayType());
  const m = mountRoot(new TmpFs(new TmpOptions()), b("root"), false);
  setKernelFs(FsState.at(new Path(m, m.root)));
}

export function requestRoom(n: i32): usize {
  request = Bytes.alloc(n);
  return request.ptr;
}
export function answerPtr(): usize {
  return answer.ptr;
}
export function answerLen(): i32 {
  return answer.len;
}
export function failNth(n: i32, errno: i32): void {
  failAfter(n, errno);
}
export function changes(): i32 {
  return changesSeen();
}

export function collect(): void {
  __collect();
}

/** Drops caches and collects; the number of live frames, dentries and inodes goes into the answer. */
export function usage(): void {
  pruneAllDentries(null);
  __collect();
  answer = new BytesBuilder().unsigned(freeFrames()).text(" ").dec(liveDentries()).text(" ").dec(liveInodes()).take();
}

export function log(): void {
  const all = new BytesBuilder();
  for (let i = logStart(); i < logEnd(); i++) all.byte(logByte(i));
  answer = all.take();
}

class Args {
  private at: i32 = 0;
  next(): Bytes {
    let end = request.indexOf(0x20, this.at);
    if (end < 0) end = request.len;
    const word = request.slice(min(this.at, end), end);
    this.at = end + 1;
    return word;
  }
  number(base: i64): i64 {
    const word = this.next();
    let v: i64 = 0;
    for (let i = 0; i < word.len; i++) v = v * base + (<i64>word[i] - 0x30);
    return v;
  }
  rest(): Bytes {
    return request.slice(this.at);
  }
}

/** Runs the request; its errno or result. What it prints is the answer. */
export function run(): i64 {
  answer = Bytes.alloc(0);
  const a = new Args();
  const command = a.next();
  const cwd = fsState().cwd;
  if (isText(command, "mkdir")) return makeNode(cwd, a.next(), new NewInode(S_IFDIR | 0o755, 0, 0));
  if (isText(command, "rmdir")) return rmdirPath(cwd, a.next());
  if (isText(command, "unlink")) return unlinkPath(cwd, a.next());
  if (isText(command, "mknod")) return mknod(a);
  if (isText(command, "symlink")) {
    const target = a.next();
    return makeNode(cwd, a.next(), new NewInode(S_IFLNK | 0o777, 0, 0, 0, target));
  }
  if (isText(command, "write")) return write(a.next(), O_WRONLY | O_CREAT | O_TRUNC, a.rest());
  if (isText(command, "append")) return write(a.next(), O_WRONLY, a.rest());
  if (isText(command, "mv")) return mv(a);
  if (isText(command, "link")) return link(a);
  if (isText(command, "mount")) return mount(a);
  if (isText(command, "dump")) return dump(a.next());
  if (isText(command, "open")) return open(a);
  if (isText(command, "read")) return readFile(files[<i32>a.number(10)]!);
  if (isText(command, "fdwrite")) {
    const f = files[<i32>a.number(10)]!;
    const text = a.rest();
    return f.write(new KernelBuf(text.ptr, text.len), f.inode.data().size, f.flags);
  }
  if (isText(command, "close")) {
    const at = <i32>a.number(10);
    files[at]!.drop();
    files[at] = null;
    return 0;
  }
  return onPath(command, a);
}

/** Commands on an existing object. */
function onPath(command: Bytes, a: Args): Result {
  const out = new PathOut();
  const r = resolvePath(fsState().cwd, a.next(), false, out);
  if (failed(r)) return r;
  const p = out.path;
  let result: Result = fail(Errno.ENOSYS);
  if (isText(command, "chmod")) result = changeMode(p, <u32>a.number(8));
  else if (isText(command, "truncate")) result = truncateTo(p.inode, a.number(10));
  else if (isText(command, "umount")) {
    result = unmount(p, 0);
  } else if (isText(command, "setxattr")) result = p.inode.setxattr(a.next(), a.rest(), 0);
  else if (isText(command, "getxattr")) {
    const v = new BytesBuilder();
    result = p.inode.getxattr(a.next(), v);
    answer = v.take();
  } else if (isText(command, "rmxattr")) result = p.inode.removexattr(a.next());
  else if (isText(command, "stat")) result = stat(p);
  else if (isText(command, "ls")) result = ls(p);
  p.drop();
  return result;
}

function stat(p: Path): Result {
  const t = new Attr();
  const r = getAttr(p.inode, t);
  answer = new BytesBuilder()
    .unsigned(t.ino)
    .text(" ")
    .octal(t.mode)
    .text(" ")
    .unsigned(t.nlink)
    .text(" ")
    .dec(t.mtime)
    .take();
  return r;
}

/** Names as readdir gives them, three at a time. */
function ls(p: Path): Result {
  const out = new BytesBuilder();
  let pos: i64 = 0;
  const h = p.inode.openDir();
  while (true) {
    const names = new Names(3);
    const r = h == null ? p.inode.readdir(pos, names) : h.readdir(pos, names);
    if (failed(r)) return r;
    if (names.list.length == 0) break;
    for (let i = 0; i < names.list.length; i++) out.bytes(names.list[i]).byte(0x20);
    pos = names.last;
  }
  if (h != null) h.close();
  answer = out.take();
  return 0;
}

function mknod(a: Args): Result {
  const path = a.next();
  const kind = a.next();
  const major = <u32>a.number(10);
  const type = isText(kind, "p") ? S_IFIFO : isText(kind, "b") ? S_IFBLK : S_IFCHR;
  return makeNode(fsState().cwd, path, new NewInode(type | 0o644, 0, 0, makeDev(major, <u32>a.number(10))));
}

function mv(a: Args): Result {
  const from = a.next();
  const to = a.next();
  const how = a.next();
  const flags = isText(how, "exchange") ? RENAME_EXCHANGE : isText(how, "noreplace") ? RENAME_NOREPLACE : 0;
  return renamePath(fsState().cwd, from, fsState().cwd, to, flags);
}

function link(a: Args): Result {
  const out = new PathOut();
  const r = resolvePath(fsState().cwd, a.next(), false, out);
  if (failed(r)) return r;
  const l = linkPath(out.path, fsState().cwd, a.next());
  out.path.drop();
  return l;
}

/** mount TYPE PATH ro|rw OPTIONS */
function mount(a: Args): Result {
  const type = a.next();
  const out = new PathOut();
  const r = resolvePath(fsState().cwd, a.next(), true, out);
  if (failed(r)) return r;
  const flags: u64 = isText(a.next(), "ro") ? 1 : 0;
  const m = mountNew(type, b("none"), flags, a.rest(), out.path);
  out.path.drop();
  return m;
}

/** A fifo would park, and there is no task here: it counts as one without a reader. */
function isFifo(path: Bytes): bool {
  const out = new PathOut();
  if (failed(resolvePath(fsState().cwd, path, true, out))) return false;
  const result = out.path.inode.type == S_IFIFO;
  out.path.drop();
  return result;
}

function write(path: Bytes, flags: u32, text: Bytes): Result {
  if (isFifo(path)) return fail(Errno.ENXIO);
  const out = new FileOut();
  const r = openPath(fsState().cwd, path, flags, 0o644, out);
  if (failed(r)) return r;
  const f = out.file;
  const at = (flags & O_TRUNC) != 0 ? 0 : f.inode.data().size;
  const w = text.len == 0 ? 0 : f.write(new KernelBuf(text.ptr, text.len), at, f.flags);
  f.drop();
  return failed(w) ? w : 0;
}

/** open N PATH r|w */
function open(a: Args): Result {
  const at = <i32>a.number(10);
  const out = new FileOut();
  const path = a.next();
  const r = openPath(fsState().cwd, path, isText(a.next(), "w") ? O_RDWR : O_RDONLY, 0, out);
  if (!failed(r)) files[at] = out.file;
  return r;
}

function readFile(f: File): Result {
  const size = <i32>f.inode.data().size;
  const text = Bytes.alloc(size);
  const r = f.read(new KernelBuf(text.ptr, size), 0, f.flags);
  answer = text;
  return r;
}

class Names extends DirSink {
  list: Array<Bytes> = new Array<Bytes>();
  last: i64 = 0;
  constructor(private room: i32) {
    super();
  }
  add(name: Bytes, _ino: u64, _type: u8, next: i64): bool {
    if (this.room-- == 0) return false;
    this.list.push(name.clone());
    this.last = next;
    return true;
  }
}

/** Every object below `path`, sorted, with type, mode, xattrs and content. */
function dump(path: Bytes): Result {
  const out = new BytesBuilder();
  const r = dumpTree(path, b("."), out);
  answer = out.take();
  return r;
}

function dumpTree(path: Bytes, shown: Bytes, out: BytesBuilder): Result {
  const at = new PathOut();
  let r = resolvePath(fsState().cwd, path, false, at);
  if (failed(r)) return r;
  const p = at.path;
  const n = p.inode;
  out.bytes(shown).text(" ").octal(n.mode);
  if (n.type == S_IFCHR || n.type == S_IFBLK) out.text(" rdev=").hex(n.rdev);
  if (n.type == S_IFLNK) {
    out.text(" -> ");
    n.readlink(out);
  }
  const list = new BytesBuilder();
  n.listxattr(list);
  const xattrs = list.take();
  for (let from = 0; from < xattrs.len;) {
    const end = xattrs.indexOf(0, from);
    const name = xattrs.slice(from, end);
    out.text(" ").bytes(name).text("=");
    n.getxattr(name, out);
    from = end + 1;
  }
  if (n.type == S_IFREG) {
    const f = new FileOut();
    r = openPath(fsState().cwd, path, O_RDONLY, 0, f);
    if (!failed(r)) {
      r = readFile(f.file);
      out.text(" '").bytes(answer).text("'");
      f.file.drop();
    }
  }
  out.byte(0x0a);
  if (!failed(r) && n.isDir) r = dumpChildren(p, path, shown, out);
  p.drop();
  return r;
}

function dumpChildren(p: Path, path: Bytes, shown: Bytes, out: BytesBuilder): Result {
  const names = new Names(i32.MAX_VALUE);
  let r = p.inode.readdir(0, names);
  names.list.sort((x, y) => x.compare(y));
  for (let i = 0; i < names.list.length && !failed(r); i++) {
    const child = new BytesBuilder().bytes(path).byte(0x2f).bytes(names.list[i]).take();
    const label = new BytesBuilder().bytes(shown).byte(0x2f).bytes(names.list[i]).take();
    r = dumpTree(child, label, out);
  }
  return r;
}
