/**
 * Guest RAM: the upper part of a wasm memory whose lower part belongs to the CPU (memory-map.ts). Devices and loaders
 * reach it by physical address; the CPU reaches it directly. A dirty map (one byte per 4 KiB page) says what was
 * written since it was last cleared, by the CPU or by a device: restore and fork copy those pages only.
 */
import { assert } from '../base/assert.ts';
import { MIB, viewOf } from '../base/bytes.ts';
import { UserError } from '../base/user-error.ts';
import { memoryMap, PAGE_SIZE, ROM_OPEN_OFFSET, type MemoryMap } from './memory-map.ts';

const WASM_PAGE = 65536;
/** Below 4 GiB with what the CPU keeps beside it. */
export const MAX_RAM_BYTES = 3072 * MIB;

export class Ram {
  readonly map: MemoryMap;
  /** Hart state, TLB, decoded code and guest RAM. */
  readonly memory: WebAssembly.Memory;
  readonly ramOffset: number;
  /** Guest RAM alone. Whoever writes through it must call `markDirty`. */
  readonly u8: Uint8Array;
  private readonly view: DataView;
  private readonly dirty: Uint8Array;
  /** Pages that were dirty when the map was cleared. */
  private readonly touched: Uint8Array;
  private readonly code: Uint16Array;
  /** Goes up when decoded code was dropped or the dirty map cleared: harts flush what they derived from them. */
  staleGeneration = 0;

  /**
   * Memory behind RAM that harts read and run as they do RAM, as long as its bank is open, and never write straight. It
   * belongs to a device (device/flash.ts), which calls `romChanged`.
   */
  readonly rom: Uint8Array;
  private readonly openBanks: Int32Array;

  /**
   * @param size a multiple of 1 MiB, at most `MAX_RAM_BYTES`
   * @param romBytes how much ROM: none, or what `romBase` and the banks of cpu/layout.ts say
   */
  constructor(
    readonly size: number,
    readonly base = 0x8000_0000,
    harts = 1,
    readonly romBase = 0,
    romBytes = 0,
  ) {
    if (size <= 0 || size % MIB !== 0 || size > MAX_RAM_BYTES) {
      throw new UserError(
        `guest memory of ${size} bytes is not possible`,
        `give -m a whole number of MiB from 1 to ${MAX_RAM_BYTES / MIB}`,
      );
    }
    this.map = memoryMap(size, harts, romBytes);
    this.ramOffset = this.map.ramOffset;
    const pages = Math.ceil(this.map.totalBytes / WASM_PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.u8 = new Uint8Array(this.memory.buffer, this.ramOffset, size);
    this.view = viewOf(this.u8);
    this.dirty = new Uint8Array(this.memory.buffer, this.map.dirtyOffset, size / PAGE_SIZE);
    this.touched = new Uint8Array(size / PAGE_SIZE);
    this.code = new Uint16Array(this.memory.buffer, this.map.codeOffset, (size + romBytes) / PAGE_SIZE);
    this.rom = new Uint8Array(this.memory.buffer, this.map.romOffset, romBytes);
    this.openBanks = new Int32Array(this.memory.buffer, ROM_OPEN_OFFSET, 1);
  }

  /** Is [pa, pa+len) wholly inside? Any number is a legal question: descriptors come from the guest. */
  contains(pa: number, len: number): boolean {
    return pa >= this.base && len >= 0 && pa + len <= this.base + this.size;
  }

  read8(pa: number): number {
    return this.view.getUint8(this.offset(pa, 1));
  }
  read16(pa: number): number {
    return this.view.getUint16(this.offset(pa, 2), true);
  }
  read32(pa: number): number {
    return this.view.getUint32(this.offset(pa, 4), true);
  }
  write8(pa: number, value: number): void {
    this.view.setUint8(this.offset(pa, 1), value);
    this.markDirty(pa, 1);
  }
  write16(pa: number, value: number): void {
    this.view.setUint16(this.offset(pa, 2), value, true);
    this.markDirty(pa, 2);
  }
  write32(pa: number, value: number): void {
    this.view.setUint32(this.offset(pa, 4), value, true);
    this.markDirty(pa, 4);
  }
  /** A view, not a copy: valid while nobody writes there. */
  bytes(pa: number, len: number): Uint8Array {
    const at = this.offset(pa, len);
    return this.u8.subarray(at, at + len);
  }
  write(pa: number, bytes: Uint8Array): void {
    this.u8.set(bytes, this.offset(pa, bytes.length));
    this.markDirty(pa, bytes.length);
  }
  fill(pa: number, len: number, value: number): void {
    const at = this.offset(pa, len);
    this.u8.fill(value, at, at + len);
    this.markDirty(pa, len);
  }

  /** Must follow every write that did not go through this class's own methods. Drops the pages' decoded code. */
  markDirty(pa: number, len: number): void {
    if (len === 0) return;
    const first = Math.floor(this.offset(pa, len) / PAGE_SIZE);
    const last = Math.floor((pa - this.base + len - 1) / PAGE_SIZE);
    for (let page = first; page <= last; page++) {
      this.dirty[page] = 1;
      if (this.code[page] !== 0) {
        this.code[page] = 0;
        this.staleGeneration++;
      }
    }
  }

  /** Every instruction is to be decoded again. */
  dropCode(): void {
    this.code.fill(0);
    this.staleGeneration++;
  }

  /** From now on harts read and run a bank of ROM straight, or ask the bus about each access of it. */
  openBank(bank: number, isOpen: boolean): void {
    const bit = 1 << bank;
    if (((this.openBanks[0]! & bit) !== 0) === isOpen) return;
    this.openBanks[0]! ^= bit;
    this.staleGeneration++;
  }

  /** Must follow every change of `rom`: drops the pages' decoded code. */
  romChanged(offset: number, len: number): void {
    const first = Math.floor((this.size + offset) / PAGE_SIZE);
    const end = Math.ceil((this.size + offset + len) / PAGE_SIZE);
    for (let page = first; page < end; page++) {
      if (this.code[page] === 0) continue;
      this.code[page] = 0;
      this.staleGeneration++;
    }
  }

  /** What a debugger sees at physical addresses: RAM or ROM, else undefined. A view, not a copy. */
  peek(pa: number, len: number): Uint8Array | undefined {
    if (this.contains(pa, len)) return this.bytes(pa, len);
    const at = pa - this.romBase;
    return at >= 0 && len >= 0 && at + len <= this.rom.length ? this.rom.subarray(at, at + len) : undefined;
  }

  /** Indices of the pages written since `clearDirty`, ascending; page n is at `base + n * PAGE_SIZE`. */
  dirtyPages(): number[] {
    const pages: number[] = [];
    for (let page = this.dirty.indexOf(1); page !== -1; page = this.dirty.indexOf(1, page + 1)) pages.push(page);
    return pages;
  }

  /** Pages ever written, ascending: the rest is zero. */
  touchedPages(): number[] {
    for (const page of this.dirtyPages()) this.touched[page] = 1;
    const pages: number[] = [];
    for (let page = this.touched.indexOf(1); page !== -1; page = this.touched.indexOf(1, page + 1)) pages.push(page);
    return pages;
  }

  clearDirty(): void {
    for (const page of this.dirtyPages()) this.touched[page] = 1;
    this.dirty.fill(0);
    this.staleGeneration++;
  }

  private offset(pa: number, len: number): number {
    // Every access of a device comes by: the message is made when it is needed.
    if (!this.contains(pa, len)) assert(false, `physical range 0x${pa.toString(16)}+${len} is not RAM`);
    return pa - this.base;
  }
}
