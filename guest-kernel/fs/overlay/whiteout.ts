/**
 * Making whiteouts (C1 C8 C9): one device inode 0/0 in the work directory, a hard link of it for each name, put in place
 * by one rename, so that a lower name never shows for a moment.
 */
import { Errno } from "../../abi/errno";
import { Bytes } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { forgetName } from "../../vfs/dentry";
import { Inode, InodeOut, NewInode, RENAME_EXCHANGE, S_IFCHR } from "../../vfs/inode";
import { WorkDir } from "./work-dir";

/** Stages a whiteout in the work directory as `name`. */
function stage(work: WorkDir, name: Bytes): Result {
  const shared = work.whiteout;
  if (shared != null) {
    const r = work.dir.link(name, shared);
    forgetName(work.dir, name);
    // One link too many: the next whiteout starts a new family.
    if (r != fail(Errno.EMLINK)) return r;
    work.setWhiteout(null);
  }
  const out = new InodeOut();
  const first = work.newName();
  const c = work.create(new NewInode(S_IFCHR, 0, 0, 0), first, out);
  if (failed(c)) return c;
  const made = out.inode!;
  let r = work.dir.link(name, made);
  forgetName(work.dir, name);
  if (!failed(r)) {
    work.setWhiteout(made);
    return 0;
  }
  // Without hard links the device itself is used.
  r = work.dir.rename(first, work.dir, name, 0);
  forgetName(work.dir, first);
  if (failed(r)) work.discard(first);
  return r;
}

/**
 * Puts a whiteout at `name` of the upper directory `dir`, in place of what the upper has there; `isDir`: that is an
 * empty directory. On failure nothing has changed.
 */
export function cover(work: WorkDir, dir: Inode, name: Bytes, isDir: bool): Result {
  const staged = work.newName();
  const s = stage(work, staged);
  if (failed(s)) return s;
  const r = work.dir.rename(staged, dir, name, isDir ? RENAME_EXCHANGE : 0);
  forgetName(work.dir, staged);
  forgetName(dir, name);
  // After an exchange the staged name is the old directory; after a failure it is the whiteout.
  if (isDir || failed(r)) work.discard(staged);
  return r;
}
