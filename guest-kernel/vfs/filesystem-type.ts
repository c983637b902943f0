/** Kinds of filesystems that mount(2) knows, and what a driver may ask the VFS while it mounts. */
import { BlockDevice } from "../dev/block-device";
import { Bytes } from "../lib/bytes";
import { Result, failed } from "../lib/result";
import { Held } from "../proc/held";
import { fsState } from "./fs-context";
import { Filesystem, Inode } from "./inode";
import { Path, PathOut } from "./path";
import { iget, iput } from "./refs";
import { fsGet, fsPut } from "./superblock";
import { resolvePath } from "./walk";

/**
 * A directory that a stacking filesystem builds on: a private view of its filesystem without what is mounted there. It
 * holds the inode and keeps the filesystem in use until drop(), whatever happens to the mount that it was found through.
 */
@final
export class Layer extends Held {
  readonly inode: Inode;
  readonly fs: Filesystem;
  /** Two layers of one mount have the same number. */
  readonly mountId: i32;
  /** The mount refuses writes, or the filesystem does. */
  readonly isReadOnly: bool;
  /** Null once mount(2) is over. */
  private at: Path | null;

  constructor(at: Path) {
    super();
    this.at = at;
    this.inode = at.inode;
    this.fs = at.mount.fs;
    this.mountId = at.mount.id;
    this.isReadOnly = at.mount.isReadOnly;
    fsGet(this.fs);
    iget(this.inode);
  }

  /** It is `other`, or lies below it in the same filesystem. Only while mount(2) runs. */
  isWithin(other: Layer): bool {
    return (this.at as Path).dentry.isWithin((other.at as Path).dentry);
  }

  /** The driver's mount() is over: lets go of the mount, so that it can be unmounted. The VFS calls it. */
  settle(): void {
    const at = this.at;
    this.at = null;
    if (at != null) at.drop();
  }

  drop(): void {
    this.settle();
    iput(this.inode);
    fsPut(this.fs);
  }
}

/** Receives a layer; valid only when the Result is 0. The receiver drops it. */
@final
export class LayerOut {
  private held: Layer | null = null;

  get layer(): Layer {
    return this.held as Layer;
  }
  set layer(l: Layer) {
    this.held = l;
  }
}

/** One mount(2) call as the driver sees it. */
@final
export class MountContext {
  constructor(
    /** As given, for messages. */
    public source: Bytes,
    /** MS_RDONLY. */
    public readOnly: bool,
    /** Options, without those that the VFS understood. */
    public data: Bytes,
    /** For types with needsDevice: what `source` names. */
    public device: BlockDevice | null,
  ) {}

  private layers: Array<Layer> = [];

  /** What `path` names for the caller. The driver drops the layer, also when it then fails. Errors: those of the walk. */
  resolve(path: Bytes, out: LayerOut): Result {
    const found = new PathOut();
    const r = resolvePath(fsState().cwd, path, true, found);
    if (failed(r)) return r;
    out.layer = new Layer(found.path);
    this.layers.push(out.layer);
    return 0;
  }

  /** The driver's mount() has returned. */
  settle(): void {
    for (let i = 0; i < this.layers.length; i++) this.layers[i].settle();
  }
}

/** Receives a new filesystem; valid only when the Result is 0. */
@final
export class FilesystemOut {
  private made: Filesystem | null = null;

  get fs(): Filesystem {
    return this.made as Filesystem;
  }
  set fs(f: Filesystem) {
    this.made = f;
  }
}

export abstract class FilesystemType {
  constructor(
    /** As mount -t names it. */
    public name: string,
    /** It lives on a block device, and one instance serves every mount of that device. */
    public needsDevice: bool,
  ) {}

  /** Makes an instance with no users yet. Errors: -EINVAL (options, no such filesystem there), -EIO, … */
  abstract mount(ctx: MountContext, out: FilesystemOut): Result;
}

const types = new Array<FilesystemType>();

export function registerFilesystem(t: FilesystemType): void {
  types.push(t);
}

export function filesystemTypes(): Array<FilesystemType> {
  return types;
}

/** Null: -ENODEV. */
export function filesystemType(name: Bytes): FilesystemType | null {
  for (let i = 0; i < types.length; i++) if (isText(name, types[i].name)) return types[i];
  return null;
}

/** `bytes` spells the ASCII text `text`. */
export function isText(bytes: Bytes, text: string): bool {
  if (bytes.len != text.length) return false;
  for (let i = 0; i < bytes.len; i++) if (<i32>bytes[i] != text.charCodeAt(i)) return false;
  return true;
}
