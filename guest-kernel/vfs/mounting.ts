/** mount(2), umount2(2), pivot_root(2), chroot(2) below the system calls. One namespace; propagation is always private. */
import { Errno } from "../abi/errno";
import { BlockDevice, blockDevice } from "../dev/block-device";
import { b, Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { allTasks } from "../proc/task-table";
import { Dentry } from "./dentry";
import { FilesystemOut, FilesystemType, MountContext, filesystemType } from "./filesystem-type";
import { FsState, fsState } from "./fs-context";
import { Filesystem, S_IFBLK } from "./inode";
import {
  MNT_NOATIME,
  MNT_NODEV,
  MNT_NODIRATIME,
  MNT_NOEXEC,
  MNT_NOSUID,
  MNT_READONLY,
  MNT_RELATIME,
  Mount,
  addChildMounts,
  attachMount,
  detachMount,
  detachTree,
  hasChildMounts,
  isMountWithin,
  mntGet,
  mountOn,
  moveMount,
  rootMount,
} from "./mount";
import { Path, PathOut } from "./path";
import { MAY_EXEC, permission } from "./permission";
import { filesystemOn, rootDentry } from "./superblock";
import { resolvePath } from "./walk";

export const MS_RDONLY: u64 = 1;
export const MS_NOSUID: u64 = 2;
export const MS_NODEV: u64 = 4;
export const MS_NOEXEC: u64 = 8;
export const MS_REMOUNT: u64 = 32;
export const MS_NOATIME: u64 = 1024;
export const MS_NODIRATIME: u64 = 2048;
export const MS_BIND: u64 = 4096;
export const MS_MOVE: u64 = 8192;
export const MS_REC: u64 = 16384;
export const MS_UNBINDABLE: u64 = 1 << 17;
export const MS_PRIVATE: u64 = 1 << 18;
export const MS_SLAVE: u64 = 1 << 19;
export const MS_SHARED: u64 = 1 << 20;
export const MS_RELATIME: u64 = 1 << 21;
export const MS_STRICTATIME: u64 = 1 << 24;

export const MNT_FORCE: u32 = 1;
export const MNT_DETACH: u32 = 2;
export const MNT_EXPIRE: u32 = 4;
export const UMOUNT_NOFOLLOW: u32 = 8;

/** The flags of a mount from those of mount(2). */
export function mountFlags(ms: u64): u32 {
  let f: u32 = 0;
  if ((ms & MS_RDONLY) != 0) f |= MNT_READONLY;
  if ((ms & MS_NOSUID) != 0) f |= MNT_NOSUID;
  if ((ms & MS_NODEV) != 0) f |= MNT_NODEV;
  if ((ms & MS_NOEXEC) != 0) f |= MNT_NOEXEC;
  if ((ms & MS_NODIRATIME) != 0) f |= MNT_NODIRATIME;
  if ((ms & MS_NOATIME) != 0) return f | MNT_NOATIME;
  return (ms & MS_STRICTATIME) != 0 ? f : f | MNT_RELATIME;
}

/**
 * Mounts a filesystem of type `typeName` over `at`. Errors: -ENODEV, -ENOTBLK, -ENXIO, -EBUSY (the device is mounted
 * with the other read-only state), those of the driver, -ENOENT, -EINVAL, -EBUSY (the same instance is on top there
 * already), -ENOTDIR.
 */
export function mountNew(typeName: Bytes, source: Bytes, ms: u64, data: Bytes, at: Path): Result {
  const type = filesystemType(typeName);
  if (type == null) return fail(Errno.ENODEV);
  const made = new FilesystemOut();
  const r = obtain(type, source, (ms & MS_RDONLY) != 0, data, made);
  if (failed(r)) return r;
  const root = rootDentry(made.fs);
  const m = new Mount(root, source);
  // A new instance that is read-only as a whole shows so by itself; the flag belongs to this mount.
  m.flags = mountFlags(ms);
  return place(m, at, true);
}

/** The instance that mount(2) means: a new one, or the one that serves the device already. */
function obtain(type: FilesystemType, source: Bytes, readOnly: bool, data: Bytes, out: FilesystemOut): Result {
  let device: BlockDevice | null = null;
  if (type.needsDevice) {
    const found = new PathOut();
    let r = resolvePath(fsState().cwd, source, true, found);
    if (failed(r)) return r;
    const inode = found.path.inode;
    const isBlock = inode.type == S_IFBLK;
    device = blockDevice(inode.rdev);
    found.path.drop();
    if (!isBlock) return fail(Errno.ENOTBLK);
    if (device == null) return fail(Errno.ENXIO);
    if (device.readOnly && !readOnly) return fail(Errno.EACCES);
    const present = filesystemOn(type.name, device.rdev);
    if (present != null) {
      out.fs = present;
      return present.readOnly == readOnly ? 0 : fail(Errno.EBUSY);
    }
  }
  const ctx = new MountContext(source, readOnly, data, device);
  const r = type.mount(ctx, out);
  ctx.settle();
  return r;
}

/**
 * Puts a new mount over `at`. Errors: -ENOENT (a removed directory), -EINVAL (`at` is in a mount that has been detached),
 * -EBUSY (`isInstance`, and the same is on top there already), -ENOTDIR.
 */
function place(m: Mount, at: Path, isInstance: bool): Result {
  let r: Result = 0;
  if (at.dentry.isDeleted) r = fail(Errno.ENOENT);
  else if (!at.mount.isAttached) r = fail(Errno.EINVAL);
  else if (isInstance && at.dentry == at.mount.root && at.mount.root == m.root) r = fail(Errno.EBUSY);
  else if (m.root.node.isDir != at.inode.isDir) r = fail(Errno.ENOTDIR);
  if (failed(r)) {
    // Never attached: the last use ends it.
    new Path(m, m.root).drop();
    return r;
  }
  const top = uncovered(at);
  attachMount(m, top.mount, top.dentry);
  top.drop();
  return 0;
}

/** `at`, or the root of what covers it: that is covered in its turn. The caller drops it. */
function uncovered(at: Path): Path {
  let mount = at.mount;
  let dentry = at.dentry;
  for (let top = mountOn(mount, dentry); top != null; top = mountOn(mount, dentry)) {
    mount = top;
    dentry = top.root;
  }
  return new Path(mount, dentry);
}

/** The first mount of all: root= of the kernel's command line. The caller then makes the first FsState. */
export function mountRoot(fs: Filesystem, source: Bytes, readOnly: bool): Mount {
  const m = new Mount(rootDentry(fs), source);
  m.flags = MNT_RELATIME | (readOnly ? MNT_READONLY : 0);
  attachMount(m, null, null);
  return m;
}

/** A mount that is in no tree and is never taken away: pipes. */
export function internalMount(fs: Filesystem): Mount {
  const m = new Mount(rootDentry(fs), b(fs.type));
  mntGet(m);
  return m;
}

/**
 * MS_BIND: what `from` names appears at `at` too; with `recursive` what is mounted below it as well.
 * Errors: -EINVAL (`from` is in a mount that has been detached), those of `place`.
 */
export function bindMount(from: Path, at: Path, recursive: bool): Result {
  if (!from.mount.isAttached) return fail(Errno.EINVAL);
  // Known before the copy is in the tree: it may come to lie in what it is a copy of.
  const below = recursive ? mountsBelow(from) : new Array<Mount>();
  const copy = cloneMount(from.mount, from.dentry);
  const r = place(copy, at, false);
  if (failed(r)) return r;
  const copies = new Array<Mount>(below.length);
  let parent = -1;
  for (let i = 0; i < below.length; i++) {
    const c = below[i];
    // Parents stand before their children, in the same order.
    while (c.parent != (parent < 0 ? from.mount : below[parent])) parent++;
    copies[i] = cloneMount(c, c.root);
    attachMount(copies[i], parent < 0 ? copy : copies[parent], c.mountpoint);
  }
  return r;
}

/** Every mount in the tree below `from`: its children, then theirs, and so on. */
function mountsBelow(from: Path): Array<Mount> {
  const beside = new Array<Mount>();
  addChildMounts(from.mount, beside);
  const found = new Array<Mount>();
  for (let i = 0; i < beside.length; i++)
    if ((beside[i].mountpoint as Dentry).isWithin(from.dentry)) found.push(beside[i]);
  for (let i = 0; i < found.length; i++) addChildMounts(found[i], found);
  return found;
}

function cloneMount(m: Mount, root: Dentry): Mount {
  const copy = new Mount(root, m.source);
  copy.flags = m.flags;
  return copy;
}

/** MS_REMOUNT. With MS_BIND only this mount's flags change. Errors: -EINVAL, -EBUSY, the driver's. */
export function remount(at: Path, ms: u64, data: Bytes): Result {
  const m = at.mount;
  if (at.dentry != m.root || !m.isAttached) return fail(Errno.EINVAL);
  const flags = mountFlags(ms);
  if ((ms & MS_BIND) == 0) {
    const readOnly = (ms & MS_RDONLY) != 0;
    if (readOnly && !m.fs.readOnly && m.fs.writers > 0) return fail(Errno.EBUSY);
    const r = m.fs.remount(readOnly, data);
    if (failed(r)) return r;
  }
  // No word about access times leaves them as they are.
  const atime = MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME;
  const says = (ms & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)) != 0;
  m.flags = says ? flags : (flags & ~atime) | (m.flags & atime);
  return 0;
}

/** MS_MOVE. Errors: -ENOENT, -EINVAL (also a file over a directory), -ELOOP (below itself). */
export function moveTo(from: Path, at: Path): Result {
  const m = from.mount;
  if (at.dentry.isDeleted) return fail(Errno.ENOENT);
  if (!at.mount.isAttached || from.dentry != m.root || m.parent == null) return fail(Errno.EINVAL);
  if (m.root.node.isDir != at.inode.isDir) return fail(Errno.EINVAL);
  if (isMountWithin(at.mount, m)) return fail(Errno.ELOOP);
  const top = uncovered(at);
  moveMount(m, top.mount, top.dentry);
  top.drop();
  return 0;
}

/** umount2(2). Errors: -EINVAL (no mountpoint), -EBUSY, -EAGAIN (MNT_EXPIRE's first call). */
export function unmount(at: Path, flags: u32): Result {
  const m = at.mount;
  if (at.dentry != m.root || !m.isAttached) return fail(Errno.EINVAL);
  if (m == rootMount()) return fail(Errno.EINVAL);
  if ((flags & MNT_DETACH) != 0) {
    detachTree(m);
    return 0;
  }
  // `at` is one use.
  if (m.refs > 1 || hasChildMounts(m)) return fail(Errno.EBUSY);
  m.fs.sync();
  detachMount(m);
  return 0;
}

/** chroot(2). Errors: -ENOTDIR, -EACCES. The caller has checked the capability. */
export function changeRoot(to: Path): Result {
  const r = enterable(to);
  if (!failed(r)) fsState().setRoot(to.clone());
  return r;
}

/** chdir(2), fchdir(2). Errors: -ENOTDIR, -EACCES. */
export function changeDir(to: Path): Result {
  const r = enterable(to);
  if (!failed(r)) fsState().setCwd(to.clone());
  return r;
}

function enterable(to: Path): Result {
  return to.inode.isDir ? permission(to.inode, MAY_EXEC) : fail(Errno.ENOTDIR);
}

/**
 * pivot_root(2): the mount at `newRoot` becomes the root, the old root moves to `putOld`.
 * Errors: -ENOTDIR, -EINVAL (detached), -EBUSY (the same mount), -EINVAL (no mountpoint, not below each other).
 */
export function pivotRoot(newRoot: Path, putOld: Path): Result {
  const old = fsState().root;
  if (!newRoot.inode.isDir || !putOld.inode.isDir) return fail(Errno.ENOTDIR);
  const n = newRoot.mount;
  const o = old.mount;
  if (!o.isAttached || !n.isAttached) return fail(Errno.EINVAL);
  if (n == o || putOld.mount == o) return fail(Errno.EBUSY);
  if (old.dentry != o.root || newRoot.dentry != n.root || n.parent == null) return fail(Errno.EINVAL);
  if (!isMountWithin(putOld.mount, n) || !isMountWithin(n, o)) return fail(Errno.EINVAL);
  const above = o.parent;
  const abovePoint = o.mountpoint;
  const was = old.clone();
  moveMount(n, above, abovePoint);
  moveMount(o, putOld.mount, putOld.dentry);
  const tasks = allTasks();
  for (let i = 0; i < tasks.length; i++) {
    const fs = tasks[i].fs;
    if (fs != null) followRoot(fs as FsState, was, newRoot);
  }
  was.drop();
  return 0;
}

/** Tasks whose root or working directory was the old root follow to the new one. */
function followRoot(fs: FsState, old: Path, to: Path): void {
  if (fs.root.is(old.mount, old.dentry)) fs.setRoot(to.clone());
  if (fs.cwd.is(old.mount, old.dentry)) fs.setCwd(to.clone());
}
