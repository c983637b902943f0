/**
 * ext4, read-only: mounting, the table of inodes in use, statfs.
 *
 * A journal that was not replayed makes the mount fail with -EROFS, as on Linux when the device cannot be written;
 * `noload` (or `norecovery`) mounts such an image as it stands.
 */
import { Errno } from "../../abi/errno";
import { BlockDevice } from "../../dev/block-device";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { FilesystemOut, FilesystemType, MountContext } from "../../vfs/filesystem-type";
import { Filesystem, Inode, InodeOut, StatFs } from "../../vfs/inode";
import { BlockOut } from "./block-cache";
import { Ext4Inode } from "./inode";
import { EXT4_MAGIC, ROOT_INO } from "./layout";
import { Reporter } from "./report";
import { Super } from "./super";
import { Volume } from "./volume";

/** Inodes that nobody holds are kept while there is room in the table: for so many more than were held at the last look. */
const KEPT_INODES: i32 = 512;
const NOLOAD = b("noload");
const NORECOVERY = b("norecovery");
const RO = b("ro");

@final
export class Ext4Type extends FilesystemType {
  constructor() {
    super("ext4", true);
  }

  mount(ctx: MountContext, out: FilesystemOut): Result {
    return mountExt4(ctx.device!, ctx.data, out);
  }
}

/** Errors: -EINVAL (option, no ext4), -EUCLEAN, -EROFS (journal not replayed), -EIO. */
export function mountExt4(device: BlockDevice, options: Bytes, out: FilesystemOut): Result {
  const report = new Reporter(device.name);
  const skipJournal = parseOptions(options);
  if (failed(skipJournal)) return skipJournal;
  const s = new Super();
  const r = s.load(device, report);
  if (failed(r)) return r;
  if (s.needsRecovery) {
    if (skipJournal == 0) {
      report.say("recovery required on readonly filesystem; replay the journal with e2fsck, or mount with noload");
      return fail(Errno.EROFS);
    }
    report.say("mounted without replaying the journal: files may be inconsistent");
  }
  const fs = new Ext4(new Volume(device, s, report));
  const root = fs.loadRoot();
  if (failed(root)) return root;
  report.say("mounted filesystem read-only");
  out.fs = fs;
  return 0;
}

/** 1 when the journal shall not be replayed, else 0. Errors: -EINVAL. */
function parseOptions(options: Bytes): Result {
  let result: Result = 0;
  for (let at = 0; at < options.len;) {
    let end = options.indexOf(0x2c, at);
    if (end < 0) end = options.len;
    const option = options.slice(at, end);
    at = end + 1;
    if (option.equals(NOLOAD) || option.equals(NORECOVERY)) result = 1;
    else if (option.len != 0 && !option.equals(RO)) return fail(Errno.EINVAL);
  }
  return result;
}

@final
export class Ext4 extends Filesystem {
  private inodes: Map<u32, Ext4Inode> = new Map<u32, Ext4Inode>();
  private room: i32 = KEPT_INODES;
  private rootInode: Ext4Inode | null = null;

  constructor(public volume: Volume) {
    super();
    this.dev = volume.device.rdev;
    this.readOnly = true;
  }

  get type(): string {
    return "ext4";
  }

  root(): Inode {
    return this.rootInode!;
  }

  /** Errors: -EUCLEAN (damaged, or no directory), -EIO. */
  loadRoot(): Result {
    const out = new InodeOut();
    const r = this.inode(ROOT_INO, out);
    if (failed(r)) return r;
    if (!out.inode!.isDir) return this.volume.report.corrupt("inode", ROOT_INO, "the root is no directory");
    this.rootInode = <Ext4Inode>out.inode!;
    return 0;
  }

  /** The object of inode number `ino`: one and the same while anybody holds it. Errors: -EUCLEAN, -EIO. */
  inode(ino: u32, out: InodeOut): Result {
    if (this.inodes.has(ino)) {
      out.inode = this.inodes.get(ino);
      return 0;
    }
    const raw = new BlockOut();
    const r = this.volume.readInode(ino, raw);
    if (failed(r)) return r;
    const made = new Ext4Inode(this, raw.bytes, ino);
    const d = made.decode();
    if (failed(d)) return d;
    if (this.inodes.size >= this.room) this.forgetUnused();
    this.inodes.set(ino, made);
    out.inode = made;
    return 0;
  }

  private forgetUnused(): void {
    const all = this.inodes.values();
    for (let i = 0; i < all.length; i++) {
      const n = all[i];
      if (n.refs > 0 || n === this.rootInode) continue;
      n.dropPages();
      this.inodes.delete(<u32>n.ino);
    }
    this.room = this.inodes.size + KEPT_INODES;
  }

  shutdown(): void {
    const all = this.inodes.values();
    for (let i = 0; i < all.length; i++) all[i].dropPages();
    this.inodes.clear();
    this.rootInode = null;
  }

  statfs(out: StatFs): Result {
    const s = this.volume.sb;
    out.type = EXT4_MAGIC;
    out.bsize = <u64>s.blockSize;
    out.frsize = <u64>s.blockSize;
    out.blocks = s.blocks - min(s.blocks, s.overhead);
    out.bfree = s.freeBlocks;
    out.bavail = s.freeBlocks - min(s.freeBlocks, s.reservedBlocks);
    out.files = s.inodes;
    out.ffree = s.freeInodes;
    out.fsid = s.fsid;
    return 0;
  }

  remount(readOnly: bool, options: Bytes): Result {
    if (!readOnly) return fail(Errno.EROFS);
    const r = parseOptions(options);
    return failed(r) ? r : 0;
  }

  showOptions(out: BytesBuilder): void {
    if (this.volume.sb.needsRecovery) out.text(",norecovery");
  }
}
