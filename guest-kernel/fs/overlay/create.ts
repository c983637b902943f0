/**
 * New names: files, directories, nodes, symlinks, hard links (E1-E6 C6).
 *
 * Where the upper has nothing the object is made in place; where it has a whiteout the object is made in the work
 * directory and takes the whiteout's place in one rename, a directory marked opaque before that.
 */
import { Errno } from "../../abi/errno";
import { Bytes } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { forgetName } from "../../vfs/dentry";
import { Inode, InodeOut, NewInode, RENAME_EXCHANGE, S_IFCHR, S_IFDIR, S_IFMT } from "../../vfs/inode";
import { WHOLE_FILE, copyUp } from "./copy-up";
import { OverlayInode } from "./inode";
import { LayerInode, lookupIn } from "./layer";
import { isWhiteout, setOpaque } from "./marks";

/** 1 when the upper has a whiteout at `name`, 0 when it has nothing. Errors: -EEXIST. */
function whiteoutAt(dir: Inode, name: Bytes): Result {
  const out = new InodeOut();
  const found = lookupIn(dir, name, out);
  if (found != 1) return found;
  const w = isWhiteout(out.inode!);
  return w == 0 ? fail(Errno.EEXIST) : w;
}

/** Errors: -EROFS, -EPERM (a device 0/0 is a whiteout), -EEXIST, -EIO (no opaque mark), what the upper returns. */
export function create(dir: OverlayInode, name: Bytes, what: NewInode, out: InodeOut): Result {
  if (dir.overlay.work == null) return fail(Errno.EROFS);
  if ((what.mode & S_IFMT) == S_IFCHR && what.rdev == 0) return fail(Errno.EPERM);
  const c = copyUp(dir, WHOLE_FILE);
  if (failed(c)) return c;
  const upper = dir.upper!;
  const covered = whiteoutAt(upper, name);
  if (failed(covered)) return covered;
  const r = covered == 1 ? createOver(dir, name, what, out) : upper.create(name, what, out);
  forgetName(upper, name);
  if (failed(r)) return r;
  const made = new OverlayInode(dir.overlay, out.inode, new Array<LayerInode>(), dir, name.clone());
  made.isOpaque = covered == 1 && made.isDir;
  dir.overlay.setKey(made);
  dir.changed();
  out.inode = made;
  return 0;
}

function createOver(dir: OverlayInode, name: Bytes, what: NewInode, out: InodeOut): Result {
  const work = dir.overlay.work!;
  const staged = work.newName();
  const r = work.create(what, staged, out);
  if (failed(r)) return r;
  const isDir = (what.mode & S_IFMT) == S_IFDIR;
  const o = isDir ? setOpaque(out.inode!, Errno.EIO) : 0;
  if (failed(o)) {
    work.discard(staged);
    return o;
  }
  return publishOver(dir, name, staged, isDir);
}

/** Puts what is staged in the place of the whiteout at `name`; afterwards nothing is staged. */
function publishOver(dir: OverlayInode, name: Bytes, staged: Bytes, isDir: bool): Result {
  const work = dir.overlay.work!;
  const r = work.dir.rename(staged, dir.upper!, name, isDir ? RENAME_EXCHANGE : 0);
  forgetName(work.dir, staged);
  if (isDir || failed(r)) work.discard(staged);
  return r;
}

/** Errors: -EROFS, -EEXIST, what the upper returns. */
export function link(dir: OverlayInode, name: Bytes, target: OverlayInode): Result {
  const work = dir.overlay.work;
  if (work == null) return fail(Errno.EROFS);
  const t = copyUp(target, WHOLE_FILE);
  if (failed(t)) return t;
  const c = copyUp(dir, WHOLE_FILE);
  if (failed(c)) return c;
  const upper = dir.upper!;
  const covered = whiteoutAt(upper, name);
  if (failed(covered)) return covered;
  let r: Result;
  if (covered == 1) {
    const staged = work.newName();
    r = work.dir.link(staged, target.upper!);
    forgetName(work.dir, staged);
    if (!failed(r)) r = publishOver(dir, name, staged, false);
  } else r = upper.link(name, target.upper!);
  forgetName(upper, name);
  target.refresh();
  if (!failed(r)) dir.changed();
  return r;
}
