/**
 * unlink and rmdir (F1-F8 F12 C7): a whiteout where a lower has the name, else a plain removal.
 *
 * A directory whose upper part holds only whiteouts is first exchanged for a clean opaque one (F4), so that at every
 * moment the name is either the empty directory or gone.
 */
import { Errno } from "../../abi/errno";
import { LOG_ERR, klogLine } from "../../hal/log";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { forgetName } from "../../vfs/dentry";
import { DirSink, Inode, InodeOut, NewInode, RENAME_EXCHANGE } from "../../vfs/inode";
import { iget, iput } from "../../vfs/refs";
import { WHOLE_FILE, copyUp, copyAttributes } from "./copy-up";
import { OverlayInode } from "./inode";
import { lookupIn } from "./layer";
import { isCovered } from "./lookup";
import { setOpaque } from "./marks";
import { copyXattrs } from "./xattr";
import { cover } from "./whiteout";
import { NameList } from "./work-dir";

/** Errors: -EROFS, -ENOENT, -ENOTDIR or -EISDIR, -ENOTEMPTY, -ESTALE (the upper changed underneath). */
export function removeName(dir: OverlayInode, name: Bytes, wantDir: bool): Result {
  if (dir.overlay.work == null) return fail(Errno.EROFS);
  const out = new InodeOut();
  const r = dir.child(name, out);
  if (failed(r)) return r;
  const victim = <OverlayInode>out.inode!;
  iget(victim);
  const done = remove(dir, name, victim, wantDir);
  iput(victim);
  return done;
}

function remove(dir: OverlayInode, name: Bytes, victim: OverlayInode, wantDir: bool): Result {
  if (victim.isDir != wantDir) return fail(wantDir ? Errno.ENOTDIR : Errno.EISDIR);
  if (wantDir) {
    const empty = isEmpty(victim);
    if (empty != 1) return failed(empty) ? empty : fail(Errno.ENOTEMPTY);
  }
  const c = copyUp(dir, WHOLE_FILE);
  if (failed(c)) return c;
  const upperDir = dir.upper!;
  const covered = victim.upper == null ? 1 : isCovered(dir, name);
  if (victim.upper != null) {
    const same = isStillThere(upperDir, name, victim.upper!);
    if (failed(same)) return same;
    if (wantDir) {
      const cleared = clearWhiteouts(victim, dir, name);
      if (failed(cleared)) return cleared;
    }
  }
  let r: Result;
  if (covered == 1) r = cover(dir.overlay.work!, upperDir, name, wantDir && victim.upper != null);
  else {
    r = wantDir ? upperDir.rmdir(name) : upperDir.unlink(name);
    forgetName(upperDir, name);
  }
  if (failed(r)) return r;
  victim.isDeleted = true;
  victim.refresh();
  dir.changed();
  return 0;
}

/** Whether the upper still has `real` at `name`. Errors: -ESTALE. */
export function isStillThere(upperDir: Inode, name: Bytes, real: Inode): Result {
  const out = new InodeOut();
  const r = lookupIn(upperDir, name, out);
  if (failed(r)) return r;
  return r == 1 && out.inode == real ? 0 : fail(Errno.ESTALE);
}

/** 1 when the merged directory shows no name (F3), else 0. */
export function isEmpty(dir: OverlayInode): Result {
  const any = new AnyName();
  const r = dir.readdir(0, any);
  if (failed(r)) return r;
  return any.isFound ? 0 : 1;
}

@final
class AnyName extends DirSink {
  isFound: bool = false;

  add(_name: Bytes, _ino: u64, _type: u8, _next: i64): bool {
    this.isFound = true;
    return false;
  }
}

/**
 * `victim` at (dir, name) shows nothing, but its upper directory may hold whiteouts: puts a clean opaque directory with
 * the same attributes in its place. On failure nothing has changed.
 */
export function clearWhiteouts(victim: OverlayInode, dir: OverlayInode, name: Bytes): Result {
  const work = dir.overlay.work!;
  const old = victim.upper!;
  const junk = new NameList();
  const l = old.readdir(0, junk);
  if (failed(l)) return l;
  if (junk.list.length == 0) return 0;

  const staged = work.newName();
  const out = new InodeOut();
  const c = work.create(new NewInode(old.mode, old.uid, old.gid), staged, out);
  if (failed(c)) return c;
  const clean = out.inode!;
  let r = copyXattrs(old, clean);
  if (!failed(r)) r = setOpaque(clean, Errno.EIO);
  if (!failed(r)) r = copyAttributes(old, clean);
  if (!failed(r)) r = work.dir.rename(staged, dir.upper!, name, RENAME_EXCHANGE);
  forgetName(work.dir, staged);
  forgetName(dir.upper!, name);
  if (failed(r)) {
    work.discard(staged);
    return r;
  }
  iget(old);
  victim.becomeOpaque(clean);
  for (let i = 0; i < junk.list.length; i++) {
    const u = old.unlink(junk.list[i]);
    forgetName(old, junk.list[i]);
    if (failed(u)) reportJunk(junk.list[i], u);
  }
  work.discard(staged);
  iput(old);
  return 0;
}

function reportJunk(name: Bytes, r: Result): void {
  klogLine(
    new BytesBuilder().text("overlayfs: cleanup of whiteout '").bytes(name).text("' failed (").dec(r).text(")"),
    LOG_ERR,
  );
}
