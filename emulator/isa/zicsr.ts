/** Zicsr and Zifencei. */
import type { CsrOp, Insn } from './insn.ts';

const csr = (name: string, funct3: number, op: CsrOp): Insn[] => [
  {
    name,
    format: 'Csr',
    match: 0x73 | (funct3 << 12),
    mask: 0x707f,
    run: o => o.csr(op, 'register'),
  },
  {
    name: `${name}i`,
    format: 'CsrImm',
    match: 0x73 | ((funct3 + 4) << 12),
    mask: 0x707f,
    run: o => o.csr(op, 'immediate'),
  },
];

export const ZICSR: readonly Insn[] = [
  ...csr('csrrw', 1, 'write'),
  ...csr('csrrs', 2, 'set'),
  ...csr('csrrc', 3, 'clear'),
];

export const ZIFENCEI: readonly Insn[] = [
  { name: 'fence.i', format: 'None', match: 0x100f, mask: 0x707f, run: o => o.system('fence.i') },
];
