/** proc(5): one instance for every mount; the tasks' directories come and go, everything else is fixed. */
import { Errno } from "../../abi/errno";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { findTask, nextTask } from "../../proc/task-table";
import { FilesystemOut, FilesystemType, MountContext } from "../../vfs/filesystem-type";
import { DirSink, Filesystem, Inode, InodeOut, S_IFDIR, StatFs } from "../../vfs/inode";
import { anonymousDev, fsGet } from "../../vfs/superblock";
import { ProcDir, nextProcIno } from "./nodes";
import { parseDecimal } from "./numbers";
import { PidDir } from "./pid-dir";
import { addSysctls } from "./sysctl";
import { addSystemFiles } from "./system";

const PROC_MAGIC: u64 = 0x9fa0;
const DT_DIR: u8 = 4;

@final
class ProcFs extends Filesystem {
  private top: Inode | null = null;

  constructor() {
    super();
    this.dev = anonymousDev();
    this.cacheAbsence = false;
    const fixed = new ProcDir(this);
    addSystemFiles(fixed);
    addSysctls(fixed);
    this.top = new ProcRoot(this, fixed);
  }

  get type(): string {
    return "proc";
  }
  root(): Inode {
    return this.top as Inode;
  }
  statfs(out: StatFs): Result {
    out.type = PROC_MAGIC;
    return 0;
  }
}

/** Positions: the fixed names first, then `fixed.count` + pid. */
@final
class ProcRoot extends Inode {
  constructor(
    fs: Filesystem,
    private fixed: ProcDir,
  ) {
    super(fs);
    this.ino = nextProcIno();
    this.mode = S_IFDIR | 0o555;
    this.atime = this.mtime = this.ctime = fixed.mtime;
    this.nlink = fixed.nlink;
  }

  lookup(name: Bytes, out: InodeOut): Result {
    const pid = parseDecimal(name);
    if (pid < 0) return this.fixed.lookup(name, out);
    const t = findTask(<i32>pid);
    if (t == null) return fail(Errno.ENOENT);
    out.inode = new PidDir(this.fs, t, false);
    return 0;
  }

  readdir(pos: i64, sink: DirSink): Result {
    const n = this.fixed.count;
    if (pos < n) {
      const counted = new Counter(sink);
      const r = this.fixed.readdir(pos, counted);
      if (failed(r) || counted.isFull) return r;
      pos = n;
    }
    let t = nextTask(<i32>(pos - n) + 1);
    while (t != null && sink.add(new BytesBuilder().dec(t.pid).take(), nextProcIno(), DT_DIR, n + t.pid)) {
      t = nextTask(t.pid + 1);
    }
    return 0;
  }
}

/** Notices that the sink is full. */
@final
class Counter extends DirSink {
  isFull: bool = false;

  constructor(private to: DirSink) {
    super();
  }

  add(name: Bytes, ino: u64, type: u8, next: i64): bool {
    this.isFull = !this.to.add(name, ino, type, next);
    return !this.isFull;
  }
}

@final
export class ProcType extends FilesystemType {
  private only: Filesystem | null = null;

  constructor() {
    super("proc", false);
  }

  mount(_ctx: MountContext, out: FilesystemOut): Result {
    let fs = this.only;
    if (fs == null) {
      fs = new ProcFs();
      fsGet(fs);
      this.only = fs;
    }
    out.fs = fs;
    return 0;
  }
}
