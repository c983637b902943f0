/**
 * The trigger module (debug specification, "Trigger Module"): two triggers that compare addresses, each of type 2 (mcontrol)
 * or 6 (mcontrol6), and raise a breakpoint exception in front of the instruction. What can be written is QEMU 7.2's choice:
 * equality alone, no chains, no data. While none is armed, nothing asks here.
 */
import * as n from '../../isa/csr-numbers';
import { PRIV, TDATA1, TDATA2, TRIGGERS, TRIGGERS_ARMED, TSELECT } from '../layout';
import { triggersChanged } from './host';
import { BREAKPOINT, cell, setCell, setWord, word } from './state';
import { flushTlb } from './tlb';
import { trap } from './trap';

/** Of tdata1, in both types: kinds of access (the first two as watch.ts has them), and modes: bit 3 + privilege. */
const LOAD: i32 = 1;
const STORE: i32 = 2;
const EXECUTE: i32 = 4;
const ACCESSES: u64 = 7;
const MODES_SHIFT: u64 = 3;
const MODES: u64 = 0x58;
/** Type 6 keeps the bits of the modes of H too. */
const VIRTUAL_MODES: u64 = 3 << 23;
const TYPE_SHIFT: u64 = 60;
const TYPE_2: u64 = 2;
const TYPE_6: u64 = 6;
/** Sizes: two bits each here and there in type 2, four in type 6. */
const SIZE_LOW: u64 = 3 << 16;
const SIZE_HIGH: u64 = 3 << 21;
const SIZE_6: u64 = 15 << 16;
/** Any, 1, 2, 4 and 8 bytes; not 4, which is 6 bytes. */
const SIZES: u64 = 0b101111;
/** tinfo: types 2 and 6. */
const TYPES: u64 = (1 << 2) | (1 << 6);

export function readTrigger(number: i32): u64 {
  if (number == n.tselect) return cell(TSELECT);
  if (number == n.tdata1) return cell(selected(TDATA1));
  if (number == n.tdata2) return cell(selected(TDATA2));
  return number == n.tinfo ? TYPES : 0; // tdata3: no contexts to compare
}

export function writeTrigger(number: i32, value: u64): void {
  if (number == n.tselect) {
    if (value < <u64>TRIGGERS) setCell(TSELECT, value);
  } else if (number == n.tdata1) {
    const type = value >> TYPE_SHIFT;
    if (type != TYPE_2 && type != TYPE_6) return;
    setCell(selected(TDATA1), type == TYPE_2 ? legalType2(value) : legalType6(value));
    updateTriggers();
  } else if (number == n.tdata2) {
    setCell(selected(TDATA2), value);
    updateTriggers();
  }
}

function selected(cells: usize): usize {
  return cells + 8 * <usize>cell(TSELECT);
}

function legalType2(value: u64): u64 {
  const size = isSize(sizeOfType2(value)) ? value & (SIZE_LOW | SIZE_HIGH) : 0;
  return (TYPE_2 << TYPE_SHIFT) | size | (value & (ACCESSES | MODES));
}

function legalType6(value: u64): u64 {
  const size = isSize((value & SIZE_6) >> 16) ? value & SIZE_6 : 0;
  return (TYPE_6 << TYPE_SHIFT) | size | (value & (ACCESSES | MODES | VIRTUAL_MODES));
}

function sizeOfType2(value: u64): u64 {
  return ((value & SIZE_HIGH) >> 19) | ((value & SIZE_LOW) >> 16);
}
function isSize(code: u64): bool {
  return ((SIZES >> code) & 1) != 0;
}

/** How many bytes a trigger on loads and stores covers: QEMU 7.2 takes the size's code for their number. */
function bytesOf(control: u64): u64 {
  const size = control >> TYPE_SHIFT == TYPE_2 ? sizeOfType2(control) : (control & SIZE_6) >> 16;
  return size == 0 ? 8 : size;
}

/** After a change of tdata1 or tdata2: what is armed in some mode, and who has to know. */
export function updateTriggers(): void {
  let armed = 0;
  for (let i = 0; i < TRIGGERS; i++) armed |= accessesOf(i);
  const concerned = armed | word(TRIGGERS_ARMED);
  setWord(TRIGGERS_ARMED, armed);
  if ((concerned & EXECUTE) != 0) triggersChanged(markOf(0), markOf(1));
  if ((concerned & (LOAD | STORE)) != 0) flushTlb();
}

/** What a trigger fires for in some mode. */
function accessesOf(index: i32): i32 {
  const control = cell(TDATA1 + 8 * index);
  return (control & MODES) != 0 ? <i32>(control & ACCESSES) : 0;
}

/** Where in its page an instruction must be marked for this trigger, or -1. */
function markOf(index: i32): i32 {
  return (accessesOf(index) & EXECUTE) != 0 ? <i32>(cell(TDATA2 + 8 * index) & 0xfff) : -1;
}

/** Does a trigger fire for one of these accesses in the mode of now? MPRV does not change that mode. */
function isOn(index: i32, accesses: i32): bool {
  const control = cell(TDATA1 + 8 * index);
  return (accessesOf(index) & accesses) != 0 && ((control >> (MODES_SHIFT + cell(PRIV))) & 1) != 0;
}

/** Is there a trigger on executing at `pc`? */
export function isTriggered(pc: u64): bool {
  if ((word(TRIGGERS_ARMED) & EXECUTE) == 0) return false;
  for (let i = 0; i < TRIGGERS; i++) if (cell(TDATA2 + 8 * i) == pc && isOn(i, EXECUTE)) return true;
  return false;
}

/** Before an access: whether a trigger fires, and the instruction has trapped. */
export function triggersFor(va: u64, width: i32, accesses: i32): bool {
  if ((word(TRIGGERS_ARMED) & accesses) == 0) return false;
  for (let i = 0; i < TRIGGERS; i++) {
    if (!isOn(i, accesses) || !covers(i, va, va + <u64>(width - 1))) continue;
    trap(BREAKPOINT, 0);
    return true;
  }
  return false;
}

/** Is a page to be kept out of the data TLBs? */
export function hasTriggers(va: u64): bool {
  if ((word(TRIGGERS_ARMED) & (LOAD | STORE)) == 0) return false;
  const page = va & ~(<u64>0xfff);
  for (let i = 0; i < TRIGGERS; i++) {
    if ((accessesOf(i) & (LOAD | STORE)) != 0 && covers(i, page, page + 0xfff)) return true;
  }
  return false;
}

/** Any byte of it; one whose bytes would run over the end of the address space covers nothing. */
function covers(index: i32, first: u64, last: u64): bool {
  const address = cell(TDATA2 + 8 * index);
  const end = address + bytesOf(cell(TDATA1 + 8 * index)) - 1;
  return address <= last && first <= end;
}
