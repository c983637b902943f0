/** ELF64 loader: the segments of a static little-endian RISC-V executable (System V gABI, chapter 5), by physical address. */
import { hex, joinWords, viewOf } from '../base/bytes.ts';
import { UserError } from '../base/user-error.ts';
import type { LoadedImage, LoadSegment } from './loaded-image.ts';

const EHDR_BYTES = 64;
const PHDR_BYTES = 56;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const EM_RISCV = 243;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;

export function isElf(file: Uint8Array): boolean {
  return file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46;
}

/** Precondition: `isElf(file)`. Whatever else is wrong with it is a UserError that names `name`. */
export function loadElf(file: Uint8Array, name: string): LoadedImage {
  const bad = (what: string): UserError => new UserError(`${name}: ${what}`, 'build it again, or name another -kernel');
  if (file.length < EHDR_BYTES) throw bad(`truncated: ${file.length} bytes hold no ELF header`);
  const view = viewOf(file);
  const u64 = (at: number): number => joinWords(view.getUint32(at, true), view.getUint32(at + 4, true));
  if (file[4] !== ELFCLASS64 || file[5] !== ELFDATA2LSB) throw bad('not a 64-bit little-endian ELF file');
  const machine = view.getUint16(18, true);
  if (machine !== EM_RISCV) throw bad(`built for ELF machine ${machine}, not RISC-V (${EM_RISCV})`);
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) throw bad('an object file, not an executable');

  const tableAt = u64(32);
  const entryBytes = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (entryBytes !== PHDR_BYTES || tableAt + count * PHDR_BYTES > file.length) {
    throw bad('truncated: its program headers are not all there');
  }
  const segments: LoadSegment[] = [];
  for (let i = 0; i < count; i++) {
    const at = tableAt + i * PHDR_BYTES;
    const memoryBytes = u64(at + 40);
    if (view.getUint32(at, true) !== PT_LOAD || memoryBytes === 0) continue;
    const fileAt = u64(at + 8);
    const fileBytes = u64(at + 32);
    if (fileBytes > memoryBytes) throw bad(`segment ${i} has more bytes in the file than in memory`);
    if (fileAt + fileBytes > file.length) {
      throw bad(`truncated: segment ${i} ends at byte ${hex(fileAt + fileBytes)} of a file of ${hex(file.length)}`);
    }
    segments.push({ pa: u64(at + 24), bytes: file.subarray(fileAt, fileAt + fileBytes), memoryBytes });
  }
  if (segments.length === 0) throw bad('nothing to load in it');
  return {
    segments,
    entry: u64(24),
    start: Math.min(...segments.map(s => s.pa)),
    end: Math.max(...segments.map(s => s.pa + s.memoryBytes)),
  };
}
