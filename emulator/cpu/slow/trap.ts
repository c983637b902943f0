/**
 * Traps, trap returns and what follows from a change of privilege (privileged specification, "Machine-Level CSRs" and
 * "Supervisor CSRs"). A synchronous trap ends the instruction in progress: NEXT_PC becomes the vector.
 */
import {
  BARE_OWNER,
  CFG_DATA_TLB,
  CFG_TLB_BYTES,
  CUR_EXEC_TLB,
  CUR_TLB,
  DATA_CONTEXT,
  DATA_PRIV,
  EXEC_CONTEXT,
  FFLAGS,
  FLOAT_FAST,
  FRM,
  FS_DIRTY,
  MCAUSE,
  MEDELEG,
  MEPC,
  MIDELEG,
  MIE,
  MMU_BARE,
  MMU_SUPERVISOR,
  MMU_SUPERVISOR_SUM,
  MMU_USER,
  MSTATUS,
  MTVAL,
  MTVEC,
  NEXT_PC,
  NO_INTERRUPTS,
  PC,
  PRIV,
  RESERVED,
  SATP,
  SCAUSE,
  SEPC,
  STVAL,
  STVEC,
  TLB_READY,
  TRACE_TRAPS,
  TRAPPED,
} from '../layout';
import { trapTaken } from './host';
import {
  cell,
  FS,
  MIE_BIT,
  MPIE,
  MPP,
  MPP_SHIFT,
  MPRV,
  pendingInterrupts,
  PRIV_M,
  PRIV_S,
  PRIV_U,
  raiseEvent,
  setCell,
  setWord,
  SIE,
  SPIE,
  SPP,
  SUM,
  word,
} from './state';
import { isPmpActive } from './pmp';
import { execTable, flushTlb, initTlb } from './tlb';

const INTERRUPT: u64 = 1 << 63;

/** Recomputes what is derived from privilege, mstatus and satp. */
export function updateContext(): void {
  const status = cell(MSTATUS);
  const priv = cell(PRIV);
  updateFloat();
  const execContext = contextOf(priv, 0);
  setWord(EXEC_CONTEXT, execContext);
  setWord(CUR_EXEC_TLB, <i32>execTable(execContext));
  const dataPriv = priv == PRIV_M && (status & MPRV) != 0 ? (status & MPP) >> MPP_SHIFT : priv;
  const context = contextOf(dataPriv, status);
  setCell(DATA_PRIV, dataPriv);
  setWord(DATA_CONTEXT, context);
  setWord(CUR_TLB, word(CFG_DATA_TLB) + context * 2 * word(CFG_TLB_BYTES));
  if ((word(TLB_READY) & (1 << context)) == 0) initTlb(context);
  if (isPmpActive()) separateBare(priv, dataPriv);
  raiseEvent();
}

/** The bare context is shared by modes to which PMP may give different rights: what another one filled goes. */
function separateBare(priv: u64, dataPriv: u64): void {
  if (word(EXEC_CONTEXT) != MMU_BARE && word(DATA_CONTEXT) != MMU_BARE) return;
  const owner = <i32>((priv << 2) | dataPriv);
  if (owner != word(BARE_OWNER)) flushTlb();
  setWord(BARE_OWNER, owner);
}

/** After a change of mstatus.FS, fflags or frm. */
export function updateFloat(): void {
  const isDirty = (cell(MSTATUS) & FS) == FS;
  setWord(FS_DIRTY, isDirty ? 1 : 0);
  const isNearest = isDirty && cell(FRM) == 0;
  setWord(FLOAT_FAST, !isNearest ? 0 : (cell(FFLAGS) & 1) != 0 ? 2 : 1);
}

function contextOf(priv: u64, status: u64): i32 {
  if (priv == PRIV_M || cell(SATP) >> 60 == 0) return MMU_BARE;
  if (priv == PRIV_U) return MMU_USER;
  return (status & SUM) != 0 ? MMU_SUPERVISOR_SUM : MMU_SUPERVISOR;
}

/** Any trap or return, even to the same mode, ends a load reservation, as on QEMU. */
export function setPrivilege(priv: u64): void {
  setCell(PRIV, priv);
  setCell(RESERVED, 0);
  updateContext();
}

/** A synchronous exception of the instruction at PC. */
export function trap(cause: u64, tval: u64): void {
  const priv = cell(PRIV);
  const toS = priv <= PRIV_S && ((cell(MEDELEG) >> cause) & 1) != 0;
  setCell(NEXT_PC, enterHandler(toS, cause, tval));
  setWord(TRAPPED, 1);
}

/** Takes the most urgent enabled interrupt, if any, before the instruction at PC. */
export function takeInterrupt(): void {
  const pending = pendingInterrupts() & cell(MIE);
  if (pending == 0 || word(NO_INTERRUPTS) != 0) return;
  const priv = cell(PRIV);
  const status = cell(MSTATUS);
  const delegated = cell(MIDELEG);
  let ready: u64 = 0;
  if (priv < PRIV_M || (status & MIE_BIT) != 0) ready = pending & ~delegated;
  let toS = false;
  if (ready == 0 && (priv < PRIV_S || (priv == PRIV_S && (status & SIE) != 0))) {
    ready = pending & delegated;
    toS = true;
  }
  if (ready == 0) return;
  setCell(PC, enterHandler(toS, INTERRUPT | mostUrgent(ready), 0));
}

/** MEI, MSI, MTI, SEI, SSI, STI, then counter overflow. */
function mostUrgent(ready: u64): u64 {
  if ((ready & (1 << 11)) != 0) return 11;
  if ((ready & (1 << 3)) != 0) return 3;
  if ((ready & (1 << 7)) != 0) return 7;
  if ((ready & (1 << 9)) != 0) return 9;
  if ((ready & (1 << 1)) != 0) return 1;
  return (ready & (1 << 5)) != 0 ? 5 : 13;
}

/** Saves where we were, switches to S or M, and returns the address of the handler. */
function enterHandler(toS: bool, cause: u64, tval: u64): u64 {
  const status = cell(MSTATUS);
  const priv = cell(PRIV);
  const epc = cell(PC);
  let vector: u64;
  if (toS) {
    setCell(SCAUSE, cause);
    setCell(SEPC, epc);
    setCell(STVAL, tval);
    let next = status & ~(SPIE | SIE | SPP);
    if ((status & SIE) != 0) next |= SPIE;
    if (priv == PRIV_S) next |= SPP;
    setCell(MSTATUS, next);
    vector = cell(STVEC);
    setPrivilege(PRIV_S);
  } else {
    setCell(MCAUSE, cause);
    setCell(MEPC, epc);
    setCell(MTVAL, tval);
    let next = status & ~(MPIE | MIE_BIT | MPP);
    if ((status & MIE_BIT) != 0) next |= MPIE;
    next |= priv << MPP_SHIFT;
    setCell(MSTATUS, next);
    vector = cell(MTVEC);
    setPrivilege(PRIV_M);
  }
  if (word(TRACE_TRAPS) != 0) trapTaken();
  const isVectored = (vector & 3) == 1 && (cause & INTERRUPT) != 0;
  return (vector & ~(<u64>3)) + (isVectored ? 4 * (cause & 63) : 0);
}

export function returnFromMachine(): void {
  const status = cell(MSTATUS);
  const previous = (status & MPP) >> MPP_SHIFT;
  let next = status & ~(MIE_BIT | MPP | MPIE);
  if ((status & MPIE) != 0) next |= MIE_BIT;
  if (previous != PRIV_M) next &= ~MPRV;
  setCell(MSTATUS, next | MPIE);
  setCell(NEXT_PC, cell(MEPC));
  setPrivilege(previous);
}

export function returnFromSupervisor(): void {
  const status = cell(MSTATUS);
  const previous = (status & SPP) != 0 ? PRIV_S : PRIV_U;
  let next = status & ~(SIE | SPP | SPIE | MPRV);
  if ((status & SPIE) != 0) next |= SIE;
  setCell(MSTATUS, next | SPIE);
  setCell(NEXT_PC, cell(SEPC));
  setPrivilege(previous);
}
