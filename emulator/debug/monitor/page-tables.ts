/** `info mem`: what satp maps, as runs of pages with the same rights (QEMU's layout). */
import type { Ram } from '../../bus/ram.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import { satp } from '../../isa/csr-numbers.ts';

const PTE_V = 1n;
const PTE_RWX = 0xen;
/** Bits of a PTE from R on, as they are shown; D comes last. */
const ATTRIBUTES: readonly (readonly [bit: bigint, letter: string])[] = [
  [1n << 1n, 'r'],
  [1n << 2n, 'w'],
  [1n << 3n, 'x'],
  [1n << 4n, 'u'],
  [1n << 5n, 'g'],
  [1n << 6n, 'a'],
  [1n << 7n, 'd'],
];
const SHOWN = ATTRIBUTES.reduce((mask, [bit]) => mask | bit, 0n);
const FRAME = 0xfff_ffff_ffffn;
const TABLE_ENTRIES = 512;
const PTE_BYTES = 8;
const PAGE_BITS = 12n;
const LEVEL_BITS = 9n;
/** satp.MODE of Sv39, Sv48 and Sv57 is the number of levels plus this. */
const MODE_LESS_LEVELS = 5;
/** A table that maps itself makes as many runs as there are addresses. */
const RUNS_MAX = 100_000;

interface Run {
  readonly va: bigint;
  readonly pa: bigint;
  size: bigint;
  readonly attributes: bigint;
}

const hex64 = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0');

export function mappings(cpu: Cpu, ram: Ram): string {
  const value = cpu.getCsr(satp) ?? 0n;
  const mode = Number(value >> 60n);
  if (mode === 0) return 'No translation or protection\n';
  const walk = new TableWalk(ram);
  const levels = mode - MODE_LESS_LEVELS;
  walk.visit((value & FRAME) << PAGE_BITS, levels - 1, 0n, BigInt(levels) * LEVEL_BITS + PAGE_BITS);
  const lines = walk.runs.map(
    ({ va, pa, size, attributes }) =>
      `${hex64(va)} ${hex64(pa)} ${hex64(size)} ${ATTRIBUTES.map(([bit, letter]) => (attributes & bit ? letter : '-')).join('')}\n`,
  );
  const heading =
    'vaddr            paddr            size             attr\n---------------- ---------------- ---------------- -------\n';
  const end = walk.runs.length < RUNS_MAX ? '' : `and more: ${RUNS_MAX} runs are shown\n`;
  return `${heading}${lines.join('')}${end}`;
}

class TableWalk {
  readonly runs: Run[] = [];

  constructor(private readonly ram: Ram) {}

  /** @param bits virtual addresses have so many; the topmost one is repeated above them */
  visit(table: bigint, level: number, base: bigint, bits: bigint): void {
    if (!this.ram.contains(Number(table), TABLE_ENTRIES * PTE_BYTES)) return;
    const shift = PAGE_BITS + LEVEL_BITS * BigInt(level);
    for (let i = 0; i < TABLE_ENTRIES && this.runs.length < RUNS_MAX; i++) {
      const pte = this.entry(Number(table) + i * PTE_BYTES);
      if ((pte & PTE_V) === 0n) continue;
      const frame = ((pte >> 10n) & FRAME) << PAGE_BITS;
      const va = base + (BigInt(i) << shift);
      if (pte & PTE_RWX) this.add(BigInt.asIntN(Number(bits), va), frame, 1n << shift, pte & SHOWN);
      else if (level > 0) this.visit(frame, level - 1, va, bits);
    }
  }

  private entry(pa: number): bigint {
    return BigInt(this.ram.read32(pa)) | (BigInt(this.ram.read32(pa + 4)) << 32n);
  }

  private add(va: bigint, pa: bigint, size: bigint, attributes: bigint): void {
    const last = this.runs.at(-1);
    const continues = last?.attributes === attributes && last.va + last.size === va && last.pa + last.size === pa;
    if (continues) last.size += size;
    else this.runs.push({ va, pa, size, attributes });
  }
}
