/** /proc/PID: one directory for each task, made when it is looked up, gone when the task is. */
import { Errno } from "../../abi/errno";
import { monotonicNs, realtimeNs } from "../../hal/time";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";
import { Task, ZOMBIE } from "../../proc/task";
import { findTask } from "../../proc/task-table";
import { Executable } from "../../vfs/executable";
import { FdTable } from "../../vfs/fd-table";
import { File } from "../../vfs/file";
import { FsState, cred } from "../../vfs/fs-context";
import { DirSink, Filesystem, Inode, InodeOut, S_IFDIR, S_IFLNK, S_IFREG } from "../../vfs/inode";
import { MagicLink } from "../../vfs/magic-link";
import { Path, PathOut } from "../../vfs/path";
import { writePathName } from "../../vfs/path-name";
import { TextInode } from "../../vfs/text-inode";
import { nextProcIno } from "./nodes";
import { writeMountinfo, writeMounts } from "./mounts";
import { parseDecimal } from "./numbers";
import { writeCmdline, writeEnviron, writeLimits, writeMaps, writeStat, writeStatm, writeStatus } from "./pid-text";

type Write = (t: Task, out: BytesBuilder) => Result;

/** A task as /proc names it: the pid alone could be another task's by now. */
@final
class TaskRef {
  private startNs: i64;

  constructor(t: Task) {
    this.pid = t.pid;
    this.startNs = t.startNs;
  }

  pid: i32;

  /** Null once the task has been waited for. */
  get task(): Task | null {
    const t = findTask(this.pid);
    return t != null && t.startNs == this.startNs ? t : null;
  }
}

/** What reads another's memory or descriptors needs: the same user, or a capability. */
function mayInspect(t: Task): bool {
  const me = cred();
  return me.isCapable || (me.fsuid == t.cred.euid && me.fsuid == t.cred.uid && me.fsuid == t.cred.suid);
}

/** Owner and freshness of everything below /proc/PID. */
function own(i: Inode, ref: TaskRef, mode: u32): void {
  i.ino = nextProcIno();
  i.mode = mode;
  refresh(i, ref);
}

function refresh(i: Inode, ref: TaskRef): bool {
  const t = ref.task;
  if (t == null) return false;
  i.uid = t.cred.euid;
  i.gid = t.cred.egid;
  i.atime = i.mtime = i.ctime = t.startNs + (realtimeNs() - monotonicNs());
  return true;
}

@final
class PidText extends TextInode {
  constructor(
    fs: Filesystem,
    private ref: TaskRef,
    mode: u32,
    private write: Write,
  ) {
    super(fs);
    own(this, ref, S_IFREG | mode);
  }

  isCurrent(): bool {
    return refresh(this, this.ref);
  }

  generate(out: BytesBuilder): Result {
    const t = this.ref.task;
    if (t == null) return fail(Errno.ESRCH);
    if ((this.mode & 0o044) == 0 && !mayInspect(t)) return fail(Errno.EACCES);
    return this.write(t, out);
  }
}

/** exe, cwd, root. */
@final
class PidLink extends MagicLink {
  constructor(
    fs: Filesystem,
    private ref: TaskRef,
    private find: (t: Task) => Path | null,
  ) {
    super(fs);
    own(this, ref, S_IFLNK | 0o777);
  }

  isCurrent(): bool {
    return refresh(this, this.ref);
  }

  follow(out: PathOut): Result {
    const t = this.ref.task;
    if (t == null) return fail(Errno.ENOENT);
    if (!mayInspect(t)) return fail(Errno.EACCES);
    const p = this.find(t);
    if (p == null) return fail(Errno.ENOENT);
    out.path = p.clone();
    return 0;
  }

  readlink(out: BytesBuilder): Result {
    return describe(this, out);
  }
}

/** The name of what a magic link leads to. */
function describe(link: MagicLink, out: BytesBuilder): Result {
  const at = new PathOut();
  const r = link.follow(at);
  if (r < 0) return r;
  writePathName(out, at.path);
  at.path.drop();
  return 0;
}

/** /proc/PID/fd: a link for each descriptor. */
@final
class FdDir extends Inode {
  constructor(
    fs: Filesystem,
    private ref: TaskRef,
  ) {
    super(fs);
    this.nlink = 2;
    own(this, ref, S_IFDIR | 0o500);
  }

  isCurrent(): bool {
    return refresh(this, this.ref);
  }

  private get table(): FdTable | null {
    const t = this.ref.task;
    return t == null ? null : <FdTable | null>t.files;
  }

  lookup(name: Bytes, out: InodeOut): Result {
    const fd = parseDecimal(name);
    const table = this.table;
    if (fd < 0 || table == null || table.get(<i32>fd) == null) return fail(Errno.ENOENT);
    out.inode = new FdLink(this.fs, this.ref, <i32>fd);
    return 0;
  }

  readdir(pos: i64, sink: DirSink): Result {
    const table = this.table;
    if (table == null) return fail(Errno.ENOENT);
    for (let fd = <i32>pos; fd < table.length; fd++) {
      if (table.get(fd) == null) continue;
      if (!sink.add(new BytesBuilder().dec(fd).take(), nextProcIno(), 10, fd + 1)) break;
    }
    return 0;
  }
}

@final
class FdLink extends MagicLink {
  constructor(
    fs: Filesystem,
    private ref: TaskRef,
    private fd: i32,
  ) {
    super(fs);
    own(this, ref, S_IFLNK | 0o700);
    this.isCurrent();
  }

  private get file(): File | null {
    const t = this.ref.task;
    if (t == null) return null;
    const table = <FdTable | null>t.files;
    return table == null ? null : table.get(this.fd);
  }

  /** The permission bits show how the file is open. */
  isCurrent(): bool {
    const f = this.file;
    if (f == null || !refresh(this, this.ref)) return false;
    this.mode = S_IFLNK | (f.canRead ? 0o500 : 0) | (f.canWrite ? 0o300 : 0);
    return true;
  }

  follow(out: PathOut): Result {
    const t = this.ref.task;
    if (t == null) return fail(Errno.ENOENT);
    if (!mayInspect(t)) return fail(Errno.EACCES);
    const f = this.file;
    if (f == null) return fail(Errno.ENOENT);
    out.path = f.path.clone();
    return 0;
  }

  readlink(out: BytesBuilder): Result {
    return describe(this, out);
  }
}

/** /proc/PID/task: a process has one thread, itself. */
@final
class TaskDir extends Inode {
  constructor(
    fs: Filesystem,
    private ref: TaskRef,
  ) {
    super(fs);
    this.nlink = 3;
    own(this, ref, S_IFDIR | 0o555);
  }

  isCurrent(): bool {
    return refresh(this, this.ref);
  }

  lookup(name: Bytes, out: InodeOut): Result {
    const t = this.ref.task;
    if (t == null || parseDecimal(name) != t.pid) return fail(Errno.ENOENT);
    out.inode = new PidDir(this.fs, t, true);
    return 0;
  }

  readdir(pos: i64, sink: DirSink): Result {
    if (pos == 0) sink.add(new BytesBuilder().dec(this.ref.pid).take(), nextProcIno(), 4, 1);
    return 0;
  }
}

const TEXT: i32 = 0;
const LINK: i32 = 1;
const DIR: i32 = 2;

@final
class Row {
  constructor(
    public name: Bytes,
    public kind: i32,
    public mode: u32,
    public write: Write,
    public find: (t: Task) => Path | null,
  ) {}
}

const rows = new Array<Row>();

function text(name: string, mode: u32, write: Write): void {
  rows.push(new Row(b(name), TEXT, mode, write, nowhere));
}
function link(name: string, find: (t: Task) => Path | null): void {
  rows.push(new Row(b(name), LINK, 0o777, nothing, find));
}
function dir(name: string, mode: u32): void {
  rows.push(new Row(b(name), DIR, mode, nothing, nowhere));
}
function nowhere(_t: Task): Path | null {
  return null;
}
function nothing(_t: Task, _out: BytesBuilder): Result {
  return 0;
}

text("cgroup", 0o444, (_t: Task, out: BytesBuilder): Result => {
  out.text("0::/\n");
  return 0;
});
text("cmdline", 0o444, writeCmdline);
text("comm", 0o444, (t: Task, out: BytesBuilder): Result => {
  out.bytes(t.comm).byte(0x0a);
  return 0;
});
link("cwd", (t: Task): Path | null => (t.fs == null ? null : (t.fs as FsState).cwd));
text("environ", 0o400, writeEnviron);
link("exe", (t: Task): Path | null => (t.exe == null ? null : (t.exe as Executable).path));
dir("fd", 0o500);
text("limits", 0o444, writeLimits);
text("maps", 0o444, writeMaps);
text("mountinfo", 0o444, (t: Task, out: BytesBuilder): Result => writeMountinfo(t, out));
text("mounts", 0o444, (t: Task, out: BytesBuilder): Result => writeMounts(t, out));
link("root", (t: Task): Path | null => (t.fs == null ? null : (t.fs as FsState).root));
text("stat", 0o444, writeStat);
text("statm", 0o444, writeStatm);
text("status", 0o444, writeStatus);
/** Last, because a thread's directory has none. */
dir("task", 0o555);

@final
export class PidDir extends Inode {
  private ref: TaskRef;

  constructor(
    fs: Filesystem,
    t: Task,
    private isThread: bool,
  ) {
    super(fs);
    this.ref = new TaskRef(t);
    this.nlink = 4;
    own(this, this.ref, S_IFDIR | 0o555);
  }

  isCurrent(): bool {
    return refresh(this, this.ref);
  }

  private get count(): i32 {
    return this.isThread ? rows.length - 1 : rows.length;
  }

  lookup(name: Bytes, out: InodeOut): Result {
    if (this.ref.task == null) return fail(Errno.ENOENT);
    for (let i = 0; i < this.count; i++) {
      const row = rows[i];
      if (!row.name.equals(name)) continue;
      out.inode = this.make(row);
      return 0;
    }
    return fail(Errno.ENOENT);
  }

  private make(row: Row): Inode {
    if (row.kind == TEXT) return new PidText(this.fs, this.ref, row.mode, row.write);
    if (row.kind == LINK) return new PidLink(this.fs, this.ref, row.find);
    return row.mode == 0o500 ? <Inode>new FdDir(this.fs, this.ref) : new TaskDir(this.fs, this.ref);
  }

  readdir(pos: i64, sink: DirSink): Result {
    const t = this.ref.task;
    if (t == null || t.state > ZOMBIE) return fail(Errno.ENOENT);
    for (let i = <i32>pos; i < this.count; i++) {
      const row = rows[i];
      const type: u8 = row.kind == TEXT ? 8 : row.kind == LINK ? 10 : 4;
      if (!sink.add(row.name, nextProcIno(), type, i + 1)) break;
    }
    return 0;
  }
}
