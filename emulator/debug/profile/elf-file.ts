/** Sections and symbols of an ELF64 file (System V gABI, chapter 4), for tools: what is damaged is as if it were not there. */
import { fromUtf8, viewOf } from '../../base/bytes.ts';

const EHDR_BYTES = 64;
const SHDR_BYTES = 64;
const SYM_BYTES = 24;
const STT_FUNC = 2;

export interface ElfSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: bigint;
}

interface Section {
  readonly name: string;
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

  /** The functions of .symtab. */
  functions(): readonly ElfSymbol[] {
    const table = this.section('.symtab');
    const names = this.section('.strtab');
    if (!table || !names) return [];
    const view = viewOf(table);
    const found: ElfSymbol[] = [];
    for (let at = 0; at + SYM_BYTES <= table.length; at += SYM_BYTES) {
      if ((view.getUint8(at + 4) & 0xf) !== STT_FUNC) continue;
      const name = stringAt(names, view.getUint32(at, true));
      found.push({ name, address: view.getBigUint64(at + 8, true), size: view.getBigUint64(at + 16, true) });
    }
    return found;
  }
}

function sectionsOf(file: Uint8Array): readonly Section[] {
  if (file.length < EHDR_BYTES) return [];
  const view = viewOf(file);
  const tableAt = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const namesIndex = view.getUint16(62, true);
  if (view.getUint16(58, true) !== SHDR_BYTES || tableAt + count * SHDR_BYTES > file.length) return [];
  const headers = Array.from({ length: count }, (_, i) => {
    const at = tableAt + i * SHDR_BYTES;
    const start = Number(view.getBigUint64(at + 24, true));
    const size = Number(view.getBigUint64(at + 32, true));
    return { name: view.getUint32(at, true), bytes: file.subarray(start, start + size) };
  });
  const names = headers[namesIndex]?.bytes ?? new Uint8Array();
  return headers.map(({ name, bytes }) => ({ name: stringAt(names, name), bytes }));
}

function stringAt(strings: Uint8Array, offset: number): string {
  const end = strings.indexOf(0, offset);
  return end < 0 ? '' : fromUtf8(strings.subarray(offset, end));
}
