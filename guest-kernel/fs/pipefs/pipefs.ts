/** Anonymous pipes: a filesystem without names, mounted nowhere. */
import { O_RDONLY, O_WRONLY } from "../../abi/fcntl";
import { realtimeNs } from "../../hal/time";
import { BytesBuilder } from "../../lib/bytes";
import { Result } from "../../lib/result";
import { cred } from "../../vfs/fs-context";
import {
  ATTR_ATIME,
  ATTR_GID,
  ATTR_MODE,
  ATTR_MTIME,
  ATTR_UID,
  Filesystem,
  Inode,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  SetAttr,
  StatFs,
} from "../../vfs/inode";
import { Mount, mntGet } from "../../vfs/mount";
import { internalMount } from "../../vfs/mounting";
import { Path } from "../../vfs/path";
import { Pipe } from "../../vfs/pipe";
import { PipeFile } from "../../vfs/pipe-file";
import { FileOut } from "../../vfs/file";
import { anonymousDev } from "../../vfs/superblock";
import { namelessDentry } from "../../vfs/dentry";

const PIPEFS_MAGIC: u64 = 0x50495045;

@final
class PipeFs extends Filesystem {
  private top: Inode | null = null;
  private lastIno: u64 = 1;

  constructor() {
    super();
    this.dev = anonymousDev();
    const top = new PipeInode(this, S_IFDIR | 0o555);
    top.ino = 1;
    this.top = top;
  }

  get type(): string {
    return "pipefs";
  }
  root(): Inode {
    return this.top as Inode;
  }
  nextIno(): u64 {
    return ++this.lastIno;
  }
  statfs(out: StatFs): Result {
    out.type = PIPEFS_MAGIC;
    return 0;
  }
}

@final
class PipeInode extends Inode {
  constructor(fs: Filesystem, mode: u32) {
    super(fs);
    this.mode = mode;
    this.uid = cred().fsuid;
    this.gid = cred().fsgid;
    this.atime = this.mtime = this.ctime = realtimeNs();
  }

  setattr(c: SetAttr): Result {
    if ((c.mask & ATTR_MODE) != 0) this.mode = (this.mode & S_IFMT) | (c.mode & ~S_IFMT);
    if ((c.mask & ATTR_UID) != 0) this.uid = c.uid;
    if ((c.mask & ATTR_GID) != 0) this.gid = c.gid;
    if ((c.mask & ATTR_ATIME) != 0) this.atime = c.atime;
    if ((c.mask & ATTR_MTIME) != 0) this.mtime = c.mtime;
    return 0;
  }
}

let pipefs: PipeFs | null = null;
let mount: Mount | null = null;

/** A new pipe's two ends; the caller owns one use of each. `status`: O_NONBLOCK or 0. */
export function newPipe(status: u32, readEnd: FileOut, writeEnd: FileOut): void {
  let fs = pipefs;
  let m = mount;
  if (fs == null || m == null) {
    fs = new PipeFs();
    pipefs = fs;
    m = internalMount(fs);
    // One use for ever: the last pipe must not end the mount.
    mntGet(m);
    mount = m;
  }
  const inode = new PipeInode(fs, S_IFIFO | 0o600);
  inode.ino = fs.nextIno();
  const pipe = new Pipe();
  inode.pipe = pipe;
  const name = new BytesBuilder().text("pipe:[").unsigned(inode.ino).text("]").take();
  const d = namelessDentry(fs, name, inode);
  readEnd.file = new PipeFile(new Path(m, d), O_RDONLY | status, pipe);
  writeEnd.file = new PipeFile(new Path(m, d), O_WRONLY | status, pipe);
}
