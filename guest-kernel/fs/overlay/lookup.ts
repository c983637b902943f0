/**
 * Lookup: which layers make up a name (B1-B7, B16, B18).
 *
 * The upper is asked first, then the lowers of the directory from the top. What is no directory ends the search: on top
 * it is the result, below a directory it only stops the merge. Whiteouts and opaque directories stop it too, in any layer.
 */
import { Errno } from "../../abi/errno";
import { Bytes } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { Inode, InodeOut } from "../../vfs/inode";
import { OverlayFs } from "./filesystem";
import { OverlayInode } from "./inode";
import { OverlayLayer, LayerInode, lookupIn } from "./layer";
import { IS_OPAQUE, STARRY_MARKER, XWHITEOUTS, isWhiteout, opaqueMark } from "./marks";

const NAME_MAX: i32 = 255;

/** What the layers hold for one name. */
@final
export class Found {
  upper: Inode | null = null;
  lowers: Array<LayerInode> = new Array<LayerInode>();
  /** The upper directory is marked opaque. */
  isOpaque: bool = false;
  /** The upper holds a whiteout for the name. */
  isWhiteout: bool = false;
  /** A directory among the lowers may hold whiteouts of the second form. */
  hasXwhiteouts: bool = false;
  /** The search is over. */
  private stop: bool = false;

  get isNothing(): bool {
    return this.upper == null && this.lowers.length == 0;
  }

  /** Takes in what one layer has. */
  private take(fs: OverlayFs, layer: OverlayLayer, n: Inode): Result {
    const w = isWhiteout(n);
    if (failed(w)) return w;
    if (w == 1) {
      this.stop = true;
      if (layer.index == 0) this.isWhiteout = true;
      return 0;
    }
    if (!n.isDir) {
      this.stop = true;
      if (this.isNothing) this.add(layer, n);
      return 0;
    }
    const mark = opaqueMark(n, fs.options.starryMarkers);
    if (failed(mark)) return mark;
    if (mark == IS_OPAQUE) {
      this.stop = true;
      if (layer.index == 0) this.isOpaque = true;
    } else if (mark == XWHITEOUTS) this.hasXwhiteouts = true;
    this.add(layer, n);
    return 0;
  }

  private add(layer: OverlayLayer, n: Inode): void {
    if (layer.index == 0) this.upper = n;
    else this.lowers.push(new LayerInode(layer, n));
  }

  /** Searches the layers of `dir`. Errors: what a layer returns. */
  search(dir: OverlayInode, name: Bytes): Result {
    const fs = dir.overlay;
    const out = new InodeOut();
    const upper = dir.upper;
    if (upper != null) {
      const r = lookupIn(upper, name, out);
      if (failed(r)) return r;
      if (r == 1) {
        const t = this.take(fs, fs.upperLayer!, out.inode!);
        if (failed(t)) return t;
      }
    }
    for (let i = 0; i < dir.lowers.length && !this.stop; i++) {
      const lower = dir.lowers[i];
      const r = lookupIn(lower.inode, name, out);
      if (failed(r)) return r;
      if (r == 0) continue;
      const t = this.take(fs, lower.layer, out.inode!);
      if (failed(t)) return t;
    }
    return 0;
  }
}

/** Inode.lookup of a directory. Errors: -ENAMETOOLONG, -ENOENT, -ESTALE (the upper changed underneath). */
export function lookup(dir: OverlayInode, name: Bytes, out: InodeOut): Result {
  if (name.len > NAME_MAX) return fail(Errno.ENAMETOOLONG);
  const fs = dir.overlay;
  if (fs.options.starryMarkers && name.equals(STARRY_MARKER)) return fail(Errno.ENOENT);
  const found = new Found();
  const r = found.search(dir, name);
  if (failed(r)) return r;
  if (found.isNothing) return fail(Errno.ENOENT);
  return fs.inodeOf(found, dir, name, out);
}

/**
 * Whether anything below the upper has `name` in `dir`: then removing the upper's needs a whiteout (C7). 1 or 0.
 * A whiteout in a lower hides what lies deeper.
 */
export function isCovered(dir: OverlayInode, name: Bytes): Result {
  const out = new InodeOut();
  for (let i = 0; i < dir.lowers.length; i++) {
    const r = lookupIn(dir.lowers[i].inode, name, out);
    // When a layer cannot say, a whiteout too many is harmless; one too few would bring a deleted name back.
    if (failed(r)) return 1;
    if (r == 0) continue;
    const w = isWhiteout(out.inode!);
    return failed(w) || w == 0 ? 1 : 0;
  }
  return 0;
}
