/**
 * One overlay: its layers, its table of inodes in use, statfs (I11), the options that /proc/mounts shows.
 *
 * Identity is Linux's: an object is found again by its upper inode, or, without one, by its topmost lower; a lower file
 * with several links gets an overlay inode for each name, because copy-up breaks the link (D22).
 */
import { Errno } from "../../abi/errno";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";
import { Filesystem, Inode, InodeOut, StatFs } from "../../vfs/inode";
import { iget, iput } from "../../vfs/refs";
import { anonymousDev } from "../../vfs/superblock";
import { OverlayInode } from "./inode";
import { OverlayLayer, LayerInode } from "./layer";
import { Found } from "./lookup";
import { OverlayOptions } from "./options";
import { WorkDir } from "./work-dir";

const OVERLAYFS_SUPER_MAGIC: u64 = 0x794c7630;

@final
export class OverlayFs extends Filesystem {
  private rootInode: OverlayInode | null = null;
  private inodes: Map<Inode, OverlayInode> = new Map<Inode, OverlayInode>();
  /** Bits of an inode number that say which filesystem it comes from; 0 when all layers share one. */
  private fsidBits: u32 = 0;

  /** Takes over the layers and the work directory. `lowers` is topmost first. */
  constructor(
    public options: OverlayOptions,
    public upperLayer: OverlayLayer | null,
    private lowerLayers: Array<OverlayLayer>,
    /** Where changes are staged; null when the overlay is read-only for good. */
    public work: WorkDir | null,
  ) {
    super();
    this.dev = anonymousDev();
    this.readOnly = work == null;
    this.numberFilesystems();
    const stack = new Array<LayerInode>();
    for (let i = 0; i < lowerLayers.length; i++) {
      stack.push(new LayerInode(lowerLayers[i], lowerLayers[i].root));
      this.stackDepth = max(this.stackDepth, lowerLayers[i].fs.stackDepth + 1);
    }
    const root = new OverlayInode(this, upperLayer != null ? upperLayer.root : null, stack, null, Bytes.alloc(0));
    this.setKey(root);
    iget(root);
    this.rootInode = root;
  }

  get type(): string {
    return "overlay";
  }

  root(): Inode {
    return this.rootInode!;
  }

  /** Filesystem 0 is the upper's; a lower on the same one shares its number. */
  private numberFilesystems(): void {
    const seen = new Array<Filesystem>();
    const upper = this.upperLayer;
    if (upper != null) seen.push(upper.fs);
    for (let i = 0; i < this.lowerLayers.length; i++) {
      const layer = this.lowerLayers[i];
      let at = seen.indexOf(layer.fs);
      if (at < 0) at = seen.push(layer.fs) - 1;
      layer.fsid = at;
    }
    // One spare bit, as Linux's xino has.
    for (let n = seen.length - 1; n > 0; n >>= 1) this.fsidBits++;
    if (this.fsidBits > 0) this.fsidBits++;
  }

  /** st_ino of inode `ino` of `layer`: unique over all layers (I5). */
  inodeNumber(layer: OverlayLayer, ino: u64): u64 {
    return this.fsidBits == 0 ? ino : ino | ((<u64>layer.fsid) << (64 - this.fsidBits));
  }

  /** The overlay inode of what a lookup found. Errors: -ESTALE. */
  inodeOf(found: Found, parent: OverlayInode, name: Bytes, out: InodeOut): Result {
    const upper = found.upper;
    const key = upper != null ? upper : found.lowers[0].inode;
    if (this.inodes.has(key)) {
      const known = this.inodes.get(key);
      if (known.upper != upper) return fail(Errno.ESTALE);
      out.inode = known;
      return 0;
    }
    const made = new OverlayInode(this, upper, found.lowers, parent, name.clone());
    made.isOpaque = found.isOpaque;
    made.hasXwhiteouts = found.hasXwhiteouts;
    this.setKey(made);
    out.inode = made;
    return 0;
  }

  /** After creation and after copy-up: by which real inode `n` is found again. */
  setKey(n: OverlayInode): void {
    this.forget(n);
    const real = n.real;
    if (n.upper == null && !n.isDir && real.nlink > 1 && !this.isLowerOnly) return;
    n.key = real;
    this.inodes.set(real, n);
  }

  forget(n: OverlayInode): void {
    const key = n.key;
    if (key == null) return;
    n.key = null;
    if (this.inodes.has(key) && this.inodes.get(key) == n) this.inodes.delete(key);
  }

  /** Nothing will ever be copied up. */
  private get isLowerOnly(): bool {
    return this.upperLayer == null;
  }

  statfs(out: StatFs): Result {
    const upper = this.upperLayer;
    const r = (upper != null ? upper : this.lowerLayers[0]).fs.statfs(out);
    out.type = OVERLAYFS_SUPER_MAGIC;
    for (let i = 0; i < this.lowerLayers.length; i++) {
      const s = new StatFs();
      if (this.lowerLayers[i].fs.statfs(s) == 0) out.namelen = max(out.namelen, s.namelen);
    }
    return r;
  }

  sync(): Result {
    const upper = this.upperLayer;
    return upper != null ? upper.fs.sync() : 0;
  }

  shutdown(): void {
    const root = this.rootInode;
    this.rootInode = null;
    if (root != null) iput(root);
    const work = this.work;
    if (work != null) work.release();
    const upper = this.upperLayer;
    if (upper != null) upper.release();
    for (let i = 0; i < this.lowerLayers.length; i++) this.lowerLayers[i].release();
  }

  showOptions(out: BytesBuilder): void {
    this.options.show(out);
  }

  /** Options other than ro and rw are ignored (A37). Errors: -EROFS. */
  remount(readOnly: bool, _data: Bytes): Result {
    if (!readOnly && this.work == null) return fail(Errno.EROFS);
    if (readOnly) this.sync();
    this.readOnly = readOnly;
    return 0;
  }
}
