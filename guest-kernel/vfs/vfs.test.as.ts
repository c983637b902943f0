/** What vfs.test.ts drives: system calls' lower halves over a tmpfs, on behalf of a task with a chosen identity. */
import { makeDev } from "../dev/dev-number";
import { Bytes, BytesBuilder, b } from "../lib/bytes";
import { Result, failed } from "../lib/result";
import { framesInit, freeFrames } from "../mm/frames";
import { KernelBuf } from "../mm/io-buf";
import { Task, setCurrent } from "../proc/task";
import { addTask } from "../proc/task-table";
import { TmpFs } from "../fs/tmpfs/tmpfs";
import { TmpOptions } from "../fs/tmpfs/options";
import { changeMode, changeOwner, getAttr, truncatePath } from "./attributes";
import { liveDentries, pruneAllDentries } from "./dentry";
import { FdTable } from "./fd-table";
import { FilesystemOut, FilesystemType, MountContext, registerFilesystem } from "./filesystem-type";
import { File, FileOut, liveFiles } from "./file";
import { FsState, fsState, setKernelFs } from "./fs-context";
import { Attr, DirSink, Filesystem, NewInode, StatFs } from "./inode";
import { liveMounts } from "./mount";
import { bindMount, changeDir, changeRoot, mountNew, mountRoot, moveTo, pivotRoot, remount, unmount } from "./mounting";
import { linkPath, makeNode, rmdirPath, unlinkPath } from "./namespace";
import { openPath } from "./open";
import { pageCacheInit } from "./page-cache";
import { Path, PathOut } from "./path";
import { writeNameBelow } from "./path-name";
import { liveInodes } from "./refs";
import { renamePath } from "./rename";
import { resolveMountpoint, resolvePath } from "./walk";

const ARENA_PAGES: usize = 256;
const arena = memory.data(257 * 4096, 4096);
/** The test writes arguments here and reads results from there. */
const io: usize = memory.data(65536, 16);

@final
class TmpType extends FilesystemType {
  mount(ctx: MountContext, out: FilesystemOut): Result {
    const o = new TmpOptions();
    const r = o.parse(ctx.data);
    if (failed(r)) return r;
    const fs = new TmpFs(o);
    fs.readOnly = ctx.readOnly;
    out.fs = fs;
    return 0;
  }
}

let task: Task | null = null;

function me(): Task {
  return task as Task;
}
function cwd(): Path {
  return fsState().cwd;
}

export function ioAddress(): usize {
  return io;
}

export function setup(pageLimit: u32, inodeLimit: u32): u32 {
  framesInit(arena, arena + ARENA_PAGES * 4096);
  pageCacheInit();
  const o = new TmpOptions();
  o.pages = pageLimit;
  o.inodes = inodeLimit;
  o.mode = 0o755;
  const fs: Filesystem = new TmpFs(o);
  const m = mountRoot(fs, b("root"), false);
  const t = new Task(1, 0);
  const at = new Path(m, m.root);
  const state = FsState.at(at);
  at.drop();
  setKernelFs(state);
  state.umask = 0;
  t.fs = state;
  t.files = new FdTable();
  task = t;
  addTask(t);
  setCurrent(t);
  registerFilesystem(new TmpType("tmpfs", false));
  return freeFrames();
}

export function become(uid: u32, gid: u32): void {
  const c = me().cred;
  c.uid = c.euid = c.suid = c.fsuid = uid;
  c.gid = c.egid = c.sgid = c.fsgid = gid;
}
export function umask(mask: u32): void {
  fsState().umask = mask;
}

/** The two arguments: NUL-terminated strings at the start of io. */
function arg(n: i32): Bytes {
  let at = io;
  for (let i = 0; i < n; i++) {
    while (load<u8>(at) != 0) at++;
    at++;
  }
  let len = 0;
  while (load<u8>(at + len) != 0) len++;
  return Bytes.copyOf(at, len);
}

function answer(s: Bytes): i64 {
  memory.copy(io, s.ptr, s.len);
  return s.len;
}

export function mknod(mode: u32, major: u32, minor: u32): i64 {
  return makeNode(cwd(), arg(0), new NewInode(mode, 0, 0, makeDev(major, minor)));
}
export function symlink(): i64 {
  return makeNode(cwd(), arg(1), new NewInode(0o120777, 0, 0, 0, arg(0)));
}
export function unlink(): i64 {
  return unlinkPath(cwd(), arg(0));
}
export function rmdir(): i64 {
  return rmdirPath(cwd(), arg(0));
}
export function rename(flags: u32): i64 {
  return renamePath(cwd(), arg(0), cwd(), arg(1), flags);
}
export function link(follow: bool): i64 {
  const from = new PathOut();
  const r = resolvePath(cwd(), arg(0), follow, from);
  if (failed(r)) return r;
  const l = linkPath(from.path, cwd(), arg(1));
  from.path.drop();
  return l;
}
export function open(flags: u32, mode: u32): i64 {
  const out = new FileOut();
  const r = openPath(cwd(), arg(0), flags, mode, out);
  return failed(r) ? r : (me().files as FdTable).add(out.file, false);
}
function file(fd: i32): File {
  return (me().files as FdTable).get(fd) as File;
}
export function close(fd: i32): i64 {
  return (me().files as FdTable).close(fd);
}
export function pread(fd: i32, n: i32, pos: i64): i64 {
  return file(fd).read(new KernelBuf(io, n), pos, file(fd).flags);
}
export function pwrite(fd: i32, n: i32, pos: i64): i64 {
  return file(fd).write(new KernelBuf(io, n), pos, file(fd).flags);
}
export function seek(fd: i32, off: i64, whence: i32): i64 {
  return file(fd).seek(off, whence);
}

@final
class Lines extends DirSink {
  out: BytesBuilder = new BytesBuilder();
  left: i32 = 0;
  add(name: Bytes, _ino: u64, type: u8, _next: i64): bool {
    if (this.left == 0) return false;
    this.left--;
    this.out.dec(type).byte(0x20).bytes(name).byte(0x0a);
    return true;
  }
}
/** At most `n` lines "type name" from the open directory's position on. */
export function list(fd: i32, n: i32): i64 {
  const sink = new Lines();
  sink.left = n;
  const r = file(fd).readdir(sink);
  return failed(r) ? r : answer(sink.out.take());
}

/** "mode nlink uid gid size rdev ino dev" of arg 0. */
export function stat(follow: bool): i64 {
  const at = new PathOut();
  let r = resolvePath(cwd(), arg(0), follow, at);
  if (failed(r)) return r;
  const a = new Attr();
  r = getAttr(at.path.inode, a);
  at.path.drop();
  if (failed(r)) return r;
  const out = new BytesBuilder().octal(a.mode).byte(0x20).unsigned(a.nlink).byte(0x20).unsigned(a.uid);
  out.byte(0x20).unsigned(a.gid).byte(0x20).dec(a.size).byte(0x20).unsigned(a.rdev);
  return answer(out.byte(0x20).unsigned(a.ino).byte(0x20).unsigned(a.dev).take());
}
export function readlink(): i64 {
  const at = new PathOut();
  let r = resolvePath(cwd(), arg(0), false, at);
  if (failed(r)) return r;
  const out = new BytesBuilder();
  r = at.path.inode.readlink(out);
  at.path.drop();
  return failed(r) ? r : answer(out.take());
}

/** Calls `act` on the place that arg 0 names. */
function onPath(follow: bool, act: (at: Path, x: u32, y: u32) => Result, x: u32, y: u32): i64 {
  const at = new PathOut();
  let r = resolvePath(cwd(), arg(0), follow, at);
  if (failed(r)) return r;
  r = act(at.path, x, y);
  at.path.drop();
  return r;
}
export function chmod(mode: u32): i64 {
  return onPath(true, (at: Path, x: u32, _y: u32): Result => changeMode(at, x), mode, 0);
}
export function chown(uid: u32, gid: u32): i64 {
  return onPath(true, (at: Path, x: u32, y: u32): Result => changeOwner(at, x, y), uid, gid);
}
export function truncate(size: u32): i64 {
  return onPath(true, (at: Path, x: u32, _y: u32): Result => truncatePath(at, x), size, 0);
}
export function chdir(): i64 {
  return onPath(true, (at: Path, _x: u32, _y: u32): Result => changeDir(at), 0, 0);
}
export function chroot(): i64 {
  return onPath(true, (at: Path, _x: u32, _y: u32): Result => changeRoot(at), 0, 0);
}
export function umount(flags: u32): i64 {
  const at = new PathOut();
  let r = resolveMountpoint(cwd(), arg(0), true, at);
  if (failed(r)) return r;
  r = unmount(at.path, flags);
  at.path.drop();
  return r;
}
export function remountAt(ms: u32): i64 {
  return onPath(true, (at: Path, x: u32, _y: u32): Result => remount(at, x, b("")), ms, 0);
}
export function mount(ms: u32): i64 {
  const at = new PathOut();
  let r = resolvePath(cwd(), arg(0), true, at);
  if (failed(r)) return r;
  r = mountNew(b("tmpfs"), b("none"), ms, arg(1), at.path);
  at.path.drop();
  return r;
}
/** Bind (0), recursive bind (1), move (2), pivot_root (3) of arg 0 and arg 1. */
export function two(what: i32): i64 {
  const from = new PathOut();
  let r = resolvePath(cwd(), arg(0), true, from);
  if (failed(r)) return r;
  const to = new PathOut();
  r = resolvePath(cwd(), arg(1), true, to);
  if (!failed(r)) {
    if (what <= 1) r = bindMount(from.path, to.path, what == 1);
    else r = what == 2 ? moveTo(from.path, to.path) : pivotRoot(from.path, to.path);
    to.path.drop();
  }
  from.path.drop();
  return r;
}
export function getcwd(): i64 {
  const out = new BytesBuilder();
  const ok = writeNameBelow(out, cwd().mount, cwd().dentry, fsState().root);
  if (cwd().dentry.isDeleted) return -2;
  return answer(ok ? out.take() : b("(unreachable)").concat(out.take()));
}
/** "blocks bfree files ffree" of the root. */
export function statfs(): i64 {
  const s = new StatFs();
  cwd().mount.fs.statfs(s);
  const out = new BytesBuilder().unsigned(s.blocks).byte(0x20).unsigned(s.bfree).byte(0x20).unsigned(s.files);
  return answer(out.byte(0x20).unsigned(s.ffree).take());
}
/** Drops what is cached; "free dentries inodes files mounts" afterwards. */
export function counters(): i64 {
  pruneAllDentries(null);
  const out = new BytesBuilder().unsigned(freeFrames()).byte(0x20).dec(liveDentries()).byte(0x20).dec(liveInodes());
  return answer(out.byte(0x20).dec(liveFiles()).byte(0x20).dec(liveMounts()).take());
}
export function collect(): void {
  __collect();
}
