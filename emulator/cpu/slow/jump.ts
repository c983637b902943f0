/**
 * Ops without a handler of their own: illegal instructions; and, when the CPU has no C, jumps whose targets may be
 * misaligned, which trap at the jump (unprivileged specification, "Control Transfer Instructions").
 */
import { FEATURE_C, NEXT_PC, PC, X_REGS } from '../layout';
import { cell, FETCH_MISALIGNED, has, raiseEvent, setCell } from './state';
import { illegal, isMisaligned } from './system';
import { trap } from './trap';

const JAL: i32 = 0x6f;
const JALR: i32 = 0x67;
const BRANCH: i32 = 0x63;

export function unhandled(raw: i32): void {
  const opcode = raw & 0x7f;
  const funct3 = (raw >>> 12) & 7;
  if (has(FEATURE_C)) illegal(raw);
  else if (opcode == JAL) jump(raw, cell(PC) + jalOffset(raw));
  else if (opcode == JALR && funct3 == 0) jump(raw, (source(raw >>> 15) + <u64>(<i64>(raw >> 20))) & ~(<u64>1));
  else if (opcode == BRANCH && funct3 != 2 && funct3 != 3) branch(raw, funct3);
  else illegal(raw);
}

function source(register: i32): u64 {
  return cell(X_REGS + 8 * (register & 31));
}

function jump(raw: i32, target: u64): void {
  if (isMisaligned(target)) {
    trap(FETCH_MISALIGNED, target);
    return;
  }
  const rd = (raw >>> 7) & 31;
  if (rd != 0) setCell(X_REGS + 8 * rd, cell(NEXT_PC));
  goTo(target);
}

/** beq bne . . blt bge bltu bgeu: the low bit of funct3 says that the condition must not hold. */
function branch(raw: i32, funct3: i32): void {
  const a = source(raw >>> 15);
  const b = source(raw >>> 20);
  const holds = funct3 < 4 ? a == b : funct3 < 6 ? <i64>a < <i64>b : a < b;
  if (holds == ((funct3 & 1) != 0)) return;
  const target = cell(PC) + branchOffset(raw);
  if (isMisaligned(target)) trap(FETCH_MISALIGNED, target);
  else goTo(target);
}

function goTo(target: u64): void {
  setCell(NEXT_PC, target);
  raiseEvent();
}

function jalOffset(raw: i32): u64 {
  const low = ((raw >>> 20) & 0x7fe) | ((raw >>> 9) & 0x800) | (raw & 0xff000);
  return <u64>(<i64>(((raw >> 31) << 20) | low));
}
function branchOffset(raw: i32): u64 {
  const low = ((raw >>> 20) & 0x7e0) | ((raw >>> 7) & 0x1e) | ((raw << 4) & 0x800);
  return <u64>(<i64>(((raw >> 31) << 12) | low));
}
