/** ecall, ebreak, wfi, sfence.vma, and the gate in front of floating-point instructions. */
import { EXIT, FEATURE_C, FEATURE_PMP, FRM, MEPC, MIE, MSTATUS, PRIV, SBI_ENABLED, SEPC } from '../layout';
import {
  BREAKPOINT,
  cell,
  ECALL_M,
  ECALL_U,
  FETCH_MISALIGNED,
  FS,
  has,
  ILLEGAL,
  MPP,
  pendingInterrupts,
  PRIV_M,
  PRIV_S,
  PRIV_U,
  raiseEvent,
  setCell,
  setWord,
  TSR,
  TVM,
  TW,
  word,
} from './state';
import { hasPmpRules } from './pmp';
import { flushPage, flushTlb } from './tlb';
import { returnFromMachine, returnFromSupervisor, trap, updateFloat } from './trap';

/** ExitReason + 1 of cpu.ts. */
const EXIT_WFI: i32 = 2;
const EXIT_SBI: i32 = 3;

export function illegal(raw: i32): void {
  trap(ILLEGAL, (raw & 3) == 3 ? <u64>(<u32>raw) : <u64>(raw & 0xffff));
}

export function ecall(): void {
  const priv = cell(PRIV);
  if (priv == PRIV_S && word(SBI_ENABLED) != 0) {
    setWord(EXIT, EXIT_SBI);
    raiseEvent();
  } else {
    trap(priv == PRIV_M ? ECALL_M : ECALL_U + priv, 0);
  }
}

export function ebreak(): void {
  trap(BREAKPOINT, 0);
}

/** Without C, instructions are at multiples of 4. */
export function isMisaligned(target: u64): bool {
  return (target & 2) != 0 && !has(FEATURE_C);
}

/** To a mode that no PMP rule lets do anything: QEMU 7.2 calls that illegal. */
export function mret(raw: i32): void {
  const isToLower = (cell(MSTATUS) & MPP) != MPP;
  if (cell(PRIV) < PRIV_M || (isToLower && has(FEATURE_PMP) && !hasPmpRules())) illegal(raw);
  else if (isMisaligned(cell(MEPC))) trap(FETCH_MISALIGNED, cell(MEPC));
  else returnFromMachine();
}

export function sret(raw: i32): void {
  const priv = cell(PRIV);
  if (priv == PRIV_U || (priv == PRIV_S && (cell(MSTATUS) & TSR) != 0)) illegal(raw);
  else if (isMisaligned(cell(SEPC))) trap(FETCH_MISALIGNED, cell(SEPC));
  else returnFromSupervisor();
}

/** Waits in Cpu's caller, unless an interrupt is already there (enabled by mie, whatever mstatus says). */
export function wfi(raw: i32): void {
  const priv = cell(PRIV);
  if (priv == PRIV_U || (priv == PRIV_S && (cell(MSTATUS) & TW) != 0)) {
    illegal(raw);
    return;
  }
  if ((pendingInterrupts() & cell(MIE)) == 0) setWord(EXIT, EXIT_WFI);
  raiseEvent();
}

/** Address spaces are not told apart: without an address (rs1 = x0) everything is forgotten. */
export function sfenceVma(raw: i32, address: u64): void {
  const priv = cell(PRIV);
  if (priv == PRIV_U || (priv == PRIV_S && (cell(MSTATUS) & TVM) != 0)) illegal(raw);
  else if (((raw >>> 15) & 31) == 0) flushTlb();
  else flushPage(address);
}

/** Svinval's two fences, legal from S-mode up: sinval.vma has done everything. */
export function invalidationFence(raw: i32): void {
  if (cell(PRIV) == PRIV_U) illegal(raw);
}

/** Decoded code is dropped when it is written, so there is nothing left to do but to look up pc again. */
export function fenceI(): void {
  raiseEvent();
}

/** Rounding mode of the floating-point instruction in progress. */
export let rounding: i32 = 0;

/** Traps when floating point is off or the rounding mode is reserved. */
export function enterFloat(raw: i32, usesRounding: i32): void {
  if ((cell(MSTATUS) & FS) == 0) {
    illegal(raw);
    return;
  }
  if (usesRounding == 0) return;
  rounding = (raw >>> 12) & 7;
  if (rounding == 7) rounding = <i32>cell(FRM);
  if (rounding > 4) illegal(raw);
}

/** A floating-point register or flag was written. */
export function touchFloat(): void {
  setCell(MSTATUS, cell(MSTATUS) | FS);
  updateFloat();
}
