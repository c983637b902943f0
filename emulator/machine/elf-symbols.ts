/** The symbol table of an ELF64 file (System V gABI, "Symbol Table"): names to addresses. */
import { joinWords, viewOf } from '../base/bytes.ts';
import { isElf } from './elf.ts';

const SHT_SYMTAB = 2;
const SHDR_BYTES = 64;
const SYM_BYTES = 24;
const SHN_UNDEF = 0;

/** Defined symbols; empty for a file without a symbol table, or that is no ELF file at all. */
export function elfSymbols(file: Uint8Array): ReadonlyMap<string, number> {
  const symbols = new Map<string, number>();
  if (!isElf(file) || file.length < SHDR_BYTES) return symbols;
  const view = viewOf(file);
  const u64 = (at: number): number => joinWords(view.getUint32(at, true), view.getUint32(at + 4, true));
  const sectionsAt = u64(40);
  const count = view.getUint16(60, true);
  const isThere = (at: number, bytes: number): boolean => at + bytes <= file.length;
  for (let i = 0; i < count; i++) {
    const at = sectionsAt + i * SHDR_BYTES;
    if (!isThere(at, SHDR_BYTES) || view.getUint32(at + 4, true) !== SHT_SYMTAB) continue;
    const stringsHeader = sectionsAt + view.getUint32(at + 40, true) * SHDR_BYTES;
    if (!isThere(stringsHeader, SHDR_BYTES)) continue;
    const strings = file.subarray(u64(stringsHeader + 24), u64(stringsHeader + 24) + u64(stringsHeader + 32));
    const end = Math.min(u64(at + 24) + u64(at + 32), file.length);
    for (let symbol = u64(at + 24); symbol + SYM_BYTES <= end; symbol += SYM_BYTES) {
      const name = nameAt(strings, view.getUint32(symbol, true));
      if (name !== '' && view.getUint16(symbol + 6, true) !== SHN_UNDEF) symbols.set(name, u64(symbol + 8));
    }
  }
  return symbols;
}

function nameAt(strings: Uint8Array, at: number): string {
  const end = strings.indexOf(0, at);
  return String.fromCharCode(...strings.subarray(at, end < 0 ? at : end));
}
