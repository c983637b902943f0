/** Runtime routines behind intrinsics that touch registers which wasm does not know: float state, and where we are. */
import { F_NAMES } from '../../../emulator/isa/registers.ts';
import { assembleFunction } from '../asm/asm.ts';
import type { MFunction } from '../asm/minsn.ts';

/** f0–f31, then fcsr. */
const FCSR_SLOT = 8 * F_NAMES.length;

export function stateRoutines(): MFunction[] {
  const each = (op: string): string => F_NAMES.map((name, i) => `${op} ${name}, ${8 * i}(a0)`).join('\n');
  return [
    assembleFunction('__fp_save', `${each('fsd')}\n csrr t0, fcsr\n sd t0, ${FCSR_SLOT}(a0)\n ret`),
    assembleFunction('__fp_restore', `${each('fld')}\n ld t0, ${FCSR_SLOT}(a0)\n csrw fcsr, t0\n ret`),
    // The caller's pc and sp, as a backtrace wants them.
    assembleFunction('__here', 'sd ra, 0(a0)\n sd sp, 8(a0)\n ret'),
  ];
}
