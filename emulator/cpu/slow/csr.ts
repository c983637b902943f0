/**
 * Control and status registers: who may touch which, what reading returns and what writing changes. Unknown numbers are
 * illegal instructions. Values and writable bits follow QEMU 7.2's `rv64` where the specification leaves a choice.
 * Registers that are storage only are in csr-plain.ts, PMP's in pmp.ts.
 */
import * as n from '../../isa/csr-numbers';
import {
  CFG_HARTID,
  CFG_MISA,
  FEATURE_DEBUG,
  FEATURE_F,
  FEATURE_MMU,
  FEATURE_PMP,
  FEATURE_SSTC,
  FFLAGS,
  FRM,
  MCOUNTEREN,
  MCOUNTINHIBIT,
  MENVCFG,
  MIDELEG,
  MIE,
  MIP_SOFT,
  MSTATUS,
  MTVEC,
  PMPADDR,
  PMPCFG,
  PRIV,
  SATP,
  SCOUNTEREN,
  STIMECMP,
  STVEC,
} from '../layout';
import { isPlain, readPlain, writePlain } from './csr-plain';
import {
  CYCLE,
  fixedCounter,
  INSTRET,
  readEvent,
  readEventCounter,
  setFixedCounter,
  writeFixedCounter,
  writeEvent,
  writeEventCounter,
  writeInhibit,
} from './counters';
import { time, timerChanged } from './host';
import {
  cell,
  FS,
  has,
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
import { writePmpAddress, writePmpConfig } from './pmp';
import { flushTlb } from './tlb';
import { trap, updateContext } from './trap';
import { readTrigger, writeTrigger } from './triggers';

const OP_WRITE: i32 = 0;
const OP_SET: i32 = 1;

/** UXL and SXL: both 64-bit, fixed. */
const XLENS: u64 = (2 << 32) | (2 << 34);
const SSTATUS: u64 = SIE | SPIE | SPP | FS | SUM | MXR;
const MSTATUS_WRITABLE: u64 = SSTATUS | MIE_BIT | MPIE | MPP | MPRV | TVM | TW | TSR;
const INTERRUPTS: u64 = 0x2aaa;
const S_INTERRUPTS: u64 = 0x2222;
const SSIP: u64 = 1 << 1;
const STIP: u64 = 1 << 5;
const SEIP: u64 = 1 << 9;
/** Counter overflow: nothing raises it (no Sscofpmf), software may. */
const LCOFIP: u64 = 1 << 13;
const STCE: u64 = 1 << 63;
/** STCE, PBMTE, CBZE, CBCFE, CBIE and FIOM. */
const MENVCFG_WRITABLE: u64 = 0xc000_0000_0000_00f1;
/** What QEMU 7.2 puts into marchid and mimpid: its version. */
const ARCH_ID: u64 = 0x70200;

/** Set by `read` and `write` for a register that does not exist or may not be used. */
let isIllegal: bool = false;
/** The debugger asks: the floating-point registers of a CPU that has them are there even while mstatus.FS is off. */
let isDebugger: bool = false;

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
    const base = number == n.mip || number == n.sip ? cell(MIP_SOFT) : old; // setting one bit must not latch a wire
    write(number, op == OP_WRITE ? source : op == OP_SET ? base | source : base & ~source, old);
  }
  if (isIllegal) trap(ILLEGAL, <u64>(<u32>raw));
  return old;
}

/** For the debugger: no privilege, and no exception. */
export function peekCsr(number: i32): u64 {
  const priv = cell(PRIV);
  isIllegal = false;
  setCell(PRIV, PRIV_M);
  isDebugger = true;
  const value = read(number);
  isDebugger = false;
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
  isDebugger = true;
  write(number, value, read(number));
  isDebugger = false;
  if (number == n.mcycle) setFixedCounter(CYCLE, value); // no instruction is in progress
  if (number == n.minstret) setFixedCounter(INSTRET, value);
  setCell(PRIV, priv);
  updateContext();
}

function read(number: i32): u64 {
  if (isPlain(number)) return readPlain(number);
  if (number >= 0x3b0 && number <= 0x3bf) return hasPmp() & cell(PMPADDR + 8 * (number - 0x3b0));
  if (isBetween(number, 0x323, 0x33f)) return readEvent(number - 0x320);
  if (isBetween(number, 0xb03, 0xb12)) return readEventCounter(number - 0xb00);
  if (isBetween(number, 0xc00, 0xc12)) return readCounter(number);
  if (isBetween(number, n.tselect, n.tinfo)) return hasDebug() ? readTrigger(number) : 0;
  switch (number) {
    case n.fflags:
      return floatState() & cell(FFLAGS);
    case n.frm:
      return floatState() & cell(FRM);
    case n.fcsr:
      return floatState() & ((cell(FRM) << 5) | cell(FFLAGS));
    case n.sstatus:
      return readStatus() & (SSTATUS | (3 << 32) | (1 << 63));
    case n.sie:
      return cell(MIE) & cell(MIDELEG);
    case n.stvec:
      return cell(STVEC);
    case n.sip:
      return pendingInterrupts() & cell(MIDELEG);
    case n.stimecmp:
      return supervisorTimer() ? cell(STIMECMP) : 0;
    case n.satp:
      return mayUseSatp() ? cell(SATP) : 0;
    case n.mstatus:
      return readStatus();
    case n.misa:
      return cell(CFG_MISA);
    case n.mideleg:
      return cell(MIDELEG);
    case n.mie:
      return cell(MIE);
    case n.mtvec:
      return cell(MTVEC);
    case n.menvcfg:
      return cell(MENVCFG);
    case n.mip:
      return pendingInterrupts();
    case n.pmpcfg0:
      return hasPmp() & cell(PMPCFG);
    case n.pmpcfg2:
      return hasPmp() & cell(PMPCFG + 8);
    case n.mcycle:
      return fixedCounter(CYCLE);
    case n.minstret:
      return fixedCounter(INSTRET);
    case n.mcountinhibit:
      return cell(MCOUNTINHIBIT);
    case n.mvendorid:
    case n.mconfigptr:
      return 0;
    case n.marchid:
    case n.mimpid:
      return ARCH_ID;
    case n.mhartid:
      return <u64>word(CFG_HARTID);
    default:
      break;
  }
  isIllegal = true;
  return 0;
}

function write(number: i32, value: u64, old: u64): void {
  if (isPlain(number)) {
    writePlain(number, value);
    return;
  }
  if (number >= 0x3b0 && number <= 0x3bf) {
    writePmpAddress(number - 0x3b0, value);
    return;
  }
  if (isBetween(number, 0x323, 0x33f)) {
    writeEvent(number - 0x320, value);
    return;
  }
  if (isBetween(number, 0xb03, 0xb12)) {
    writeEventCounter(number - 0xb00, value);
    return;
  }
  if (isBetween(number, n.tselect, n.tinfo)) {
    writeTrigger(number, value);
    return;
  }
  switch (number) {
    case n.fflags:
      writeFloat(value & 31, cell(FRM));
      return;
    case n.frm:
      writeFloat(cell(FFLAGS), value & 7);
      return;
    case n.fcsr:
      writeFloat(value & 31, (value >> 5) & 7);
      return;
    case n.sstatus:
      writeStatus((cell(MSTATUS) & ~SSTATUS) | (value & SSTATUS));
      return;
    case n.sie:
      writeEnables((cell(MIE) & ~cell(MIDELEG)) | (value & cell(MIDELEG)));
      return;
    case n.stvec:
      writeVector(STVEC, value);
      return;
    case n.sip:
      writePending(value, (SSIP | LCOFIP) & cell(MIDELEG));
      return;
    case n.stimecmp:
      writeTimer(STIMECMP, value);
      return;
    case n.satp:
      writeSatp(value, old);
      return;
    case n.mstatus:
      writeStatus(value);
      return;
    case n.mideleg:
      setCell(MIDELEG, value & S_INTERRUPTS);
      raiseEvent();
      return;
    case n.mie:
      writeEnables(value);
      return;
    case n.mtvec:
      writeVector(MTVEC, value);
      return;
    case n.menvcfg:
      writeTimer(MENVCFG, value & MENVCFG_WRITABLE);
      // STIP is the timer's now, whatever was written to it before.
      if (has(FEATURE_SSTC) && (value & STCE) != 0) setCell(MIP_SOFT, cell(MIP_SOFT) & ~STIP);
      return;
    case n.mip:
      writePending(value, SSIP | SEIP | LCOFIP | ((cell(MENVCFG) & STCE) != 0 ? 0 : STIP));
      return;
    case n.pmpcfg0:
      writePmpConfig(0, value);
      return;
    case n.pmpcfg2:
      writePmpConfig(8, value);
      return;
    case n.mcountinhibit:
      writeInhibit(value);
      return;
    case n.mcycle:
      writeFixedCounter(CYCLE, value);
      return;
    case n.minstret:
      writeFixedCounter(INSTRET, value);
      return;
    default:
      return; // misa ignores writes
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
  const writable = has(FEATURE_F) ? MSTATUS_WRITABLE : MSTATUS_WRITABLE & ~FS;
  let next = (old & ~writable) | (value & writable);
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
  if (!has(FEATURE_MMU) || (mode != 0 && (mode < 8 || mode > 10))) return;
  if (value == old) return;
  setCell(SATP, value);
  flushTlb();
  updateContext();
}

function mayUseSatp(): bool {
  if (has(FEATURE_MMU) && cell(PRIV) == PRIV_S && (cell(MSTATUS) & TVM) != 0) isIllegal = true;
  return !isIllegal;
}

/** All ones; without PMP the access is illegal. */
function hasPmp(): u64 {
  if (!has(FEATURE_PMP)) isIllegal = true;
  return isIllegal ? 0 : ~(<u64>0);
}

/** Without a trigger module the access is illegal. */
function hasDebug(): bool {
  if (!has(FEATURE_DEBUG)) isIllegal = true;
  return !isIllegal;
}

/** All ones when floating point is on; else the access is illegal. */
function floatState(): u64 {
  const isThere = isDebugger ? has(FEATURE_F) : (cell(MSTATUS) & FS) != 0;
  if (!isThere) isIllegal = true;
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
  if (number == n.time) return <u64>time();
  return number < 0xc03 ? fixedCounter(number & 31) : readEventCounter(number & 31);
}

/** Sstc: where there is one; below M, mcounteren.TM and menvcfg.STCE must both be set. */
function supervisorTimer(): bool {
  const isOn = (cell(MENVCFG) & STCE) != 0 && (cell(MCOUNTEREN) & 2) != 0;
  if (!has(FEATURE_SSTC) || (cell(PRIV) < PRIV_M && !isOn)) isIllegal = true;
  return !isIllegal;
}
