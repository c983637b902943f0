/** Names of functions by address, from ELF files and from lists such as System.map and /proc/kallsyms. */
import { fromUtf8 } from '../../base/bytes.ts';
import { isElf } from '../../machine/elf.ts';
import { ElfFile } from '../../machine/elf-file.ts';

export interface Place {
  readonly name: string;
  /** The file the name comes from. */
  readonly file: string;
}

interface Row extends Place {
  readonly address: bigint;
  /** 0 where only the next symbol says where this one ends. */
  readonly size: bigint;
}

/** A symbol without a size reaches no further. */
const REACH_MAX = 1n << 20n;

export class Symbols {
  private rows: Row[] = [];

  /** @param file an ELF file, or lines of address, type and name */
  add(file: Uint8Array, name: string): void {
    const rows = isElf(file)
      ? new ElfFile(file).symbols().filter(({ isFunction }) => isFunction)
      : listed(fromUtf8(file));
    this.rows = [...this.rows, ...rows.map(row => ({ ...row, file: name }))];
    this.rows.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  }

  get size(): number {
    return this.rows.length;
  }

  /** The function that `pc` is in. */
  at(pc: bigint): Place | undefined {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows[middle]!.address <= pc) low = middle + 1;
      else high = middle;
    }
    const row = this.rows[low - 1];
    if (!row) return undefined;
    return pc - row.address < (row.size || REACH_MAX) ? row : undefined;
  }
}

/** `ffffffff80001234 T name`, one a line; data symbols are left out. */
function listed(text: string): { address: bigint; name: string; size: bigint }[] {
  return [...text.matchAll(/^([0-9a-f]{8,16}) [tTwW] (\S+)/gm)].map(([, address, name]) => ({
    address: BigInt(`0x${address}`),
    name: name!,
    size: 0n,
  }));
}
