/** Writes a static ELF64 executable for RISC-V (System V ABI; RISC-V psABI for machine and flags). */
import { alignUp, concatBytes } from '../../../emulator/base/bytes.ts';
import { ByteWriter, StringTable } from './byte-writer.ts';

const EM_RISCV = 243;
const EF_RISCV_RVC_FLOAT_DOUBLE = 0x5;
const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
const SHDR_SIZE = 64;
const SYM_SIZE = 24;
const PAGE = 4096;

const PT_LOAD = 1;
export const PF = { X: 1, W: 2, R: 4 } as const;
const SHT = { progbits: 1, symtab: 2, strtab: 3, nobits: 8 } as const;
const SHF = { write: 1, alloc: 2, exec: 4 } as const;
const SHN_ABS = 0xfff1;
const STB_GLOBAL = 1;
const STT = { notype: 0, object: 1, func: 2 } as const;

/** Loaded memory: file bytes, then zeros up to memSize. Becomes one segment, and a section for each of its two parts. */
export interface Segment {
  section: string;
  /** Section of the zero part, if it has a name of its own. */
  zeroSection?: string;
  vaddr: bigint;
  paddr: bigint;
  bytes: Uint8Array;
  memSize: number;
  flags: number;
}
export interface ElfSymbol {
  name: string;
  value: bigint;
  size: number;
  kind: keyof typeof STT;
}
export interface ElfImage {
  entry: bigint;
  segments: readonly Segment[];
  /** Sections that are not loaded (debug information). */
  debug: readonly { name: string; bytes: Uint8Array }[];
  symbols: readonly ElfSymbol[];
}

interface Section {
  name: string;
  type: number;
  flags: number;
  addr: bigint;
  offset: number;
  size: number;
  link: number;
  info: number;
  align: number;
  entrySize: number;
}

export function writeElf(image: ElfImage): Uint8Array {
  const sections: Section[] = [];
  const phdrs = new ByteWriter();
  const body: Uint8Array[] = [];
  let offset = EHDR_SIZE + PHDR_SIZE * image.segments.length;
  const append = (bytes: Uint8Array): number => {
    const at = offset;
    body.push(bytes);
    offset += bytes.length;
    return at;
  };

  for (const segment of image.segments) {
    // A loader maps pages of the file: offset and address must agree below the page size.
    const skew = Number(segment.vaddr & BigInt(PAGE - 1));
    append(new Uint8Array(alignUp(offset - skew, PAGE) + skew - offset));
    const at = append(segment.bytes);
    writePhdr(phdrs, segment, at);
    sections.push(...sectionsOf(segment, at));
  }
  const extra = (name: string, bytes: Uint8Array, fields: Partial<Section> = {}): void => {
    append(new Uint8Array(alignUp(offset, 8) - offset));
    const base = { flags: 0, addr: 0n, link: 0, info: 0, align: 1, entrySize: 0, type: SHT.progbits };
    sections.push({ ...base, ...fields, name, offset: append(bytes), size: bytes.length });
  };
  for (const { name, bytes } of image.debug) extra(name, bytes);
  const names = new StringTable();
  const symtab = writeSymbols(image.symbols, sections, names);
  // Section 0 is the null section; the string table follows .symtab, whose first symbol (the null one) is local.
  extra('.symtab', symtab, { type: SHT.symtab, link: sections.length + 2, info: 1, align: 8, entrySize: SYM_SIZE });
  extra('.strtab', names.finish(), { type: SHT.strtab });
  const sectionNames = new StringTable();
  for (const section of sections) sectionNames.offsetOf(section.name);
  sectionNames.offsetOf('.shstrtab');
  extra('.shstrtab', sectionNames.finish(), { type: SHT.strtab });

  append(new Uint8Array(alignUp(offset, 8) - offset));
  const shoff = offset;
  const shdrs = new ByteWriter();
  shdrs.bytes(new Uint8Array(SHDR_SIZE));
  for (const section of sections) writeShdr(shdrs, section, sectionNames);
  const header = writeHeader(image, shoff, sections.length + 1);
  return concatBytes([header, phdrs.finish(), ...body, shdrs.finish()]);
}

function sectionsOf(segment: Segment, offset: number): Section[] {
  const flags = SHF.alloc | (segment.flags & PF.X ? SHF.exec : 0) | (segment.flags & PF.W ? SHF.write : 0);
  const base = { flags, link: 0, info: 0, align: 16, entrySize: 0 };
  const out: Section[] = [];
  if (segment.bytes.length > 0) {
    const name = segment.section;
    out.push({ ...base, name, type: SHT.progbits, addr: segment.vaddr, offset, size: segment.bytes.length });
  }
  const zeros = segment.memSize - segment.bytes.length;
  if (zeros > 0) {
    const addr = segment.vaddr + BigInt(segment.bytes.length);
    const name = segment.zeroSection ?? segment.section;
    out.push({ ...base, name, type: SHT.nobits, addr, offset: offset + segment.bytes.length, size: zeros });
  }
  return out;
}

function writeHeader(image: ElfImage, shoff: number, shnum: number): Uint8Array {
  const w = new ByteWriter();
  // 64 bits, little-endian, version 1, System V.
  w.bytes(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  w.u16(2); // ET_EXEC
  w.u16(EM_RISCV);
  w.u32(1);
  w.u64(image.entry);
  w.u64(BigInt(EHDR_SIZE));
  w.u64(BigInt(shoff));
  w.u32(EF_RISCV_RVC_FLOAT_DOUBLE);
  w.u16(EHDR_SIZE);
  w.u16(PHDR_SIZE);
  w.u16(image.segments.length);
  w.u16(SHDR_SIZE);
  w.u16(shnum);
  w.u16(shnum - 1);
  return w.finish();
}

function writePhdr(w: ByteWriter, segment: Segment, offset: number): void {
  w.u32(PT_LOAD);
  w.u32(segment.flags);
  w.u64(BigInt(offset));
  w.u64(segment.vaddr);
  w.u64(segment.paddr);
  w.u64(BigInt(segment.bytes.length));
  w.u64(BigInt(segment.memSize));
  w.u64(BigInt(PAGE));
}

function writeShdr(w: ByteWriter, section: Section, names: StringTable): void {
  w.u32(names.offsetOf(section.name));
  w.u32(section.type);
  w.u64(BigInt(section.flags));
  w.u64(section.addr);
  w.u64(BigInt(section.offset));
  w.u64(BigInt(section.size));
  w.u32(section.link);
  w.u32(section.info);
  w.u64(BigInt(section.align));
  w.u64(BigInt(section.entrySize));
}

function writeSymbols(symbols: readonly ElfSymbol[], sections: readonly Section[], names: StringTable): Uint8Array {
  const w = new ByteWriter();
  w.bytes(new Uint8Array(SYM_SIZE));
  for (const symbol of symbols) {
    // A symbol at the very end of a section (…_end) still belongs to it.
    const index = sections.findIndex(
      s => s.addr !== 0n && symbol.value >= s.addr && symbol.value <= s.addr + BigInt(s.size),
    );
    w.u32(names.offsetOf(symbol.name));
    w.u8((STB_GLOBAL << 4) | STT[symbol.kind]);
    w.u8(0);
    w.u16(index < 0 ? SHN_ABS : index + 1);
    w.u64(symbol.value);
    w.u64(BigInt(symbol.size));
  }
  return w.finish();
}
