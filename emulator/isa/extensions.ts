/**
 * The extensions of the CPU: one row each, under the name that QEMU's `-cpu rv64,NAME=on|off` has for it. Instruction
 * rows, misa, the device tree's ISA string and the command line all derive from this table.
 */
import type { Insn } from './insn.ts';
import { PRIV, SVINVAL } from './priv.ts';
import { RV64A } from './rv64a.ts';
import { ZBA, ZBB, ZBC, ZBS } from './rv64b.ts';
import { RV64C } from './rv64c.ts';
import { RV64D, RV64F } from './rv64fd.ts';
import { RV64I } from './rv64i.ts';
import { RV64M } from './rv64m.ts';
import { ZICSR, ZIFENCEI } from './zicsr.ts';

export interface Extension {
  readonly name: string;
  /** As QEMU 7.2's. */
  readonly isDefault: boolean;
  /** In misa, and in the first part of the ISA string. */
  readonly letter?: string;
  /** Behind an underscore in the ISA string. */
  readonly isaName?: string;
  /** Without these it cannot be. */
  readonly needs?: readonly string[];
  readonly rows: readonly Insn[];
  readonly help: string;
}

/** In the order of the ISA string. */
export const EXTENSIONS = [
  { name: 'm', isDefault: true, letter: 'M', rows: RV64M, help: 'multiplication and division' },
  { name: 'a', isDefault: true, letter: 'A', rows: RV64A, help: 'atomics' },
  { name: 'f', isDefault: true, letter: 'F', needs: ['Zicsr'], rows: RV64F, help: 'single precision' },
  { name: 'd', isDefault: true, letter: 'D', needs: ['f'], rows: RV64D, help: 'double precision' },
  { name: 'c', isDefault: true, letter: 'C', rows: RV64C, help: 'compressed instructions' },
  { name: 'Zicsr', isDefault: true, isaName: 'zicsr', rows: ZICSR, help: 'CSR instructions' },
  { name: 'Zifencei', isDefault: true, isaName: 'zifencei', rows: ZIFENCEI, help: 'fence.i' },
  { name: 'Zihintpause', isDefault: true, isaName: 'zihintpause', rows: [], help: 'pause, which is a kind of fence' },
  { name: 'zba', isDefault: true, isaName: 'zba', rows: ZBA, help: 'address generation' },
  { name: 'zbb', isDefault: true, isaName: 'zbb', rows: ZBB, help: 'basic bit manipulation' },
  { name: 'zbc', isDefault: true, isaName: 'zbc', rows: ZBC, help: 'carry-less multiplication' },
  { name: 'zbs', isDefault: true, isaName: 'zbs', rows: ZBS, help: 'single bits' },
  { name: 'sstc', isDefault: true, isaName: 'sstc', rows: [], help: 'stimecmp' },
  { name: 'svinval', isDefault: false, isaName: 'svinval', rows: SVINVAL, help: 'fine-grained sfence.vma' },
  { name: 'mmu', isDefault: true, rows: [], help: 'Sv39, Sv48 and Sv57' },
  { name: 'pmp', isDefault: true, rows: [], help: 'physical memory protection' },
  { name: 'debug', isDefault: true, rows: [], help: 'the trigger module: tselect, tdata1…' },
] as const satisfies readonly Extension[];

export type ExtensionName = (typeof EXTENSIONS)[number]['name'];
/** What a CPU has, as a value that a snapshot can hold. */
export type CpuFeatures = Readonly<Record<ExtensionName, boolean>>;

/** What every CPU has. */
export const BASE_ROWS: readonly Insn[] = [...RV64I, ...PRIV];

export const DEFAULT_FEATURES = Object.fromEntries(
  EXTENSIONS.map(({ name, isDefault }) => [name, isDefault]),
) as CpuFeatures;

/** I, S and U are always there. */
const BASE_LETTERS = ['I', 'S', 'U'];
const MXL_64 = 2n << 62n;

export function misaOf(features: CpuFeatures): bigint {
  const letters = (EXTENSIONS as readonly Extension[]).flatMap(({ name, letter }) =>
    letter !== undefined && features[name as ExtensionName] ? [letter] : [],
  );
  return [...BASE_LETTERS, ...letters].reduce(
    (bits, letter) => bits | (1n << BigInt(letter.charCodeAt(0) - 65)),
    MXL_64,
  );
}

/** As the unprivileged specification's naming chapter has it, and QEMU's device tree. */
export function isaString(features: CpuFeatures): string {
  const present = (EXTENSIONS as readonly Extension[]).filter(({ name }) => features[name as ExtensionName]);
  const letters = present.map(({ letter = '' }) => letter.toLowerCase()).join('');
  return [`rv64i${letters}`, ...present.flatMap(({ isaName }) => isaName ?? [])].join('_');
}

/** The first extension that lacks one it needs. */
export function missingNeed(features: CpuFeatures): { name: string; needs: string } | undefined {
  for (const { name, needs = [] } of EXTENSIONS as readonly Extension[]) {
    const absent = needs.find(need => !features[need as ExtensionName]);
    if (features[name as ExtensionName] && absent !== undefined) return { name, needs: absent };
  }
  return undefined;
}

/** What a CPU has: bit n for row n of EXTENSIONS. */
export function featureMask(features: CpuFeatures): number {
  return EXTENSIONS.reduce((mask, { name }, n) => (features[name] ? mask | (1 << n) : mask), 0);
}

/** What a CPU must have for an instruction: its own extension and, when compressed, that of the row it stands for. */
export function extensionMask({ name, expandsTo }: Insn): number {
  const isMeant = (row: Insn): boolean => row.name === name || row.name === expandsTo;
  return (EXTENSIONS as readonly Extension[]).reduce(
    (mask, { rows }, n) => (rows.some(isMeant) ? mask | (1 << n) : mask),
    0,
  );
}
