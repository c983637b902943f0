/** CSR numbers by name and names by number, for the disassembler, the assembler and the debugger. */
import * as numbers from './csr-numbers.ts';

const numbered = (prefix: string, first: number, from: number, to: number): [string, number][] =>
  Array.from({ length: to - from + 1 }, (_, i) => [`${prefix}${from + i}`, first + i]);

export const CSR_NUMBERS: ReadonlyMap<string, number> = new Map<string, number>([
  ...Object.entries(numbers),
  ...numbered('mhpmevent', 0x323, 3, 31),
  ...numbered('pmpaddr', 0x3b0, 0, 15),
  ...numbered('mhpmcounter', 0xb03, 3, 31),
  ...numbered('hpmcounter', 0xc03, 3, 31),
]);

export const CSR_NAMES: ReadonlyMap<number, string> = new Map([...CSR_NUMBERS].map(([name, number]) => [number, name]));
