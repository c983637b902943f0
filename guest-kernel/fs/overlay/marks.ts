/**
 * Marks that layers carry: whiteouts and opaque directories (C1 C2 C3 B5 B6).
 *
 * A whiteout is a character device 0/0, or an empty file with the xattr overlay.whiteout (read only, never made). An
 * opaque directory has trusted.overlay.opaque=y; the value x says that it may hold whiteouts of the second form.
 */
import { Errno } from "../../abi/errno";
import { BytesBuilder, b } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { Inode, InodeOut, S_IFCHR, S_IFREG } from "../../vfs/inode";
import { lookupIn } from "./layer";

export const OVERLAY_PREFIX = b("trusted.overlay.");
const OPAQUE = b("trusted.overlay.opaque");
const XWHITEOUT = b("trusted.overlay.whiteout");
const Y = b("y");
/** StarryOS's opaque mark: a file of this name (option markers=starry). */
export const STARRY_MARKER = b(".wh..wh..opq");

/** For values that are looked at and forgotten: lookups make as little garbage as they can. */
const scratch = new BytesBuilder();

export const NOT_OPAQUE: Result = 0;
/** Holds whiteouts of the second form. */
export const XWHITEOUTS: Result = 1;
export const IS_OPAQUE: Result = 2;

/** 1 a whiteout, 0 something else. */
export function isWhiteout(n: Inode): Result {
  if (n.type == S_IFCHR) return n.rdev == 0 ? 1 : 0;
  if (n.type != S_IFREG || n.size != 0) return 0;
  scratch.clear();
  const r = n.getxattr(XWHITEOUT, scratch);
  if (failed(r)) return isAbsence(r) ? 0 : r;
  return 1;
}

/** NOT_OPAQUE, XWHITEOUTS or IS_OPAQUE for a layer's directory. */
export function opaqueMark(dir: Inode, starry: bool): Result {
  scratch.clear();
  const r = dir.getxattr(OPAQUE, scratch);
  if (failed(r) && !isAbsence(r)) return r;
  if (!failed(r) && scratch.len == 1) {
    const c = scratch.take()[0];
    if (c == 0x79) return IS_OPAQUE;
    if (c == 0x78) return XWHITEOUTS;
  }
  if (!starry) return NOT_OPAQUE;
  const found = lookupIn(dir, STARRY_MARKER, new InodeOut());
  return found == 1 ? IS_OPAQUE : found;
}

/** `unsupported`: the errno for an upper without xattrs. */
export function setOpaque(dir: Inode, unsupported: i32): Result {
  const r = dir.setxattr(OPAQUE, Y, 0);
  return r == fail(Errno.EOPNOTSUPP) ? fail(unsupported) : r;
}

function isAbsence(r: Result): bool {
  return r == fail(Errno.ENODATA) || r == fail(Errno.EOPNOTSUPP);
}
