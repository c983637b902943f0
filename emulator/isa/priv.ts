/** The instructions of the privileged architecture, the two environment instructions of RV64I, and Svinval. */
import type { Insn, SystemOp } from './insn.ts';

const exact = (name: SystemOp, match: number): Insn => ({
  name,
  format: 'None',
  match,
  mask: 0xffffffff,
  run: o => o.system(name),
});

export const PRIV: readonly Insn[] = [
  exact('ecall', 0x00000073),
  exact('ebreak', 0x00100073),
  exact('sret', 0x10200073),
  exact('wfi', 0x10500073),
  exact('mret', 0x30200073),
  { name: 'sfence.vma', format: 'SFence', match: 0x12000073, mask: 0xfe007fff, run: o => o.system('sfence.vma') },
];

/** Invalidation and its fences apart. Ours is complete when sinval.vma retires, so the fences have nothing to do. */
export const SVINVAL: readonly Insn[] = [
  { name: 'sinval.vma', format: 'SFence', match: 0x16000073, mask: 0xfe007fff, run: o => o.system('sfence.vma') },
  exact('sfence.w.inval', 0x18000073),
  exact('sfence.inval.ir', 0x18100073),
];
