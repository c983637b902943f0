/** The list of instruction rows, of all extensions. */
import { BASE_ROWS, EXTENSIONS } from './extensions.ts';
import type { Insn } from './insn.ts';

export const INSTRUCTIONS: readonly Insn[] = [...BASE_ROWS, ...EXTENSIONS.flatMap(({ rows }): readonly Insn[] => rows)];
