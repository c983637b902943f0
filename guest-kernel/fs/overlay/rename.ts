/**
 * rename (G1 G4-G11): one rename of the upper, with a whiteout left behind or exchanged where a lower has the old name.
 *
 * A directory that any lower takes part in is refused with -EXDEV, so that mv copies it (redirect_dir=off). A pure upper
 * directory that moves into a merged one is marked opaque first, or it would merge with what lies below its new name.
 */
import { Errno } from "../../abi/errno";
import { Bytes } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { forgetName } from "../../vfs/dentry";
import { InodeOut, RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT } from "../../vfs/inode";
import { iget, iput } from "../../vfs/refs";
import { WHOLE_FILE, copyUp } from "./copy-up";
import { OverlayInode } from "./inode";
import { lookupIn } from "./layer";
import { isCovered } from "./lookup";
import { isWhiteout, setOpaque } from "./marks";
import { clearWhiteouts, isEmpty, isStillThere } from "./remove";

/** One rename under way. */
@final
class Move {
  /** null: nothing visible has the new name. */
  target: OverlayInode | null = null;
  /** The upper has a whiteout at the new name. */
  overWhiteout: bool = false;
  /** After an exchange with a whiteout that nothing needs, it is removed from the old name. */
  dropWhiteout: bool = false;

  constructor(
    public source: OverlayInode,
    public from: OverlayInode,
    public name: Bytes,
    public to: OverlayInode,
    public newName: Bytes,
    public isExchange: bool,
  ) {}

  run(): Result {
    const a = this.checkMovable();
    if (failed(a)) return a;
    const b = this.prepareUpper();
    if (failed(b)) return b;
    const target = this.target;
    if (!this.isExchange && target != null && target.isDir && target.upper != null) {
      const c = clearWhiteouts(target, this.to, this.newName);
      if (failed(c)) return c;
    }
    const d = this.checkUnchanged();
    if (failed(d)) return d;
    const e = this.markOpaque();
    return failed(e) ? e : this.publish();
  }

  private checkMovable(): Result {
    const target = this.target;
    if (this.source.isDir && !this.source.isPureUpper) return fail(Errno.EXDEV);
    if (target == null) return 0;
    if (this.isExchange) return target.isDir && !target.isPureUpper ? fail(Errno.EXDEV) : 0;
    if (!target.isDir) return 0;
    const empty = isEmpty(target);
    return empty == 1 ? 0 : failed(empty) ? empty : fail(Errno.ENOTEMPTY);
  }

  private prepareUpper(): Result {
    const s = copyUp(this.source, WHOLE_FILE);
    if (failed(s)) return s;
    const t = copyUp(this.to, WHOLE_FILE);
    if (failed(t)) return t;
    const target = this.target;
    return this.isExchange && target != null ? copyUp(target, WHOLE_FILE) : 0;
  }

  /** Errors: -ESTALE when the upper holds something else than was looked up. */
  private checkUnchanged(): Result {
    const s = isStillThere(this.from.upper!, this.name, this.source.upper!);
    if (failed(s)) return s;
    const target = this.target;
    if (target != null && target.upper != null) return isStillThere(this.to.upper!, this.newName, target.upper!);
    const out = new InodeOut();
    const found = lookupIn(this.to.upper!, this.newName, out);
    if (found != 1) return found;
    const w = isWhiteout(out.inode!);
    if (w == 0) return fail(Errno.ESTALE);
    this.overWhiteout = w == 1;
    return w;
  }

  private markOpaque(): Result {
    const s = markForParent(this.source, this.to);
    const target = this.target;
    return failed(s) || !this.isExchange || target == null ? s : markForParent(target, this.from);
  }

  private flags(): u32 {
    if (this.isExchange) return RENAME_EXCHANGE;
    if (isCovered(this.from, this.name) == 1) return this.overWhiteout ? RENAME_EXCHANGE : RENAME_WHITEOUT;
    // A directory cannot replace the whiteout, which is a device: they change places.
    this.dropWhiteout = this.overWhiteout && this.source.isDir;
    return this.dropWhiteout ? RENAME_EXCHANGE : 0;
  }

  private publish(): Result {
    const fromUpper = this.from.upper!;
    const toUpper = this.to.upper!;
    const target = this.target;
    // A lower directory that shows nothing has no upper part that the rename could replace.
    const flags = this.flags();
    const r = fromUpper.rename(this.name, toUpper, this.newName, flags);
    forgetName(fromUpper, this.name);
    forgetName(toUpper, this.newName);
    if (failed(r)) return r;
    if (this.dropWhiteout) {
      fromUpper.unlink(this.name);
      forgetName(fromUpper, this.name);
    }
    this.source.moveTo(this.to, this.newName);
    if (target != null) {
      if (this.isExchange) target.moveTo(this.from, this.name);
      else target.isDeleted = true;
      target.refresh();
    }
    this.from.changed();
    this.to.changed();
    this.source.refresh();
    return 0;
  }
}

/** A pure upper directory that moves into a merged one must not merge there (G14). Errors: -EXDEV without xattrs. */
function markForParent(n: OverlayInode, parent: OverlayInode): Result {
  if (!n.isDir || n.isOpaque || !parent.isMerged) return 0;
  const r = setOpaque(n.upper!, Errno.EXDEV);
  n.isOpaque = !failed(r);
  return r;
}

/** Errors: -EINVAL (flag), -EROFS, -ENOENT, -EXDEV, -ENOTEMPTY, -ESTALE, what the upper returns. */
export function rename(from: OverlayInode, name: Bytes, to: OverlayInode, newName: Bytes, flags: u32): Result {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0) return fail(Errno.EINVAL);
  if (from.overlay.work == null) return fail(Errno.EROFS);
  const out = new InodeOut();
  const s = from.child(name, out);
  if (failed(s)) return s;
  const source = <OverlayInode>out.inode!;
  iget(source);
  const r = renameTo(source, from, name, to, newName, flags);
  iput(source);
  return r;
}

function renameTo(
  source: OverlayInode,
  from: OverlayInode,
  name: Bytes,
  to: OverlayInode,
  newName: Bytes,
  flags: u32,
): Result {
  const out = new InodeOut();
  const t = to.child(newName, out);
  if (failed(t) && t != fail(Errno.ENOENT)) return t;
  const move = new Move(source, from, name, to, newName, (flags & RENAME_EXCHANGE) != 0);
  if (failed(t)) return move.isExchange ? t : move.run();
  if ((flags & RENAME_NOREPLACE) != 0) return fail(Errno.EEXIST);
  const target = <OverlayInode>out.inode!;
  // Two names of one inode: nothing to do (G18).
  if (target == source) return 0;
  move.target = target;
  iget(target);
  const r = move.run();
  iput(target);
  return r;
}
