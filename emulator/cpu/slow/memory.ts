/**
 * Loads and stores that the fast path gave up on: TLB misses, misaligned and page-crossing accesses, devices, stores
 * into pages with decoded code. After a fault `hasTrapped` is true and the value means nothing.
 */
import {
  CFG_DATA_TLB,
  CFG_TLB_BYTES,
  DATA_CONTEXT,
  MMIO_FAULT,
  MMIO_HI,
  RESERVATION,
  RESERVATION_VALUE,
  RESERVED,
} from '../layout';
import { mmioRead, mmioWrite } from './host';
import { isOpen, isRam, isReadable, noteLarge, placeOf, translate, trapAccess } from './mmu';
import { hasCode, markWritten, pageOf } from './ram';
import { cell, hasTrapped, LOAD_MISALIGNED, READ, setCell, STORE_MISALIGNED, word, WRITE } from './state';
import { fillData, findData } from './tlb';
import { trap } from './trap';
import { hasTriggers, triggersFor } from './triggers';
import { hasWatchpoints, isPageWatched, ON_READ, ON_WRITE, stopsFor } from './watch';

/** Zero-extended. */
export function loadSlow(va: u64, width: i32): u64 {
  if (stopsFor(va, width, ON_READ) || triggersFor(va, width, ON_READ)) return 0;
  return loadAny(va, width);
}

export function storeSlow(va: u64, width: i32, value: u64): void {
  if (!stopsFor(va, width, ON_WRITE) && !triggersFor(va, width, ON_WRITE)) storeAny(va, width, value);
}

/** The load half of an AMO: needs permission to store. */
export function loadForUpdate(va: u64, width: i32): u64 {
  if (stopsFor(va, width, ON_READ | ON_WRITE) || triggersFor(va, width, ON_READ | ON_WRITE)) return 0;
  return loadStorable(va, width);
}

function loadAny(va: u64, width: i32): u64 {
  if ((va & 0xfff) + <u64>width > 4096) return loadAcross(va, width);
  const place = findData(tableOf(READ), va);
  if (place != 0) return loadPlace(place, width);
  const pa = translate(va, width, READ, word(DATA_CONTEXT));
  if (hasTrapped()) return 0;
  if (!isReadable(pa, width)) return loadDevice(va, pa, width);
  fill(va, pa, READ);
  return loadPlace(placeOf(pa), width);
}

function storeAny(va: u64, width: i32, value: u64): void {
  if ((va & 0xfff) + <u64>width > 4096) {
    storeAcross(va, width, value);
    return;
  }
  const place = findData(tableOf(WRITE), va);
  if (place != 0) {
    storePlace(place, width, value);
    return;
  }
  const pa = translate(va, width, WRITE, word(DATA_CONTEXT));
  if (hasTrapped()) return;
  if (!isRam(pa, width)) {
    storeDevice(va, pa, width, value);
    return;
  }
  storeRam(pa, width, value);
  if (!hasCode(pageOf(pa))) fill(va, pa, WRITE);
}

function loadStorable(va: u64, width: i32): u64 {
  if ((va & (<u64>(width - 1))) != 0) {
    trap(STORE_MISALIGNED, va);
    return 0;
  }
  const place = findData(tableOf(WRITE), va);
  if (place != 0) return loadPlace(place, width);
  const pa = translate(va, width, WRITE, word(DATA_CONTEXT));
  if (hasTrapped()) return 0;
  return isRam(pa, width) ? loadPlace(placeOf(pa), width) : loadDevice(va, pa, width);
}

export function loadReserved(va: u64, width: i32): u64 {
  if ((va & (<u64>(width - 1))) != 0) {
    trap(LOAD_MISALIGNED, va);
    return 0;
  }
  const value = loadSlow(va, width);
  if (hasTrapped()) return 0;
  setCell(RESERVATION, va);
  setCell(RESERVATION_VALUE, value);
  setCell(RESERVED, <u64>width);
  return value;
}

/** 0 when it stored. As on QEMU, a store in between that left the same value does no harm. */
export function storeConditional(va: u64, width: i32, value: u64): u64 {
  if ((va & (<u64>(width - 1))) != 0) {
    trap(STORE_MISALIGNED, va);
    return 0;
  }
  if (stopsFor(va, width, ON_WRITE)) return 1;
  const holds = cell(RESERVED) == <u64>width && cell(RESERVATION) == va;
  setCell(RESERVED, 0);
  if (!holds) return 1;
  if (loadStorable(va, width) != cell(RESERVATION_VALUE) || hasTrapped()) return 1;
  storeSlow(va, width, value);
  return 0;
}

function tableOf(access: i32): usize {
  const bytes = <usize>word(CFG_TLB_BYTES);
  return <usize>word(CFG_DATA_TLB) + (<usize>word(DATA_CONTEXT) * 2 + <usize>access) * bytes;
}

/** Lets the fast path have the page, unless PMP gives rights to parts of it only or somebody watches it. */
function fill(va: u64, pa: u64, access: i32): void {
  if ((hasWatchpoints() && isPageWatched(va)) || hasTriggers(va)) return;
  const page = pa & ~(<u64>0xfff);
  if (!isOpen(page, 4096, access)) return;
  noteLarge(va);
  fillData(tableOf(access), va, placeOf(page));
}

function loadPlace(place: usize, width: i32): u64 {
  if (width == 8) return load<u64>(place);
  if (width == 4) return <u64>load<u32>(place);
  if (width == 2) return <u64>load<u16>(place);
  return <u64>load<u8>(place);
}

function storePlace(place: usize, width: i32, value: u64): void {
  if (width == 8) store<u64>(place, value);
  else if (width == 4) store<u32>(place, <u32>value);
  else if (width == 2) store<u16>(place, <u16>value);
  else store<u8>(place, <u8>value);
}

function storeRam(pa: u64, width: i32, value: u64): void {
  storePlace(placeOf(pa), width, value);
  markWritten(pa);
}

/** A device register must be naturally aligned, as on QEMU's board. */
function loadDevice(va: u64, pa: u64, width: i32): u64 {
  if ((pa & (<u64>(width - 1))) != 0) {
    trapAccess(va, READ);
    return 0;
  }
  const lo = <u64>(<u32>mmioRead(<f64>pa, width));
  if (word(MMIO_FAULT) != 0) {
    trapAccess(va, READ);
    return 0;
  }
  if (width == 8) return lo | ((<u64>(<u32>word(MMIO_HI))) << 32);
  return width == 4 ? lo : lo & ((1 << (8 * width)) - 1);
}

function storeDevice(va: u64, pa: u64, width: i32, value: u64): void {
  if ((pa & (<u64>(width - 1))) != 0) {
    trapAccess(va, WRITE);
    return;
  }
  const lo = width >= 4 ? <u32>value : (<u32>value) & ((1 << (8 * width)) - 1);
  mmioWrite(<f64>pa, width, lo, <i32>(value >> 32));
  if (word(MMIO_FAULT) != 0) trapAccess(va, WRITE);
}

/** Both pages are translated before anything happens; a fault in the second one reports that page's address. */
function loadAcross(va: u64, width: i32): u64 {
  const second = (va | 0xfff) + 1;
  const first = translate(va, second - va, READ, word(DATA_CONTEXT));
  if (hasTrapped()) return 0;
  const secondPa = translate(second, va + width - second, READ, word(DATA_CONTEXT));
  if (hasTrapped()) return 0;
  let value: u64 = 0;
  for (let i = 0; i < width; i++) {
    const at = va + i;
    const pa = at < second ? first + i : secondPa + (at - second);
    if (!isReadable(pa, 1)) {
      trapAccess(at, READ);
      return 0;
    }
    value |= (<u64>load<u8>(placeOf(pa))) << (8 * i);
  }
  return value;
}

function storeAcross(va: u64, width: i32, value: u64): void {
  const second = (va | 0xfff) + 1;
  const first = translate(va, second - va, WRITE, word(DATA_CONTEXT));
  if (hasTrapped()) return;
  const secondPa = translate(second, va + width - second, WRITE, word(DATA_CONTEXT));
  if (hasTrapped()) return;
  if (!isRam(first, 1) || !isRam(secondPa, 1)) {
    trapAccess(isRam(first, 1) ? second : va, WRITE);
    return;
  }
  for (let i = 0; i < width; i++) {
    const at = va + i;
    storeRam(at < second ? first + i : secondPa + (at - second), 1, value >> (8 * i));
  }
}
