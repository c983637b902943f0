/**
 * A user address space: mappings, and the Sv39 table that they have filled so far. Pages come in on first use; a private
 * page is shared until it is written (copy-on-write), which frame reference counts decide.
 */
import { Errno } from "../abi/errno";
import { csrr_satp, csrw_satp, fence_i, sfence_vma, sfence_vma_addr } from "../hal/rv";
import { Result, fail, failed } from "../lib/result";
import { PAGE_SHIFT, PAGE_SIZE, allocFrame, allocFrameRaw, frameRefs, getFrame, putFrame } from "./frames";
import {
  PTE_A,
  PTE_D,
  PTE_R,
  PTE_U,
  PTE_V,
  PTE_W,
  PTE_X,
  entryFor,
  frameOf,
  freeRoot,
  newRoot,
  readPte,
  nextPresent,
  presentAt,
  walk,
  writePte,
} from "./page-table";
import { FrameOut } from "./pager";
import { PROT_EXEC, PROT_READ, PROT_WRITE, Vma } from "./vma";
import { VmaList } from "./vma-list";

/** One past the last user address: Sv39's low half. */
export const USER_END: u64 = 0x40_0000_0000;
/** The sigreturn trampoline's page. */
export const TRAMPOLINE: u64 = USER_END - 0x1000;
export const STACK_TOP: u64 = USER_END - 0x10000;
/** mmap gives out addresses downward from here: below the largest stack. */
export const MMAP_TOP: u64 = STACK_TOP - (256 << 20);
/** Nothing is mapped below (vm.mmap_min_addr). */
export const USER_START: u64 = 0x10000;
const STACK_GUARD: u64 = 256 << PAGE_SHIFT;
const SATP_SV39: u64 = (<u64>8) << 60;

/** The kernel's root table: its upper half is part of every address space. Set once at boot. */
let kernelRoot: usize = 0;

export function setKernelRoot(root: usize): void {
  kernelRoot = root;
}

/** Back to the kernel's own table: before a space that may be active is destroyed. */
export function activateKernel(): void {
  if (kernelRoot != 0) switchTo(kernelRoot);
}

function satpOf(root: usize): u64 {
  return SATP_SV39 | ((<u64>root) >> PAGE_SHIFT);
}

function switchTo(root: usize): void {
  const satp = satpOf(root);
  if (csrr_satp() == satp) return;
  csrw_satp(satp);
  sfence_vma();
}

@final
export class AddressSpace {
  vmas: VmaList = new VmaList();
  /** Tasks that run in it: 2 between vfork and exec. */
  users: i32 = 1;
  /** brk(2): start of the heap and its present end, not rounded. */
  brkStart: u64 = 0;
  brk: u64 = 0;
  /** Where execve put them, for /proc/PID/{cmdline,environ,stat}. */
  argStart: u64 = 0;
  argEnd: u64 = 0;
  envStart: u64 = 0;
  envEnd: u64 = 0;
  codeStart: u64 = 0;
  codeEnd: u64 = 0;
  startStack: u64 = 0;
  /** RLIMIT_STACK when the program started. */
  stackLimit: u64 = 8 << 20;
  /** Present pages. */
  residentPages: u64 = 0;
  peakPages: u64 = 0;

  constructor(
    /** Root table's frame. */
    public root: usize,
  ) {}

  /** An empty space, or null: -ENOMEM. */
  static create(): AddressSpace | null {
    const root = newRoot(kernelRoot);
    return root == 0 ? null : new AddressSpace(root);
  }

  activate(): void {
    switchTo(this.root);
  }

  /** One task less; the last one frees everything. */
  drop(): void {
    if (--this.users > 0) return;
    if (csrr_satp() == satpOf(this.root)) activateKernel();
    this.unmap(0, USER_END);
    freeRoot(this.root);
    this.root = 0;
  }

  /**
   * The frame of the user page at `va` (page-aligned), brought in and ready to be read, or written with `forWrite`.
   * 0 when the task may not do that.
   */
  pageFor(va: u64, forWrite: bool): usize {
    if (va >= USER_END) return 0;
    const need = PTE_V | PTE_U | (forWrite ? PTE_W : PTE_R);
    let pte = walk(this.root, va, false);
    if (pte != 0 && (readPte(pte) & need) == need) return frameOf(readPte(pte));
    if (failed(this.fault(va, forWrite ? PROT_WRITE : PROT_READ))) return 0;
    pte = walk(this.root, va, false);
    return pte != 0 && (readPte(pte) & PTE_V) != 0 ? frameOf(readPte(pte)) : 0;
  }

  /**
   * Makes the page at `va` accessible for `access` (one PROT_ bit). Errors: -EFAULT (SIGSEGV), -ENOMEM, and the
   * pager's: -EIO or -ENXIO past the end of the file (SIGBUS).
   */
  fault(va: u64, access: u32): Result {
    const page = va & ~(<u64>PAGE_SIZE - 1);
    const found = this.mappingAt(page);
    if (found == null) return fail(Errno.EFAULT);
    const v = found;
    const allowed = access == PROT_READ ? PROT_READ | PROT_WRITE : access;
    if ((v.prot & allowed) == 0) return fail(Errno.EFAULT);
    const pte = walk(this.root, page, true);
    if (pte == 0) return fail(Errno.ENOMEM);
    const e = readPte(pte);
    if ((e & PTE_V) == 0) return this.bringIn(v, page, pte, access == PROT_WRITE);
    if (access == PROT_WRITE && (e & PTE_W) == 0) return this.makeWritable(v, page, pte, e);
    sfence_vma_addr(page);
    return 0;
  }

  /** [start, end) is in a mapping or may become stack. */
  private mappingAt(page: u64): Vma | null {
    const i = this.vmas.indexAfter(page);
    if (i >= this.vmas.length) return null;
    const v = this.vmas.at(i);
    if (v.start <= page) return v;
    if (!v.growsDown || v.end - page > this.stackLimit) return null;
    if (i > 0 && this.vmas.at(i - 1).end + STACK_GUARD > page) return null;
    v.start = page;
    return v;
  }

  private bringIn(v: Vma, page: u64, pte: usize, write: bool): Result {
    const pager = v.pager;
    let frame: usize;
    let canWrite = (v.prot & PROT_WRITE) != 0;
    if (pager == null) {
      frame = allocFrame();
      if (frame == 0) return fail(Errno.ENOMEM);
    } else {
      const index = v.pageOffset + ((page - v.start) >> PAGE_SHIFT);
      const r = v.isShared && write ? pager.pageForWrite(index, out) : pager.page(index, out);
      if (failed(r)) return r == fail(Errno.EFAULT) ? fail(Errno.ENXIO) : r;
      frame = out.frame;
      canWrite = canWrite && write;
      if (write && !v.isShared) {
        const copy = copyFrame(frame);
        putFrame(frame);
        if (copy == 0) return fail(Errno.ENOMEM);
        frame = copy;
      }
    }
    writePte(pte, entryFor(frame, flagsFor(v.prot, canWrite)));
    this.residentPages++;
    if (this.residentPages > this.peakPages) this.peakPages = this.residentPages;
    sfence_vma_addr(page);
    if ((v.prot & PROT_EXEC) != 0) fence_i();
    return 0;
  }

  private makeWritable(v: Vma, page: u64, pte: usize, e: u64): Result {
    const old = frameOf(e);
    const pager = v.pager;
    let frame = old;
    if (v.isShared && pager != null) {
      const r = pager.pageForWrite(v.pageOffset + ((page - v.start) >> PAGE_SHIFT), out);
      if (failed(r)) return r == fail(Errno.EFAULT) ? fail(Errno.ENXIO) : r;
      frame = out.frame;
      putFrame(old);
    } else if (frameRefs(old) > 1) {
      frame = copyFrame(old);
      if (frame == 0) return fail(Errno.ENOMEM);
      putFrame(old);
    }
    writePte(pte, entryFor(frame, flagsFor(v.prot, true)));
    sfence_vma_addr(page);
    return 0;
  }

  /** Adds a mapping where nothing is mapped. Takes `v` over. */
  map(v: Vma): void {
    this.vmas.insert(v);
  }

  /** Removes whatever is mapped in [start, end). */
  unmap(start: u64, end: u64): void {
    this.releasePages(start, end);
    this.vmas.remove(start, end);
  }

  /** Forgets the pages of [start, end): the next access sees zeros or the file (MADV_DONTNEED). */
  releasePages(start: u64, end: u64): void {
    for (let i = this.vmas.indexAfter(start); i < this.vmas.length; i++) {
      const v = this.vmas.at(i);
      if (v.start >= end) break;
      const to = min(v.end, end);
      for (let pte = nextPresent(this.root, max(v.start, start), to); pte != 0;) {
        const frame = frameOf(readPte(pte));
        writePte(pte, 0);
        putFrame(frame);
        this.residentPages--;
        pte = nextPresent(this.root, presentAt + PAGE_SIZE, to);
      }
    }
    sfence_vma();
  }

  /** mprotect of a range that is mapped throughout. Errors: -EACCES. */
  protect(start: u64, end: u64, prot: u32): Result {
    for (let i = this.vmas.indexAfter(start); i < this.vmas.length && this.vmas.at(i).start < end; i++) {
      if ((prot & ~this.vmas.at(i).maxProt) != 0) return fail(Errno.EACCES);
    }
    this.vmas.split(start);
    this.vmas.split(end);
    for (let i = this.vmas.indexAfter(start); i < this.vmas.length && this.vmas.at(i).start < end; i++) {
      const v = this.vmas.at(i);
      v.prot = prot;
      for (let pte = nextPresent(this.root, v.start, v.end); pte != 0;) {
        const e = readPte(pte);
        // Never more than before: a write faults once more and finds out whether it needs a copy.
        writePte(pte, entryFor(frameOf(e), flagsFor(prot, (e & PTE_W) != 0 && (prot & PROT_WRITE) != 0)));
        pte = nextPresent(this.root, presentAt + PAGE_SIZE, v.end);
      }
    }
    this.vmas.tidy(start, end);
    sfence_vma();
    if ((prot & PROT_EXEC) != 0) fence_i();
    return 0;
  }

  /** A free range of `len` bytes, at `hint` if possible, or 0: -ENOMEM. A hint that cannot be met is no error. */
  findFree(len: u64, hint: u64): u64 {
    const at = (hint + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1);
    if (hint != 0 && at >= USER_START && at < MMAP_TOP && len <= MMAP_TOP - at && !this.vmas.overlaps(at, at + len))
      return at;
    return this.vmas.findFree(len, USER_START, MMAP_TOP);
  }

  /** A copy for fork: private pages become copy-on-write in both. Null: -ENOMEM, and nothing has changed but speed. */
  clone(): AddressSpace | null {
    const made = AddressSpace.create();
    if (made == null) return null;
    const c = made;
    c.brkStart = this.brkStart;
    c.brk = this.brk;
    c.argStart = this.argStart;
    c.argEnd = this.argEnd;
    c.envStart = this.envStart;
    c.envEnd = this.envEnd;
    c.codeStart = this.codeStart;
    c.codeEnd = this.codeEnd;
    c.startStack = this.startStack;
    c.stackLimit = this.stackLimit;
    let ok = true;
    for (let i = 0; i < this.vmas.length && ok; i++) {
      const v = this.vmas.at(i);
      c.map(v.part(v.start, v.end));
      ok = this.sharePages(v, c);
    }
    sfence_vma();
    if (ok) return c;
    c.drop();
    return null;
  }

  /**
   * mremap: the mapping of [from, from + oldLen), part of `v`, goes to `to` with `newLen` bytes; its first `kept` bytes
   * keep their pages. Nothing is mapped at `to`. Errors: -ENOMEM; then nothing has moved.
   */
  move(v: Vma, from: u64, kept: u64, oldLen: u64, to: u64, newLen: u64): Result {
    // Present pages only: a reservation of a hundred gigabytes moves as fast as what is in it.
    const end = from + kept;
    for (let pte = nextPresent(this.root, from, end); pte != 0;) {
      const va = presentAt;
      if (walk(this.root, to + (va - from), true) == 0) return fail(Errno.ENOMEM);
      pte = nextPresent(this.root, va + PAGE_SIZE, end);
    }
    const moved = v.part(from, from + oldLen);
    for (let pte = nextPresent(this.root, from, end); pte != 0;) {
      const va = presentAt;
      writePte(walk(this.root, to + (va - from), false), readPte(pte));
      writePte(pte, 0);
      pte = nextPresent(this.root, va + PAGE_SIZE, end);
    }
    moved.start = to;
    moved.end = to + newLen;
    this.unmap(from, from + oldLen);
    this.map(moved);
    return <Result>to;
  }

  private sharePages(v: Vma, c: AddressSpace): bool {
    for (let pte = nextPresent(this.root, v.start, v.end); pte != 0;) {
      const va = presentAt;
      const to = walk(c.root, va, true);
      if (to == 0) return false;
      let e = readPte(pte);
      if (!v.isShared && (e & PTE_W) != 0) {
        e &= ~PTE_W;
        writePte(pte, e);
      }
      getFrame(frameOf(e));
      writePte(to, e);
      c.residentPages++;
      pte = nextPresent(this.root, va + PAGE_SIZE, v.end);
    }
    return true;
  }
}

/** What pagers fill; no fault happens inside another one. */
const out = new FrameOut();

/** Leaf flags; A and D are preset, so that the hardware never has to set them. */
function flagsFor(prot: u32, canWrite: bool): u64 {
  // PROT_NONE keeps the frame in an entry that user mode cannot use.
  if (prot == 0) return PTE_V | PTE_R | PTE_A | PTE_D;
  let f = PTE_V | PTE_U | PTE_A | PTE_D;
  if ((prot & (PROT_READ | PROT_WRITE)) != 0) f |= PTE_R;
  if (canWrite) f |= PTE_W;
  if ((prot & PROT_EXEC) != 0) f |= PTE_X;
  return f;
}

function copyFrame(from: usize): usize {
  const to = allocFrameRaw();
  if (to != 0) memory.copy(to, from, PAGE_SIZE);
  return to;
}
