/** ELF-64 executables for RISC-V (System V gABI, "Object Files"; RISC-V ELF psABI): checked, then mapped. */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { AddressSpace, USER_END, USER_START } from "../mm/address-space";
import { PAGE_SIZE } from "../mm/frames";
import { UserBuf } from "../mm/user-buf";
import { PROT_EXEC, PROT_READ, PROT_WRITE, Vma } from "../mm/vma";
import { ProgramFile } from "./program-file";

const ELF_MAGIC: u32 = 0x464c457f;
const ELFCLASS64: u8 = 2;
const ELFDATA2LSB: u8 = 1;
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const EM_RISCV: u16 = 243;
const EHDR_SIZE: i32 = 64;
const PHDR_SIZE: i32 = 56;
const MAX_PHDRS: i32 = 64;

const PT_LOAD: u32 = 1;
const PT_INTERP: u32 = 3;
const PT_PHDR: u32 = 6;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
const PF_R: u32 = 4;

const PAGE_MASK: u64 = PAGE_SIZE - 1;
const PATH_MAX: u64 = 4096;

/** A parsed and plausible header; nothing is mapped yet. */
@final
export class Elf {
  isDyn: bool = false;
  entry: u64 = 0;
  phnum: i32 = 0;
  phoff: u64 = 0;
  /** The program headers as they are in the file. */
  private phdrs: Bytes = Bytes.alloc(0);
  /** Lowest and one past the highest address of the loaded segments, page-aligned, before the bias. */
  low: u64 = u64.MAX_VALUE;
  high: u64 = 0;
  /** One past the last byte of any segment, before the bias: where brk starts. */
  end: u64 = 0;
  /** Address of the program headers in memory, before the bias, or 0. */
  phdrAddress: u64 = 0;
  /** PT_INTERP's path without its NUL; empty for a static program. */
  interpreter: Bytes = Bytes.alloc(0);

  private at(i: i32): usize {
    return this.phdrs.ptr + <usize>(i * PHDR_SIZE);
  }

  /** Reads and checks the headers. Errors: -EIO, -ENOEXEC. */
  parse(file: ProgramFile): Result {
    const h = Bytes.alloc(EHDR_SIZE);
    let r = file.read(0, h.ptr, EHDR_SIZE);
    if (failed(r)) return r;
    if (r < EHDR_SIZE || load<u32>(h.ptr) != ELF_MAGIC) return fail(Errno.ENOEXEC);
    if (h[4] != ELFCLASS64 || h[5] != ELFDATA2LSB || load<u16>(h.ptr, 18) != EM_RISCV) return fail(Errno.ENOEXEC);
    const type = load<u16>(h.ptr, 16);
    if (type != ET_EXEC && type != ET_DYN) return fail(Errno.ENOEXEC);
    this.isDyn = type == ET_DYN;
    this.entry = load<u64>(h.ptr, 24);
    this.phoff = load<u64>(h.ptr, 32);
    this.phnum = load<u16>(h.ptr, 56);
    if (load<u16>(h.ptr, 54) != PHDR_SIZE || this.phnum == 0 || this.phnum > MAX_PHDRS) return fail(Errno.ENOEXEC);
    const size = this.phnum * PHDR_SIZE;
    this.phdrs = Bytes.alloc(size);
    r = file.read(this.phoff, this.phdrs.ptr, size);
    if (failed(r)) return r;
    if (r < size) return fail(Errno.ENOEXEC);
    return this.checkSegments(file);
  }

  private checkSegments(file: ProgramFile): Result {
    for (let i = 0; i < this.phnum; i++) {
      const p = this.at(i);
      const type = load<u32>(p);
      const offset = load<u64>(p, 8);
      const vaddr = load<u64>(p, 16);
      const filesz = load<u64>(p, 32);
      const memsz = load<u64>(p, 40);
      if (type == PT_PHDR) this.phdrAddress = vaddr;
      if (type == PT_INTERP) {
        if (filesz < 2 || filesz > PATH_MAX) return fail(Errno.ENOEXEC);
        const path = Bytes.alloc(<i32>filesz);
        const r = file.read(offset, path.ptr, path.len);
        if (failed(r)) return r;
        if (r < path.len || path[path.len - 1] != 0) return fail(Errno.ENOEXEC);
        this.interpreter = path.slice(0, path.len - 1);
      }
      if (type != PT_LOAD || memsz == 0) continue;
      if (filesz > memsz || ((vaddr ^ offset) & PAGE_MASK) != 0) return fail(Errno.ENOEXEC);
      if (vaddr >= USER_END || memsz > USER_END - vaddr || offset + filesz < offset) return fail(Errno.ENOEXEC);
      const low = vaddr & ~PAGE_MASK;
      // In ascending order, as the specification demands: overlap shows at once.
      if (this.high != 0 && low < this.high) return fail(Errno.ENOEXEC);
      if (this.low == u64.MAX_VALUE) this.low = low;
      this.high = (vaddr + memsz + PAGE_MASK) & ~PAGE_MASK;
      this.end = vaddr + memsz;
      if (
        this.phdrAddress == 0 &&
        this.phoff >= offset &&
        this.phoff - offset + <u64>(this.phnum * PHDR_SIZE) <= filesz
      ) {
        this.phdrAddress = vaddr + (this.phoff - offset);
      }
    }
    return this.high == 0 ? fail(Errno.ENOEXEC) : 0;
  }

  /** Maps every segment at its address plus `bias`. Errors: -ENOEXEC outside user space, -ENOMEM, -EIO. */
  mapInto(space: AddressSpace, file: ProgramFile, bias: u64): Result {
    if (this.low + bias < USER_START || this.high + bias > USER_END) return fail(Errno.ENOEXEC);
    for (let i = 0; i < this.phnum; i++) {
      const p = this.at(i);
      if (load<u32>(p) != PT_LOAD || load<u64>(p, 40) == 0) continue;
      const r = mapSegment(space, file, p, bias);
      if (failed(r)) return r;
    }
    return 0;
  }
}

function mapSegment(space: AddressSpace, file: ProgramFile, p: usize, bias: u64): Result {
  const flags = load<u32>(p, 4);
  const offset = load<u64>(p, 8);
  const vaddr = load<u64>(p, 16) + bias;
  const filesz = load<u64>(p, 32);
  const memsz = load<u64>(p, 40);
  const prot =
    ((flags & PF_R) != 0 ? PROT_READ : 0) |
    ((flags & PF_W) != 0 ? PROT_WRITE : 0) |
    ((flags & PF_X) != 0 ? PROT_EXEC : 0);
  const start = vaddr & ~PAGE_MASK;
  const end = (vaddr + memsz + PAGE_MASK) & ~PAGE_MASK;
  const fileEnd = filesz == 0 ? start : (vaddr + filesz + PAGE_MASK) & ~PAGE_MASK;
  if (space.vmas.overlaps(start, end)) return fail(Errno.ENOEXEC);
  if (fileEnd > start) space.map(new Vma(start, fileEnd, prot, false, file.pager(), offset >> 12));
  if (end > fileEnd) space.map(new Vma(fileEnd, end, prot, false));
  if (prot & PROT_WRITE && memsz > filesz && fileEnd > vaddr + filesz) {
    const tail = fileEnd - (vaddr + filesz);
    const r = new UserBuf(space, vaddr + filesz, tail).zero(0, <usize>tail);
    if (failed(r)) return fail(Errno.ENOMEM);
  }
  if (space.codeStart == 0 && (prot & PROT_EXEC) != 0) {
    space.codeStart = start;
    space.codeEnd = vaddr + filesz;
  }
  return 0;
}
