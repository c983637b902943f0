/**
 * Layers: directory trees of other filesystems, seen at inode level, so that mounts inside them never show (A30) and a
 * layer stays usable when it is unmounted elsewhere.
 */
import { Errno } from "../../abi/errno";
import { Bytes } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { Layer } from "../../vfs/filesystem-type";
import { Filesystem, Inode, InodeOut } from "../../vfs/inode";

@final
export class OverlayLayer {
  /** Which of the overlay's distinct filesystems: the upper's is 0. */
  fsid: u32 = 0;

  /** Takes `base` over. */
  constructor(
    private base: Layer,
    /** 0 is the upper, 1 the topmost lower. */
    public index: i32,
  ) {}

  get root(): Inode {
    return this.base.inode;
  }

  get fs(): Filesystem {
    return this.base.fs;
  }

  release(): void {
    this.base.drop();
  }
}

/** An object of one layer; whoever keeps it has counted the inode. */
@final
export class LayerInode {
  constructor(
    public layer: OverlayLayer,
    public inode: Inode,
  ) {}
}

/**
 * Looks `name` up in a layer's directory: 1 found, 0 not there. A name that is too long for one layer is absent there
 * (A40); any other error is passed on, never taken for absence (B18).
 */
export function lookupIn(dir: Inode, name: Bytes, out: InodeOut): Result {
  out.inode = null;
  const r = dir.lookup(name, out);
  if (!failed(r)) return out.inode != null ? 1 : 0;
  return r == fail(Errno.ENOENT) || r == fail(Errno.ENAMETOOLONG) ? 0 : r;
}
