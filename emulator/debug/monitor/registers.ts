/** `info registers`: a hart's registers, laid out as QEMU's. */
import { Privilege, type Cpu } from '../../cpu/cpu.ts';
import { must } from '../../base/assert.ts';
import { CSR_NUMBERS } from '../../isa/csr-names.ts';
import { F_NAMES, X_NAMES } from '../../isa/registers.ts';

const CSRS = [
  'mhartid',
  'mstatus',
  'mip',
  'mie',
  'mideleg',
  'medeleg',
  'mtvec',
  'stvec',
  'mepc',
  'sepc',
  'mcause',
  'scause',
  'mtval',
  'stval',
  'mscratch',
  'sscratch',
  'satp',
];

const MODES: Readonly<Record<Privilege, string>> = { [Privilege.U]: 'U', [Privilege.S]: 'S', [Privilege.M]: 'M' };
const COLUMNS = 4;

const hex64 = (value: bigint): string => value.toString(16).padStart(16, '0');

/** @param hart its number, for the heading */
export function registers(cpu: Cpu, hart: number): string {
  const row = (name: string, value: string): string => ` ${name.padEnd(8)} ${value}\n`;
  const csrs = CSRS.map(name => row(name, hex64(cpu.getCsr(must(CSR_NUMBERS.get(name), name)) ?? 0n)));
  const numbered = (prefix: string, names: readonly string[], read: (i: number) => bigint): string =>
    rows(names.map((name, i) => `${`${prefix}${i}/${name}`.padEnd(8)} ${hex64(read(i))}`));
  return [
    `CPU#${hart}\n`,
    row('mode', MODES[cpu.privilege]),
    row('pc', hex64(cpu.pc)),
    ...csrs,
    numbered('x', X_NAMES, i => cpu.getReg(i)),
    numbered('f', F_NAMES, i => cpu.getFreg(i)),
  ].join('');
}

function rows(cells: readonly string[]): string {
  let text = '';
  for (let i = 0; i < cells.length; i += COLUMNS) text += ` ${cells.slice(i, i + COLUMNS).join(' ')}\n`;
  return text;
}
