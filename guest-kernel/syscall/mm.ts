/** brk, mmap and their kin. The work is mm/address-space. */
import { Errno } from "../abi/errno";
import { Result, fail, failed } from "../lib/result";
import { AddressSpace, MMAP_TOP, USER_END, USER_START } from "../mm/address-space";
import { PAGE_SIZE, totalFrames } from "../mm/frames";
import { Pager } from "../mm/pager";
import { SharedAnon } from "../mm/shared-anon";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED_VALIDATE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  Vma,
} from "../mm/vma";
import { checkpoint } from "../proc/checkpoint";
import { Files, MappingOut } from "../proc/held";
import { RLIMIT_AS, RLIMIT_DATA } from "../proc/rlimits";
import { current } from "../proc/task";

const PAGE_MASK: u64 = PAGE_SIZE - 1;
const PROT_ALL: u32 = PROT_READ | PROT_WRITE | PROT_EXEC;
/** A checkpoint for each MiB. */
const CHECKPOINT_MASK: u64 = (1 << 20) - 1;
const MREMAP_MAYMOVE: u64 = 1;
const MREMAP_FIXED: u64 = 2;
const MADV_DONTNEED: u64 = 4;
/** Hints that change nothing that a program could see: NORMAL … WILLNEED, FREE, (NO)HUGEPAGE, DODUMP and so on. */
const MADV_HINTS: u64 = 0b1111 | (1 << 8) | (1 << 14) | (1 << 15) | (1 << 16) | (1 << 17) | (1 << 20) | (1 << 21);
const MS_ASYNC: u64 = 1;
const MS_INVALIDATE: u64 = 2;
const MS_SYNC: u64 = 4;

function pageUp(n: u64): u64 {
  return (n + PAGE_MASK) & ~PAGE_MASK;
}

/** Whether `more` bytes of writable private memory can never be there, or would pass RLIMIT_AS. */
function overCommitted(space: AddressSpace, more: u64): bool {
  if (more / PAGE_SIZE > <u64>totalFrames()) return true;
  return space.vmas.bytes + more > current().rlimits.current(RLIMIT_AS);
}

/** Returns the present end where the new one is not possible, as Linux does: no errno. */
export function sysBrk(want: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const s = current().space;
  if (want < s.brkStart || want >= MMAP_TOP) return <Result>s.brk;
  const oldEnd = pageUp(s.brk);
  const newEnd = pageUp(want);
  if (newEnd > oldEnd) {
    if (want - s.brkStart > current().rlimits.current(RLIMIT_DATA)) return <Result>s.brk;
    if (overCommitted(s, newEnd - oldEnd) || s.vmas.overlaps(oldEnd, newEnd)) return <Result>s.brk;
    const v = new Vma(oldEnd, newEnd, PROT_READ | PROT_WRITE, false);
    v.isHeap = true;
    s.map(v);
  } else if (newEnd < oldEnd) s.unmap(newEnd, oldEnd);
  s.brk = want;
  return <Result>want;
}

/** Errors, in order: -EINVAL, -ENOMEM, -EOVERFLOW, -EBADF, -EACCES, -ENODEV, -EEXIST. */
export function sysMmap(addr: u64, len: u64, prot64: u64, flags64: u64, fd: u64, offset: u64): Result {
  const flags = <u32>flags64;
  const prot = (<u32>prot64) & PROT_ALL;
  const kind = flags & MAP_SHARED_VALIDATE;
  if ((offset & PAGE_MASK) != 0 || len == 0 || kind == 0) return fail(Errno.EINVAL);
  if (len > USER_END) return fail(Errno.ENOMEM);
  len = pageUp(len);
  const shared = kind != MAP_PRIVATE;
  const t = current();
  const s = t.space;
  const fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
  if (fixed && (addr & PAGE_MASK) != 0) return fail(Errno.EINVAL);
  if (fixed && (addr > USER_END || len > USER_END - addr)) return fail(Errno.ENOMEM);
  if (fixed && addr < USER_START) return fail(Errno.EPERM);
  const charged = (prot & PROT_WRITE) != 0 || (shared && (flags & MAP_ANONYMOUS) != 0);
  if (charged && overCommitted(s, len)) return fail(Errno.ENOMEM);

  let pager: Pager | null = null;
  let maxProt = PROT_ALL;
  if ((flags & MAP_ANONYMOUS) != 0) offset = 0;
  else {
    // Byte positions are i64 from here on.
    if (offset > <u64>i64.MAX_VALUE - len) return fail(Errno.EOVERFLOW);
    const out = new MappingOut();
    const r = (t.files as Files).mapping(<i32>fd, prot, shared, out);
    if (failed(r)) return r;
    pager = out.pager;
    maxProt = out.maxProt;
  }
  if (shared && pager == null) pager = new SharedAnon(len / PAGE_SIZE);

  let at = addr;
  if (!fixed) at = s.findFree(len, addr);
  else if ((flags & MAP_FIXED) != 0 && (flags & MAP_FIXED_NOREPLACE) == 0) s.unmap(at, at + len);
  const taken = fixed && s.vmas.overlaps(at, at + len);
  if (at == 0 || taken) {
    if (pager != null) pager.unref();
    return fail(taken ? Errno.EEXIST : Errno.ENOMEM);
  }
  const v = new Vma(at, at + len, prot, shared, pager, offset >> 12);
  v.maxProt = maxProt;
  v.growsDown = (flags & MAP_GROWSDOWN) != 0;
  s.map(v);
  if ((flags & MAP_POPULATE) != 0 && prot != 0) {
    for (let va = at; va < at + len; va += PAGE_SIZE) {
      if ((va & CHECKPOINT_MASK) == 0 && !checkpoint()) break;
      if (s.pageFor(va, (prot & PROT_WRITE) != 0) == 0) break;
    }
  }
  return <Result>at;
}

export function sysMunmap(addr: u64, len: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if ((addr & PAGE_MASK) != 0 || len == 0 || addr > USER_END || len > USER_END - addr) return fail(Errno.EINVAL);
  current().space.unmap(addr, addr + pageUp(len));
  return 0;
}

/** Errors: -EINVAL, -ENOMEM (a hole), -EACCES. */
export function sysMprotect(addr: u64, len: u64, prot: u64, _3: u64, _4: u64, _5: u64): Result {
  if ((addr & PAGE_MASK) != 0 || (prot & ~(<u64>PROT_ALL)) != 0) return fail(Errno.EINVAL);
  if (len == 0) return 0;
  if (addr > USER_END || len > USER_END - addr) return fail(Errno.ENOMEM);
  const s = current().space;
  const end = addr + pageUp(len);
  return s.vmas.covers(addr, end) ? s.protect(addr, end, <u32>prot) : fail(Errno.ENOMEM);
}

/** Errors: -EINVAL, -ENOMEM (a hole). */
export function sysMadvise(addr: u64, len: u64, advice: u64, _3: u64, _4: u64, _5: u64): Result {
  if ((addr & PAGE_MASK) != 0 || advice > 63) return fail(Errno.EINVAL);
  const isHint = (MADV_HINTS & ((<u64>1) << advice)) != 0;
  if (!isHint && advice != MADV_DONTNEED) return fail(Errno.EINVAL);
  if (len == 0) return 0;
  if (addr > USER_END || len > USER_END - addr) return fail(Errno.ENOMEM);
  const s = current().space;
  const end = addr + pageUp(len);
  if (advice == MADV_DONTNEED) s.releasePages(addr, end);
  return s.vmas.covers(addr, end) ? 0 : fail(Errno.ENOMEM);
}

/** A shared page is the file's own page: nothing to copy. Errors: -EINVAL, -ENOMEM (a hole). */
export function sysMsync(addr: u64, len: u64, flags: u64, _3: u64, _4: u64, _5: u64): Result {
  const both = MS_ASYNC | MS_SYNC;
  if ((addr & PAGE_MASK) != 0 || (flags & ~(both | MS_INVALIDATE)) != 0 || (flags & both) == both)
    return fail(Errno.EINVAL);
  if (addr > USER_END || len > USER_END - addr) return fail(Errno.ENOMEM);
  return current().space.vmas.covers(addr, addr + pageUp(len)) ? 0 : fail(Errno.ENOMEM);
}

/** Errors: -EINVAL, -EFAULT (not one mapping), -ENOMEM. */
export function sysMremap(addr: u64, oldLen: u64, newLen: u64, flags: u64, newAddr: u64, _5: u64): Result {
  const fixed = (flags & MREMAP_FIXED) != 0;
  if ((addr & PAGE_MASK) != 0 || newLen == 0 || oldLen == 0) return fail(Errno.EINVAL);
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) != 0 || (fixed && (flags & MREMAP_MAYMOVE) == 0))
    return fail(Errno.EINVAL);
  if (addr > USER_END || oldLen > USER_END - addr || newLen > USER_END) return fail(Errno.EINVAL);
  oldLen = pageUp(oldLen);
  newLen = pageUp(newLen);
  if (fixed) {
    const misplaced =
      (newAddr & PAGE_MASK) != 0 || newAddr < USER_START || newAddr > USER_END || newLen > USER_END - newAddr;
    if (misplaced || (newAddr < addr + oldLen && addr < newAddr + newLen)) return fail(Errno.EINVAL);
  }
  const s = current().space;
  const v = s.vmas.find(addr);
  if (v == null || addr + oldLen > v.end) return fail(Errno.EFAULT);
  if (newLen > oldLen && overCommitted(s, newLen - oldLen)) return fail(Errno.ENOMEM);
  if (!fixed && newLen <= oldLen) {
    if (newLen < oldLen) s.unmap(addr + newLen, addr + oldLen);
    return <Result>addr;
  }
  const end = addr + oldLen;
  if (!fixed && end == v.end && addr + newLen <= MMAP_TOP && !s.vmas.overlaps(end, addr + newLen)) {
    const more = v.part(addr, end);
    more.start = end;
    more.end = addr + newLen;
    more.pageOffset += oldLen >> 12;
    s.map(more);
    return <Result>addr;
  }
  if ((flags & MREMAP_MAYMOVE) == 0) return fail(Errno.ENOMEM);
  const to = fixed ? newAddr : s.findFree(newLen, 0);
  if (to == 0) return fail(Errno.ENOMEM);
  if (fixed) s.unmap(to, to + newLen);
  return s.move(v, addr, min(oldLen, newLen), oldLen, to, newLen);
}
