/** Cells of the hart state, and the bits and causes of the privileged specification that the slow paths name. */
import { CFG_FEATURES, EVENT, MIP_LINES, MIP_SOFT, TRAPPED } from '../layout';

export function cell(at: usize): u64 {
  return load<u64>(at);
}
export function setCell(at: usize, value: u64): void {
  store<u64>(at, value);
}
export function word(at: usize): i32 {
  return load<i32>(at);
}
export function setWord(at: usize, value: i32): void {
  store<i32>(at, value);
}

/** Is the extension there? FEATURE_* of layout.ts. */
export function has(feature: i32): bool {
  return (word(CFG_FEATURES) & feature) != 0;
}

/** Makes the fast loop leave after this instruction and look at the state again. */
export function raiseEvent(): void {
  store<i32>(EVENT, 1);
}
export function hasTrapped(): bool {
  return load<i32>(TRAPPED) != 0;
}
export function pendingInterrupts(): u64 {
  return cell(MIP_LINES) | cell(MIP_SOFT);
}

export const PRIV_U: u64 = 0;
export const PRIV_S: u64 = 1;
export const PRIV_M: u64 = 3;

/** mstatus */
export const SIE: u64 = 1 << 1;
export const MIE_BIT: u64 = 1 << 3;
export const SPIE: u64 = 1 << 5;
export const MPIE: u64 = 1 << 7;
export const SPP: u64 = 1 << 8;
export const MPP: u64 = 3 << 11;
export const MPP_SHIFT: u64 = 11;
export const FS: u64 = 3 << 13;
export const MPRV: u64 = 1 << 17;
export const SUM: u64 = 1 << 18;
export const MXR: u64 = 1 << 19;
export const TVM: u64 = 1 << 20;
export const TW: u64 = 1 << 21;
export const TSR: u64 = 1 << 22;

/** Exception codes */
export const FETCH_MISALIGNED: u64 = 0;
export const FETCH_ACCESS: u64 = 1;
export const ILLEGAL: u64 = 2;
export const BREAKPOINT: u64 = 3;
export const LOAD_MISALIGNED: u64 = 4;
export const LOAD_ACCESS: u64 = 5;
export const STORE_MISALIGNED: u64 = 6;
export const STORE_ACCESS: u64 = 7;
export const ECALL_U: u64 = 8;
export const ECALL_M: u64 = 11;
export const FETCH_PAGE: u64 = 12;
export const LOAD_PAGE: u64 = 13;
export const STORE_PAGE: u64 = 15;

/** Kinds of access, also the order of exception codes above. */
export const READ: i32 = 0;
export const WRITE: i32 = 1;
export const EXECUTE: i32 = 2;
