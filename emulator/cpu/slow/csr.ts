/**
 * Control and status registers: who may touch which, what reading returns and what writing changes. Unknown numbers are
 * illegal instructions. Values and writable bits follow QEMU 7.2's `rv64` where the specification leaves a choice.
 * CSR names are in isa/csr-names.ts.
 */
import {
  BUDGET,
  CFG_HARTID,
  FFLAGS,
  FRM,
  INSTRET_BASE,
  MCAUSE,
  MCOUNTEREN,
  MCOUNTINHIBIT,
  MCYCLE_OFFSET,
  MEDELEG,
  MENVCFG,
  MEPC,
  MIDELEG,
  MIE,
  MINSTRET_OFFSET,
  MIP_SOFT,
  MSCRATCH,
  MSTATUS,
  MTVAL,
  MTVEC,
  PMPADDR,
  PMPCFG,
  PRIV,
  REMAINING,
  SATP,
  SCAUSE,
  SCOUNTEREN,
  SENVCFG,
  SEPC,
  SSCRATCH,
  STIMECMP,
  STVAL,
  STVEC,
} from '../layout';
import { time, timerChanged } from './host';
import {
  cell,
  FS,
  ILLEGAL,
  MIE_BIT,
  MPIE,
  MPP,
  MPP_SHIFT,
  MPRV,
  MXR,
  pendingInterrupts,
  PRIV_M,
  PRIV_S,
  PRIV_U,
  raiseEvent,
  setCell,
  SIE,
  SPIE,
  SPP,
  SUM,
  TSR,
  TVM,
  TW,
  word,
} from './state';
import { updatePmp } from './pmp';
import { flushTlb } from './tlb';
import { trap, updateContext } from './trap';

const OP_WRITE: i32 = 0;
const OP_SET: i32 = 1;

/** UXL and SXL: both 64-bit, fixed. */
const XLENS: u64 = (2 << 32) | (2 << 34);
const SSTATUS: u64 = SIE | SPIE | SPP | FS | SUM | MXR;
const MSTATUS_WRITABLE: u64 = SSTATUS | MIE_BIT | MPIE | MPP | MPRV | TVM | TW | TSR;
const INTERRUPTS: u64 = 0xaaa;
const S_INTERRUPTS: u64 = 0x222;
const SSIP: u64 = 1 << 1;
const STIP: u64 = 1 << 5;
const SEIP: u64 = 1 << 9;
const STCE: u64 = 1 << 63;
const FIOM: u64 = 1;
/** Every exception that S-mode can cause, except ecall from S and M. */
const DELEGABLE: u64 = 0xb1ff;
const PMPADDR_BITS: u64 = (1 << 54) - 1;
/** RV64 with A, C, D, F, I, M, S and U. */
const MISA: u64 = (2 << 62) | 0x14112d;
/** What QEMU 7.2 puts into marchid and mimpid: its version. */
const ARCH_ID: u64 = 0x70200;

/** Set by `read` and `write` for a register that does not exist or may not be used. */
let isIllegal: bool = false;

/**
 * csrrw, csrrs and csrrc. Returns the old value. `raw` is the instruction: a set or clear whose rs1 field is 0 does
 * not write, a write whose rd is x0 does not read.
 */
export function csr(op: i32, raw: i32, source: u64): u64 {
  const number = raw >>> 20;
  const writes = op == OP_WRITE || ((raw >>> 15) & 31) != 0;
  isIllegal = false;
  if (<u64>((number >>> 8) & 3) > cell(PRIV) || (writes && number >>> 10 == 3)) isIllegal = true;
  const old = isIllegal ? 0 : read(number);
  if (!isIllegal && writes) {
    write(number, op == OP_WRITE ? source : op == OP_SET ? old | source : old & ~source, old);
  }
  if (isIllegal) trap(ILLEGAL, <u64>(<u32>raw));
  return old;
}

/** For the debugger: no privilege, and no exception. */
export function peekCsr(number: i32): u64 {
  const priv = cell(PRIV);
  isIllegal = false;
  setCell(PRIV, PRIV_M);
  const value = read(number);
  setCell(PRIV, priv);
  return value;
}
export function isCsrKnown(number: i32): i32 {
  peekCsr(number);
  return isIllegal ? 0 : 1;
}
export function pokeCsr(number: i32, value: u64): void {
  const priv = cell(PRIV);
  isIllegal = false;
  setCell(PRIV, PRIV_M);
  write(number, value, read(number));
  setCell(PRIV, priv);
  updateContext();
}

/** Instructions begun since reset, this one included. */
export function instret(): u64 {
  return cell(INSTRET_BASE) + <u64>(word(BUDGET) - word(REMAINING));
}

function read(number: i32): u64 {
  if (number >= 0x3b0 && number <= 0x3bf) return cell(PMPADDR + 8 * (number - 0x3b0));
  if (isBetween(number, 0xb03, 0xb1f) || isBetween(number, 0x323, 0x33f)) return 0; // no event counters
  if (isBetween(number, 0xc00, 0xc1f)) return readCounter(number);
  switch (number) {
    case 0x001:
      return floatState() & cell(FFLAGS);
    case 0x002:
      return floatState() & cell(FRM);
    case 0x003:
      return floatState() & ((cell(FRM) << 5) | cell(FFLAGS));
    case 0x100:
      return readStatus() & (SSTATUS | (3 << 32) | (1 << 63));
    case 0x104:
      return cell(MIE) & cell(MIDELEG);
    case 0x105:
      return cell(STVEC);
    case 0x106:
      return cell(SCOUNTEREN);
    case 0x10a:
      return cell(SENVCFG);
    case 0x140:
      return cell(SSCRATCH);
    case 0x141:
      return cell(SEPC);
    case 0x142:
      return cell(SCAUSE);
    case 0x143:
      return cell(STVAL);
    case 0x144:
      return pendingInterrupts() & cell(MIDELEG);
    case 0x14d:
      return supervisorTimer() ? cell(STIMECMP) : 0;
    case 0x180:
      return mayUseSatp() ? cell(SATP) : 0;
    case 0x300:
      return readStatus();
    case 0x301:
      return MISA;
    case 0x302:
      return cell(MEDELEG);
    case 0x303:
      return cell(MIDELEG);
    case 0x304:
      return cell(MIE);
    case 0x305:
      return cell(MTVEC);
    case 0x306:
      return cell(MCOUNTEREN);
    case 0x30a:
      return cell(MENVCFG);
    case 0x320:
      return cell(MCOUNTINHIBIT);
    case 0x340:
      return cell(MSCRATCH);
    case 0x341:
      return cell(MEPC);
    case 0x342:
      return cell(MCAUSE);
    case 0x343:
      return cell(MTVAL);
    case 0x344:
      return pendingInterrupts();
    case 0x3a0:
      return cell(PMPCFG);
    case 0x3a2:
      return cell(PMPCFG + 8);
    case 0xb00:
      return instret() + cell(MCYCLE_OFFSET);
    case 0xb02:
      return instret() + cell(MINSTRET_OFFSET);
    case 0xf11:
      return 0;
    case 0xf12:
      return ARCH_ID;
    case 0xf13:
      return ARCH_ID;
    case 0xf14:
      return <u64>word(CFG_HARTID);
    case 0xf15:
      return 0;
    default:
      break;
  }
  isIllegal = true;
  return 0;
}

function write(number: i32, value: u64, old: u64): void {
  if (number >= 0x3b0 && number <= 0x3bf) {
    writePmpAddress(number - 0x3b0, value);
    return;
  }
  switch (number) {
    case 0x001:
      writeFloat(value & 31, cell(FRM));
      return;
    case 0x002:
      writeFloat(cell(FFLAGS), value & 7);
      return;
    case 0x003:
      writeFloat(value & 31, (value >> 5) & 7);
      return;
    case 0x100:
      writeStatus((cell(MSTATUS) & ~SSTATUS) | (value & SSTATUS));
      return;
    case 0x104:
      writeEnables((cell(MIE) & ~cell(MIDELEG)) | (value & cell(MIDELEG)));
      return;
    case 0x105:
      writeVector(STVEC, value);
      return;
    case 0x106:
      setCell(SCOUNTEREN, value & 0xffff_ffff);
      return;
    case 0x10a:
      setCell(SENVCFG, value & FIOM);
      return;
    case 0x140:
      setCell(SSCRATCH, value);
      return;
    case 0x141:
      setCell(SEPC, value & ~(<u64>1));
      return;
    case 0x142:
      setCell(SCAUSE, value);
      return;
    case 0x143:
      setCell(STVAL, value);
      return;
    case 0x144:
      writePending(value, SSIP & cell(MIDELEG));
      return;
    case 0x14d:
      writeTimer(STIMECMP, value);
      return;
    case 0x180:
      writeSatp(value, old);
      return;
    case 0x300:
      writeStatus(value);
      return;
    case 0x302:
      setCell(MEDELEG, value & DELEGABLE);
      return;
    case 0x303:
      setCell(MIDELEG, value & S_INTERRUPTS);
      raiseEvent();
      return;
    case 0x304:
      writeEnables(value);
      return;
    case 0x305:
      writeVector(MTVEC, value);
      return;
    case 0x306:
      setCell(MCOUNTEREN, value & 0xffff_ffff);
      return;
    case 0x30a:
      writeTimer(MENVCFG, value & (STCE | FIOM));
      return;
    case 0x320:
      setCell(MCOUNTINHIBIT, value & 0xffff_fffd);
      return;
    case 0x340:
      setCell(MSCRATCH, value);
      return;
    case 0x341:
      setCell(MEPC, value & ~(<u64>1));
      return;
    case 0x342:
      setCell(MCAUSE, value);
      return;
    case 0x343:
      setCell(MTVAL, value);
      return;
    case 0x344:
      writePending(value, SSIP | SEIP | ((cell(MENVCFG) & STCE) != 0 ? 0 : STIP));
      return;
    case 0x3a0:
      writePmpConfig(0, value);
      return;
    case 0x3a2:
      writePmpConfig(8, value);
      return;
    case 0xb00:
      setCell(MCYCLE_OFFSET, value - instret());
      return;
    case 0xb02:
      setCell(MINSTRET_OFFSET, value - instret());
      return;
    default:
      return; // misa, the event counters and their selectors ignore writes
  }
}

function isBetween(number: i32, first: i32, last: i32): bool {
  return number >= first && number <= last;
}

function readStatus(): u64 {
  const status = cell(MSTATUS);
  return status | XLENS | ((status & FS) == FS ? (<u64>1) << 63 : 0);
}

function writeStatus(value: u64): void {
  const old = cell(MSTATUS);
  let next = (old & ~MSTATUS_WRITABLE) | (value & MSTATUS_WRITABLE);
  if ((next & MPP) >> MPP_SHIFT == 2) next = (next & ~MPP) | (old & MPP); // no hypervisor mode
  setCell(MSTATUS, next);
  if (((old ^ next) & MXR) != 0) flushTlb();
  updateContext();
}

function writeEnables(value: u64): void {
  setCell(MIE, value & INTERRUPTS);
  raiseEvent();
}

function writePending(value: u64, writable: u64): void {
  setCell(MIP_SOFT, (cell(MIP_SOFT) & ~writable) | (value & writable));
  raiseEvent();
}

/** Direct and vectored; a reserved mode leaves the register alone. */
function writeVector(at: usize, value: u64): void {
  if ((value & 3) < 2) setCell(at, value);
}

function writeTimer(at: usize, value: u64): void {
  setCell(at, value);
  timerChanged();
  raiseEvent();
}

/** Modes bare, Sv39, Sv48 and Sv57; an unknown one leaves the whole register alone. */
function writeSatp(value: u64, old: u64): void {
  const mode = value >> 60;
  if (mode != 0 && (mode < 8 || mode > 10)) return;
  if (value == old) return;
  setCell(SATP, value);
  flushTlb();
  updateContext();
}

function mayUseSatp(): bool {
  if (cell(PRIV) == PRIV_S && (cell(MSTATUS) & TVM) != 0) isIllegal = true;
  return !isIllegal;
}

/** All ones when floating point is on; else the access is illegal. */
function floatState(): u64 {
  if ((cell(MSTATUS) & FS) == 0) isIllegal = true;
  return isIllegal ? 0 : ~(<u64>0);
}

function writeFloat(flags: u64, rounding: u64): void {
  setCell(FFLAGS, flags);
  setCell(FRM, rounding);
  setCell(MSTATUS, cell(MSTATUS) | FS);
  updateContext();
}

/** cycle, time, instret and the event counters, as mcounteren and scounteren allow. */
function readCounter(number: i32): u64 {
  const bit = (<u64>1) << (number & 31);
  const priv = cell(PRIV);
  if ((priv < PRIV_M && (cell(MCOUNTEREN) & bit) == 0) || (priv == PRIV_U && (cell(SCOUNTEREN) & bit) == 0)) {
    isIllegal = true;
    return 0;
  }
  if (number == 0xc00) return instret() + cell(MCYCLE_OFFSET);
  if (number == 0xc01) return <u64>time();
  if (number == 0xc02) return instret() + cell(MINSTRET_OFFSET);
  return 0;
}

/** Sstc: below M, mcounteren.TM and menvcfg.STCE must both be set. */
function supervisorTimer(): bool {
  const isOn = (cell(MENVCFG) & STCE) != 0 && (cell(MCOUNTEREN) & 2) != 0;
  if (cell(PRIV) < PRIV_M && !isOn) isIllegal = true;
  return !isIllegal;
}

/** A locked entry (bit 7) cannot be written; its top-of-range neighbour locks the address below it too. */
function writePmpConfig(first: i32, value: u64): void {
  for (let i = 0; i < 8; i++) {
    const at: usize = PMPCFG + first + i;
    if ((load<u8>(at) & 0x80) == 0) store<u8>(at, <u8>((value >> (8 * i)) & 0x9f));
  }
  updatePmp();
  flushTlb();
}

function writePmpAddress(index: i32, value: u64): void {
  const config = load<u8>(PMPCFG + index);
  const next: u8 = index < 15 ? load<u8>(PMPCFG + index + 1) : 0;
  const isNextLockedRange = (next & 0x80) != 0 && (next & 0x18) == 0x08;
  if ((config & 0x80) != 0 || isNextLockedRange) return;
  setCell(PMPADDR + 8 * index, value & PMPADDR_BITS);
  flushTlb();
}
