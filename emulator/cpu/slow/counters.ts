/**
 * Zicntr and Zihpm: cycle, instret and 16 event counters (privileged specification, "Hardware Performance Monitor"). A
 * cycle is an instruction. An event counter counts when its event is one of the two that QEMU numbers after the SBI's
 * PMU extension: 1 cycles, 2 instructions; nothing else is counted. A counter that runs is kept as what instret adds to
 * it, one that stands still as its value.
 */
import {
  BUDGET,
  INSTRET_BASE,
  MCOUNTINHIBIT,
  MCYCLE_OFFSET,
  MHPMCOUNTER,
  MHPMEVENT,
  MINSTRET_OFFSET,
  REMAINING,
} from '../layout';
import { cell, setCell, word } from './state';

/** Their bits in mcountinhibit. */
export const CYCLE: i32 = 0;
export const INSTRET: i32 = 2;
const FIRST_EVENT: i32 = 3;
const LAST_COUNTER: i32 = 18;
const EVENT_INDEX: u64 = 0xf_ffff;
const EVENT_CYCLES: u64 = 1;
const EVENT_INSTRUCTIONS: u64 = 2;

/** Instructions begun since reset, this one included. */
export function instret(): u64 {
  return cell(INSTRET_BASE) + <u64>(word(BUDGET) - word(REMAINING));
}

function isInhibited(counter: i32): bool {
  return ((cell(MCOUNTINHIBIT) >> counter) & 1) != 0;
}

export function fixedCounter(counter: i32): u64 {
  return cell(counter == CYCLE ? MCYCLE_OFFSET : MINSTRET_OFFSET) + (isInhibited(counter) ? 0 : instret());
}
export function setFixedCounter(counter: i32, value: u64): void {
  setCell(counter == CYCLE ? MCYCLE_OFFSET : MINSTRET_OFFSET, value - (isInhibited(counter) ? 0 : instret()));
}

/** By an instruction: the next one reads what it wrote. */
export function writeFixedCounter(counter: i32, value: u64): void {
  setFixedCounter(counter, isInhibited(counter) ? value : value - 1);
}

export function readEvent(counter: i32): u64 {
  return cell(MHPMEVENT + 8 * (counter - FIRST_EVENT));
}
/** The counter goes on from where it is. */
export function writeEvent(counter: i32, event: u64): void {
  const value = counter <= LAST_COUNTER ? readEventCounter(counter) : 0;
  setCell(MHPMEVENT + 8 * (counter - FIRST_EVENT), event);
  if (counter <= LAST_COUNTER) writeEventCounter(counter, value);
}

function isCounting(counter: i32): bool {
  const event = readEvent(counter) & EVENT_INDEX;
  return (event == EVENT_CYCLES || event == EVENT_INSTRUCTIONS) && !isInhibited(counter);
}

/** `counter` is 3…18. */
export function readEventCounter(counter: i32): u64 {
  return cell(MHPMCOUNTER + 8 * (counter - FIRST_EVENT)) + (isCounting(counter) ? instret() : 0);
}
export function writeEventCounter(counter: i32, value: u64): void {
  setCell(MHPMCOUNTER + 8 * (counter - FIRST_EVENT), value - (isCounting(counter) ? instret() : 0));
}

const values = new StaticArray<u64>(LAST_COUNTER + 1);

/** mcountinhibit: every counter keeps its value. */
export function writeInhibit(inhibited: u64): void {
  values[CYCLE] = fixedCounter(CYCLE);
  values[INSTRET] = fixedCounter(INSTRET);
  for (let i = FIRST_EVENT; i <= LAST_COUNTER; i++) values[i] = readEventCounter(i);
  setCell(MCOUNTINHIBIT, inhibited);
  setFixedCounter(CYCLE, values[CYCLE]);
  setFixedCounter(INSTRET, values[INSTRET]);
  for (let i = FIRST_EVENT; i <= LAST_COUNTER; i++) writeEventCounter(i, values[i]);
}
