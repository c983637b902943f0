/** The list of instruction rows: the only place where extensions are registered. */
import type { Insn } from './insn.ts';
import { PRIV } from './priv.ts';
import { RV64A } from './rv64a.ts';
import { RV64B } from './rv64b.ts';
import { RV64C } from './rv64c.ts';
import { RV64FD } from './rv64fd.ts';
import { RV64I } from './rv64i.ts';
import { RV64M } from './rv64m.ts';
import { ZICSR, ZIFENCEI } from './zicsr.ts';

/** The order matters where two masks overlap: the compressed rows say how. */
export const INSTRUCTIONS: readonly Insn[] = [
  ...RV64I,
  ...RV64M,
  ...RV64A,
  ...RV64B,
  ...RV64FD,
  ...ZICSR,
  ...ZIFENCEI,
  ...PRIV,
  ...RV64C,
];
