/**
 * Copy-up (D1-D11 D14 D18): a lower object becomes the upper's, parents first.
 *
 * Each object is staged whole in the work directory (content, then xattrs, then attributes, so that set-id bits and
 * file capabilities survive) and published by one rename that never replaces anything. On failure nothing of it is left
 * and the lower object stays visible.
 */
import { Errno } from "../../abi/errno";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { forgetName } from "../../vfs/dentry";
import {
  ATTR_ATIME,
  ATTR_GID,
  ATTR_MODE,
  ATTR_MTIME,
  ATTR_UID,
  Inode,
  InodeOut,
  NewInode,
  RENAME_NOREPLACE,
  S_IFLNK,
  S_IFREG,
  SetAttr,
} from "../../vfs/inode";
import { copyData } from "./copy-data";
import { OverlayInode } from "./inode";
import { copyXattrs } from "./xattr";

/** Keep all of the content. */
export const WHOLE_FILE: i64 = i64.MAX_VALUE;

/**
 * Makes `n` and its ancestors upper objects; of `n`'s content only the first `keep` bytes are needed.
 * Errors: -EROFS, -EEXIST (its name is taken, or removed), -EINTR, what the layers return.
 */
export function copyUp(n: OverlayInode, keep: i64): Result {
  if (n.upper != null) return 0;
  if (n.overlay.work == null) return fail(Errno.EROFS);
  while (n.upper == null) {
    let next = n;
    for (let p = next.parent; p != null && p.upper == null; p = next.parent) next = p;
    const r = copyUpOne(next, next == n ? keep : WHOLE_FILE);
    if (failed(r)) return r;
  }
  return 0;
}

/** `n`'s parent has an upper. */
function copyUpOne(n: OverlayInode, keep: i64): Result {
  const parent = n.parent!;
  // A whiteout, or somebody else's file, has the name by now (D26).
  if (n.isDeleted) return fail(Errno.EEXIST);
  const work = n.overlay.work!;
  const lower = n.real;
  const target = new BytesBuilder();
  if (lower.type == S_IFLNK) {
    const l = lower.readlink(target);
    if (failed(l)) return l;
  }
  const out = new InodeOut();
  const staged = work.newName();
  const what = new NewInode(lower.mode, lower.uid, lower.gid, lower.rdev, lower.type == S_IFLNK ? target.take() : null);
  const c = work.create(what, staged, out);
  if (failed(c)) return c;
  const made = out.inode!;
  let r: Result = lower.type == S_IFREG ? copyData(lower, made, keep) : 0;
  if (!failed(r)) r = copyXattrs(lower, made);
  if (!failed(r)) r = copyAttributes(lower, made);
  if (!failed(r)) r = publish(n, parent.upper!, staged);
  if (failed(r)) {
    work.discard(staged);
    return r;
  }
  n.becomeUpper(made);
  parent.changed();
  return 0;
}

/** Moves what is staged to `n`'s name; the directory keeps its times (D5), as well as that can be done. */
function publish(n: OverlayInode, dir: Inode, staged: Bytes): Result {
  const work = n.overlay.work!;
  const times = new SetAttr();
  times.mask = ATTR_ATIME | ATTR_MTIME;
  times.atime = dir.atime;
  times.mtime = dir.mtime;
  const r = work.dir.rename(staged, dir, n.name, RENAME_NOREPLACE);
  forgetName(work.dir, staged);
  forgetName(dir, n.name);
  if (!failed(r)) dir.setattr(times);
  return r;
}

/** Owner, permission bits and times of `from`. */
export function copyAttributes(from: Inode, to: Inode): Result {
  const a = new SetAttr();
  a.mask = ATTR_UID | ATTR_GID | ATTR_ATIME | ATTR_MTIME;
  // A symbolic link has no permission bits that could be set.
  if (from.type != S_IFLNK) a.mask |= ATTR_MODE;
  a.mode = from.mode;
  a.uid = from.uid;
  a.gid = from.gid;
  a.atime = from.atime;
  a.mtime = from.mtime;
  return to.setattr(a);
}
