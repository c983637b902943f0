/**
 * Sections and symbols of an ELF64 file (System V gABI, chapter 4): what is damaged is as if it were not there. The part
 * that is loaded is elf.ts.
 */
import { fromUtf8, viewOf } from '../base/bytes.ts';
import { isElf } from './elf.ts';

const EHDR_BYTES = 64;
const SHDR_BYTES = 64;
const SYM_BYTES = 24;
const SHT_SYMTAB = 2;
const SHN_UNDEF = 0;
const STT_FUNC = 2;

export interface ElfSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: bigint;
  readonly isFunction: boolean;
  /** It has an address in this file. */
  readonly isDefined: boolean;
}

interface Section {
  readonly name: string;
  readonly type: number;
  /** Of a symbol table: the index of the section that holds its names. */
  readonly link: number;
  readonly bytes: Uint8Array;
}

export class ElfFile {
  private readonly sections: readonly Section[];

  constructor(file: Uint8Array) {
    this.sections = sectionsOf(file);
  }

  section(name: string): Uint8Array | undefined {
    return this.sections.find(section => section.name === name)?.bytes;
  }

  /** All of the symbol tables, in the file's order. */
  symbols(): readonly ElfSymbol[] {
    return this.sections.filter(({ type }) => type === SHT_SYMTAB).flatMap(table => this.symbolsOf(table));
  }

  private symbolsOf(table: Section): readonly ElfSymbol[] {
    const names = this.sections[table.link]?.bytes ?? new Uint8Array();
    const view = viewOf(table.bytes);
    return Array.from({ length: Math.floor(table.bytes.length / SYM_BYTES) }, (_, i) => {
      const at = i * SYM_BYTES;
      return {
        name: stringAt(names, view.getUint32(at, true)),
        address: view.getBigUint64(at + 8, true),
        size: view.getBigUint64(at + 16, true),
        isFunction: (view.getUint8(at + 4) & 0xf) === STT_FUNC,
        isDefined: view.getUint16(at + 6, true) !== SHN_UNDEF,
      };
    });
  }
}

/** Names to addresses of what is defined; empty for a file without a symbol table, or that is no ELF file at all. */
export function elfSymbols(file: Uint8Array): ReadonlyMap<string, number> {
  const symbols = new ElfFile(file).symbols().filter(({ name, isDefined }) => name !== '' && isDefined);
  return new Map(symbols.map(({ name, address }) => [name, Number(address)]));
}

function sectionsOf(file: Uint8Array): readonly Section[] {
  if (!isElf(file) || file.length < EHDR_BYTES) return [];
  const view = viewOf(file);
  const tableAt = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const namesIndex = view.getUint16(62, true);
  if (view.getUint16(58, true) !== SHDR_BYTES || tableAt + count * SHDR_BYTES > file.length) return [];
  const headers = Array.from({ length: count }, (_, i) => {
    const at = tableAt + i * SHDR_BYTES;
    const start = Number(view.getBigUint64(at + 24, true));
    const size = Number(view.getBigUint64(at + 32, true));
    return {
      nameAt: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      link: view.getUint32(at + 40, true),
      bytes: file.subarray(start, start + size),
    };
  });
  const names = headers[namesIndex]?.bytes ?? new Uint8Array();
  return headers.map(({ nameAt, ...rest }) => ({ name: stringAt(names, nameAt), ...rest }));
}

function stringAt(strings: Uint8Array, offset: number): string {
  const end = strings.indexOf(0, offset);
  return end < 0 ? '' : fromUtf8(strings.subarray(offset, end));
}
