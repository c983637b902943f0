/** Finds and opens the file that execve shall run: walk, permission, noexec, set-id. */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { KernelBuf } from "../mm/io-buf";
import { Pager } from "../mm/pager";
import { Shared } from "../proc/held";
import { Executable } from "../vfs/executable";
import { readAt } from "../vfs/file-io";
import { FilePager } from "../vfs/file-pager";
import { fsState } from "../vfs/fs-context";
import { S_IFREG } from "../vfs/inode";
import { MNT_NOEXEC, MNT_NOSUID } from "../vfs/mount";
import { Path, PathOut } from "../vfs/path";
import { MAY_EXEC, permission } from "../vfs/permission";
import { resolvePath } from "../vfs/walk";
import { ProgramFile, ProgramOut } from "./program-file";

@final
class VfsProgram extends ProgramFile {
  constructor(private at: Path) {
    super();
    const i = at.dentry.node;
    this.mode = i.mode;
    this.uid = i.uid;
    this.gid = i.gid;
    this.honoursSetId = (at.mount.flags & MNT_NOSUID) == 0;
  }

  read(off: u64, dst: usize, n: usize): Result {
    return readAt(this.at.dentry.node, <i64>off, new KernelBuf(dst, n), 0, n);
  }

  pager(): Pager {
    return new FilePager(this.at.clone());
  }

  executable(): Shared | null {
    return new Executable(this.at.clone());
  }

  close(): void {
    this.at.drop();
  }
}

/** Errors, in order: the walk's, -EACCES (no regular file, no permission, noexec). */
export function openProgram(path: Bytes, out: ProgramOut): Result {
  const found = new PathOut();
  let r = resolvePath(fsState().cwd, path, true, found);
  if (failed(r)) return r;
  const at = found.path;
  const i = at.dentry.node;
  if (i.type != S_IFREG || (at.mount.flags & MNT_NOEXEC) != 0) r = fail(Errno.EACCES);
  else r = permission(i, MAY_EXEC);
  if (failed(r)) {
    at.drop();
    return r;
  }
  out.file = new VfsProgram(at);
  return 0;
}
