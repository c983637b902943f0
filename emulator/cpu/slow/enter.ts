/** Where the fast loop goes when something other than the next instruction of the same page is due. */
import {
  CUR_OP,
  CUR_PAGE,
  CUR_PAGE_VA,
  EVENT,
  EXEC_CONTEXT,
  EXIT,
  GUARDED_OP,
  HANDLER_BREAKPOINT,
  NEXT_PC,
  OP_HANDLER,
  OP_RAW,
  PC,
  TRAPPED,
} from '../layout';
import { isOpen, isReadable, noteLarge, placeOf, translate, trapAccess } from './mmu';
import { decodedPage, pageOf } from './ram';
import { BREAKPOINT, cell, EXECUTE, hasTrapped, setCell, setWord, word } from './state';
import { fillExec, findExec } from './tlb';
import { takeInterrupt, trap } from './trap';
import { isTriggered } from './triggers';

const GO: i32 = 0;
const FAULT: i32 = -1;
/** ExitReason.Budget + 1 */
const EXIT_BUDGET: i32 = 1;

/**
 * Prepares the fast loop for the instruction at PC. Returns 0 to go on, ExitReason + 1 to leave, or -1 when fetching
 * or a trigger trapped, which counts as an instruction (else a vector that cannot be run would never use up the budget).
 */
export function enter(remaining: i32): i32 {
  setWord(EVENT, 0);
  setWord(TRAPPED, 0);
  const exit = word(EXIT);
  if (exit != 0) {
    setWord(EXIT, 0);
    return exit;
  }
  if (remaining <= 0) return EXIT_BUDGET;
  takeInterrupt();
  const pc = cell(PC);
  if (isTriggered(pc)) {
    trap(BREAKPOINT, 0);
    setCell(PC, cell(NEXT_PC));
    return FAULT;
  }
  const context = word(EXEC_CONTEXT);
  let decoded = findExec(context, pc);
  if (decoded == 0) {
    const pa = fetchAddress(pc, context);
    if (hasTrapped()) {
      setCell(PC, cell(NEXT_PC));
      return FAULT;
    }
    if (!isOpen(pa & ~(<u64>0xfff), 4096, EXECUTE)) return enterGuarded(pc, pa);
    decoded = decodedPage(pageOf(pa));
    noteLarge(pc);
    fillExec(context, pc, decoded);
  }
  setWord(CUR_PAGE, <i32>decoded);
  setCell(CUR_PAGE_VA, pc & ~(<u64>0xfff));
  setWord(CUR_OP, <i32>(decoded + (((<usize>pc) & 0xffe) << 3)));
  return GO;
}

/**
 * PMP does not let all of this page run: each instruction is asked for on its own. It runs as one with a breakpoint mark
 * does, by the step function, and the event leads back here.
 */
function enterGuarded(pc: u64, pa: u64): i32 {
  let raw = <u32>load<u16>(placeOf(pa));
  if ((raw & 3) == 3 && (pc & 0xfff) != 0xffe) {
    if (!isOpen(pa + 2, 2, EXECUTE)) {
      trapAccess(pc + 2, EXECUTE);
      setCell(PC, cell(NEXT_PC));
      return FAULT;
    }
    raw = load<u32>(placeOf(pa));
  }
  store<u16>(GUARDED_OP + OP_HANDLER, HANDLER_BREAKPOINT);
  store<u32>(GUARDED_OP + OP_RAW, raw);
  setWord(CUR_OP, GUARDED_OP);
  // Where the page would begin if this op were in its place.
  setWord(CUR_PAGE, GUARDED_OP - (((<i32>pc) & 0xffe) << 3));
  setCell(CUR_PAGE_VA, pc & ~(<u64>0xfff));
  setWord(EVENT, 1);
  return GO;
}

/** Code runs from RAM and open ROM alone: anything else is an access fault. The caller asks PMP for the rest of the page. */
function fetchAddress(va: u64, context: i32): u64 {
  const pa = translate(va, 2, EXECUTE, context);
  if (!hasTrapped() && !isReadable(pa, 2)) trapAccess(va, EXECUTE);
  return pa;
}

/** The word of a 4-byte instruction at PC whose second half is in the next page; `low` is its first half. */
export function fetchStraddling(low: i32): i32 {
  const pa = fetchAddress(cell(PC) + 2, word(EXEC_CONTEXT));
  return hasTrapped() ? 0 : (low & 0xffff) | ((<i32>load<u16>(placeOf(pa))) << 16);
}
