/** mount, umount2, pivot_root. */
import { Errno } from "../abi/errno";
import { Bytes, b } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { PAGE_SIZE } from "../mm/frames";
import { BytesOut, copyInString } from "../mm/user-buf";
import { current, userBuf } from "../proc/task";
import {
  MNT_DETACH,
  MNT_FORCE,
  MS_BIND,
  MS_MOVE,
  MS_PRIVATE,
  MS_REC,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  UMOUNT_NOFOLLOW,
  bindMount,
  mountNew,
  moveTo,
  pivotRoot,
  remount,
  unmount,
} from "../vfs/mounting";
import { Path, PathOut } from "../vfs/path";
import { fsState } from "../vfs/fs-context";
import { PATH_MAX, resolveMountpoint, resolvePath } from "../vfs/walk";
import { copyPath, resolveAt } from "./at";
import { CWD } from "./dir";

const MS_MGC: u64 = 0xc0ed0000;
const MS_MGC_MASK: u64 = 0xffff0000;
const MS_SILENT: u64 = 0x8000;

/** The data page: up to a page of options, cut at the first NUL. Errors: -EFAULT. */
function readData(addr: u64, out: BytesOut): Result {
  if (addr == 0) return 0;
  const page = Bytes.alloc(<i32>PAGE_SIZE - 1);
  const user = userBuf(addr, page.len);
  const ready = user.makeResident(0, page.len, false);
  if (failed(ready)) return ready;
  const r = user.get(0, page.ptr, <usize>ready);
  if (failed(r)) return r;
  const end = page.indexOf(0);
  out.bytes = page.slice(0, end >= 0 ? end : <i32>ready);
  return 0;
}

/** A string argument that may be absent. Errors: -EFAULT, -EINVAL (too long). */
function readText(addr: u64, out: BytesOut): Result {
  if (addr == 0) return 0;
  const r = copyInString(current().space, addr, PATH_MAX, out);
  return r == fail(Errno.ENAMETOOLONG) ? fail(Errno.EINVAL) : r;
}

/** Errors: -EFAULT, -EINVAL, those of the walk, -EPERM, then those of the operation. */
export function sysMount(source: u64, target: u64, type: u64, flags: u64, data: u64, _5: u64): Result {
  const typeName = new BytesOut();
  const sourceName = new BytesOut();
  const options = new BytesOut();
  let r = readText(type, typeName);
  if (!failed(r)) r = readText(source, sourceName);
  if (!failed(r)) r = readData(data, options);
  if (failed(r)) return r;
  let ms = flags;
  if ((ms & MS_MGC_MASK) == MS_MGC) ms &= ~MS_MGC_MASK;
  ms &= ~MS_SILENT;
  const at = new PathOut();
  r = resolveAt(CWD, target, 0, at);
  if (failed(r)) return r;
  if (!current().cred.isCapable) r = fail(Errno.EPERM);
  else r = doMount(sourceName.bytes, at.path, type != 0, typeName.bytes, ms, options.bytes);
  at.path.drop();
  return r;
}

function doMount(source: Bytes, at: Path, hasType: bool, typeName: Bytes, ms: u64, data: Bytes): Result {
  if ((ms & MS_REMOUNT) != 0) return remount(at, ms, data);
  if ((ms & MS_BIND) != 0) return fromTo(source, at, ms);
  const propagation = ms & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE);
  if (propagation != 0) {
    // Every mount is private, which is all that can be had.
    if (at.dentry != at.mount.root) return fail(Errno.EINVAL);
    return propagation == MS_PRIVATE ? 0 : fail(Errno.EINVAL);
  }
  if ((ms & MS_MOVE) != 0) return fromTo(source, at, ms);
  if (!hasType) return fail(Errno.EINVAL);
  return mountNew(typeName, source.len > 0 ? source : b("none"), ms, data, at);
}

/** MS_BIND and MS_MOVE. Errors: those of the walk to `source`, those of the operation. */
function fromTo(source: Bytes, at: Path, ms: u64): Result {
  if (source.len == 0) return fail(Errno.EINVAL);
  const from = new PathOut();
  let r = resolvePath(fsState().cwd, source, true, from);
  if (failed(r)) return r;
  r = (ms & MS_BIND) != 0 ? bindMount(from.path, at, (ms & MS_REC) != 0) : moveTo(from.path, at);
  from.path.drop();
  return r;
}

/** Errors: -EINVAL (flags), those of the walk, -EPERM, -EINVAL (no mountpoint), -EBUSY. */
export function sysUmount2(target: u64, flags: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = <u32>flags;
  if ((f & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW)) != 0) return fail(Errno.EINVAL);
  const path = new BytesOut();
  let r = copyPath(target, path);
  if (failed(r)) return r;
  const at = new PathOut();
  r = resolveMountpoint(fsState().cwd, path.bytes, (f & UMOUNT_NOFOLLOW) == 0, at);
  if (failed(r)) return r;
  const p = at.path;
  r = current().cred.isCapable ? unmount(p, f) : fail(Errno.EPERM);
  p.drop();
  return r;
}

/** Errors: -EPERM, those of the walks, those of pivotRoot. */
export function sysPivotRoot(newRoot: u64, putOld: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if (!current().cred.isCapable) return fail(Errno.EPERM);
  const to = new PathOut();
  let r = resolveAt(CWD, newRoot, 0, to);
  if (failed(r)) return r;
  const old = new PathOut();
  r = resolveAt(CWD, putOld, 0, old);
  if (!failed(r)) {
    r = pivotRoot(to.path, old.path);
    old.path.drop();
  }
  to.path.drop();
  return r;
}
