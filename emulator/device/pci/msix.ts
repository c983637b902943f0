/**
 * MSI-X (PCI Local Bus 3.0, 6.8.2): a table of messages and a pending bit for each, behind a BAR of their own. A message
 * is a 4-byte write to memory. The board has no interrupt controller that takes messages, as QEMU's virt without
 * -M aia=aplic-imsic has none: operating systems see that in the device tree and stay with INTx.
 */
import { joinWords, viewOf } from '../../base/bytes.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { GuestErrorLog, Width } from '../../bus/device.ts';
import type { Ram } from '../../bus/ram.ts';
import type { BarRegion } from './function.ts';

export const MSIX_CAP = 0x11;
export const MSIX_BAR_BYTES = 0x1000;
export const NO_VECTOR = 0xffff;
const ENTRY_BYTES = 16;
const ENTRY_DATA = 8;
const ENTRY_CONTROL = 12;
const MASKED = 1;
const PENDING_OFFSET = 0x800;

/** Message control, the capability's second half-word. */
export const CONTROL_ENABLE = 0x8000;
export const CONTROL_FUNCTION_MASK = 0x4000;

export class Msix implements BarRegion {
  private readonly table: Uint8Array;
  private readonly view: DataView;
  private readonly pending: boolean[];

  constructor(
    readonly vectors: number,
    private readonly ram: Ram,
    private readonly control: () => number,
    private readonly guestError: GuestErrorLog,
  ) {
    this.table = new Uint8Array(vectors * ENTRY_BYTES);
    this.view = viewOf(this.table);
    this.pending = new Array<boolean>(vectors).fill(false);
    this.reset();
  }

  /** Behind id and next pointer: message control, then where table and pending bits are in BAR `bir`. */
  capability(bir: number): Uint8Array {
    const body = new Uint8Array(10);
    const view = viewOf(body);
    view.setUint16(0, this.vectors - 1, true);
    view.setUint32(2, bir, true);
    view.setUint32(6, PENDING_OFFSET | bir, true);
    return body;
  }

  get isEnabled(): boolean {
    return (this.control() & CONTROL_ENABLE) !== 0;
  }

  /** What a driver's choice of vector comes to: those that do not exist are none. */
  vector(value: number): number {
    return value < this.vectors ? value : NO_VECTOR;
  }

  /** Sends a vector's message, or keeps it while it is masked. Precondition: `isEnabled`. */
  notify(vector: number): void {
    if (vector >= this.vectors) return;
    this.pending[vector] = true;
    this.deliver();
  }

  /** To be called whenever a mask may have been lifted. */
  deliver(): void {
    if ((this.control() & (CONTROL_ENABLE | CONTROL_FUNCTION_MASK)) !== CONTROL_ENABLE) return;
    for (let vector = 0; vector < this.vectors; vector++) {
      const at = vector * ENTRY_BYTES;
      if (!this.pending[vector] || this.view.getUint32(at + ENTRY_CONTROL, true) & MASKED) continue;
      this.pending[vector] = false;
      const pa = joinWords(this.view.getUint32(at, true), this.view.getUint32(at + 4, true));
      const isSendable = pa % 4 === 0 && this.ram.contains(pa, 4);
      if (isSendable) this.ram.write32(pa, this.view.getUint32(at + ENTRY_DATA, true));
      else this.guestError(`pci: message of vector ${vector} to 0x${pa.toString(16)}, where nobody takes it`);
    }
  }

  read(offset: number, width: Width): number {
    if (offset >= PENDING_OFFSET) {
      const first = (offset - PENDING_OFFSET) * 8;
      let bits = 0;
      for (let i = 0; i < 8 * width; i++) if (this.pending[first + i]) bits += 2 ** i;
      return bits;
    }
    let value = 0;
    for (let i = 0; i < width; i++) value += (this.table[offset + i] ?? 0) * 2 ** (8 * i);
    return value;
  }

  write(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width && offset + i < this.table.length; i++) this.table[offset + i] = value >>> (8 * i);
    this.deliver();
  }

  reset(): void {
    this.table.fill(0);
    this.pending.fill(false);
    for (let at = ENTRY_CONTROL; at < this.table.length; at += ENTRY_BYTES) this.view.setUint32(at, MASKED, true);
  }

  save(out: StateWriter): void {
    out.bytes(this.table);
    for (const isPending of this.pending) out.bool(isPending);
  }

  load(from: StateReader): void {
    this.table.set(from.bytes().subarray(0, this.table.length));
    for (let i = 0; i < this.vectors; i++) this.pending[i] = from.bool();
  }
}
