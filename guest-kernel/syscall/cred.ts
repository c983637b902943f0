/** User and group ids (credentials(7)). A privileged task may become anyone; others swap among what they have. */
import { Errno } from "../abi/errno";
import { Result, fail, failed } from "../lib/result";
import { Cred } from "../proc/cred";
import { current, userBuf } from "../proc/task";

/** "Leave it as it is". */
const SAME: u32 = 0xffff_ffff;
const NGROUPS_MAX: u64 = 65536;

export function sysGetuid(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return current().cred.uid;
}

export function sysGeteuid(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return current().cred.euid;
}

export function sysGetgid(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return current().cred.gid;
}

export function sysGetegid(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return current().cred.egid;
}

function hasUid(c: Cred, id: u32, saved: bool): bool {
  return c.isCapable || id == c.uid || id == c.euid || (saved && id == c.suid);
}

function hasGid(c: Cred, id: u32, saved: bool): bool {
  return c.isCapable || id == c.gid || id == c.egid || (saved && id == c.sgid);
}

/** Gives the task new credentials; the memory of one whose ids changed is not for others to look at. */
function replace(c: Cred): Result {
  const t = current();
  if (c.euid != t.cred.euid || c.egid != t.cred.egid) t.dumpable = 0;
  t.cred = c;
  return 0;
}

/** Errors: -EINVAL, -EPERM. */
export function sysSetuid(id64: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const id = <u32>id64;
  const c = current().cred.clone();
  if (id == SAME) return fail(Errno.EINVAL);
  if (c.isCapable) {
    c.uid = id;
    c.suid = id;
  } else if (id != c.uid && id != c.suid) return fail(Errno.EPERM);
  c.euid = id;
  c.fsuid = id;
  return replace(c);
}

/** Errors: -EINVAL, -EPERM. */
export function sysSetgid(id64: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const id = <u32>id64;
  const c = current().cred.clone();
  if (id == SAME) return fail(Errno.EINVAL);
  if (c.isCapable) {
    c.gid = id;
    c.sgid = id;
  } else if (id != c.gid && id != c.sgid) return fail(Errno.EPERM);
  c.egid = id;
  c.fsgid = id;
  return replace(c);
}

export function sysSetreuid(real: u64, effective: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const r = <u32>real;
  const e = <u32>effective;
  const c = current().cred.clone();
  const oldUid = c.uid;
  if (r != SAME && !hasUid(c, r, false)) return fail(Errno.EPERM);
  if (e != SAME && !hasUid(c, e, true)) return fail(Errno.EPERM);
  if (r != SAME) c.uid = r;
  if (e != SAME) c.euid = e;
  if (r != SAME || (e != SAME && e != oldUid)) c.suid = c.euid;
  c.fsuid = c.euid;
  return replace(c);
}

export function sysSetregid(real: u64, effective: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const r = <u32>real;
  const e = <u32>effective;
  const c = current().cred.clone();
  const oldGid = c.gid;
  if (r != SAME && !hasGid(c, r, false)) return fail(Errno.EPERM);
  if (e != SAME && !hasGid(c, e, true)) return fail(Errno.EPERM);
  if (r != SAME) c.gid = r;
  if (e != SAME) c.egid = e;
  if (r != SAME || (e != SAME && e != oldGid)) c.sgid = c.egid;
  c.fsgid = c.egid;
  return replace(c);
}

export function sysSetresuid(real: u64, effective: u64, saved: u64, _3: u64, _4: u64, _5: u64): Result {
  const r = <u32>real;
  const e = <u32>effective;
  const s = <u32>saved;
  const c = current().cred.clone();
  if (r != SAME && !hasUid(c, r, true)) return fail(Errno.EPERM);
  if (e != SAME && !hasUid(c, e, true)) return fail(Errno.EPERM);
  if (s != SAME && !hasUid(c, s, true)) return fail(Errno.EPERM);
  if (r != SAME) c.uid = r;
  if (e != SAME) c.euid = e;
  if (s != SAME) c.suid = s;
  c.fsuid = c.euid;
  return replace(c);
}

export function sysSetresgid(real: u64, effective: u64, saved: u64, _3: u64, _4: u64, _5: u64): Result {
  const r = <u32>real;
  const e = <u32>effective;
  const s = <u32>saved;
  const c = current().cred.clone();
  if (r != SAME && !hasGid(c, r, true)) return fail(Errno.EPERM);
  if (e != SAME && !hasGid(c, e, true)) return fail(Errno.EPERM);
  if (s != SAME && !hasGid(c, s, true)) return fail(Errno.EPERM);
  if (r != SAME) c.gid = r;
  if (e != SAME) c.egid = e;
  if (s != SAME) c.sgid = s;
  c.fsgid = c.egid;
  return replace(c);
}

function writeThree(a: u32, pa: u64, b: u32, pb: u64, c: u32, pc: u64): Result {
  let r = userBuf(pa, 4).writeU32(0, a);
  if (!failed(r)) r = userBuf(pb, 4).writeU32(0, b);
  return failed(r) ? r : userBuf(pc, 4).writeU32(0, c);
}

export function sysGetresuid(real: u64, effective: u64, saved: u64, _3: u64, _4: u64, _5: u64): Result {
  const c = current().cred;
  return writeThree(c.uid, real, c.euid, effective, c.suid, saved);
}

export function sysGetresgid(real: u64, effective: u64, saved: u64, _3: u64, _4: u64, _5: u64): Result {
  const c = current().cred;
  return writeThree(c.gid, real, c.egid, effective, c.sgid, saved);
}

/** Returns the id before, whether it changed or not. */
export function sysSetfsuid(id64: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const id = <u32>id64;
  const c = current().cred.clone();
  const before = c.fsuid;
  if (id != SAME && (hasUid(c, id, true) || id == c.fsuid)) {
    c.fsuid = id;
    current().cred = c;
  }
  return before;
}

export function sysSetfsgid(id64: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const id = <u32>id64;
  const c = current().cred.clone();
  const before = c.fsgid;
  if (id != SAME && (hasGid(c, id, true) || id == c.fsgid)) {
    c.fsgid = id;
    current().cred = c;
  }
  return before;
}

/** Errors: -EINVAL (too small), -EFAULT. */
export function sysGetgroups(size: u64, list: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const g = current().cred.groups;
  const n = g.length;
  if (<i32>size < 0) return fail(Errno.EINVAL);
  if (<i32>size == 0) return n;
  if (<i32>size < n) return fail(Errno.EINVAL);
  const r = userBuf(list, <u64>n * 4).put(0, changetype<usize>(g), <usize>n * 4);
  return failed(r) ? r : n;
}

/** Errors: -EPERM, -EINVAL, -EFAULT. */
export function sysSetgroups(size: u64, list: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const c = current().cred.clone();
  if (!c.isCapable) return fail(Errno.EPERM);
  if (size > NGROUPS_MAX) return fail(Errno.EINVAL);
  const g = new StaticArray<u32>(<i32>size);
  const r = userBuf(list, size * 4).get(0, changetype<usize>(g), <usize>size * 4);
  if (failed(r)) return r;
  c.groups = g;
  current().cred = c;
  return 0;
}
