/**
 * What stands in a bank of flash. With an image, the bytes are in memory that harts read straight (bus/ram.ts `rom`), and
 * what is written goes to the image too; without one, sectors come into being when they are written, and the rest is zero.
 */
import { assert } from '../base/assert.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import type { Width } from '../bus/device.ts';
import type { BlockBackend } from '../storage/block-backend.ts';

export const BANK_BYTES = 0x200_0000;
/** Of both chips. */
export const SECTOR_BYTES = 0x4_0000;
const SECTORS = BANK_BYTES / SECTOR_BYTES;
/** What a buffered program writes at once, in both chips. */
export const BLOCK_BYTES = 0x1000;
/** Images are written in whole sectors of a disk. */
const DISK_SECTOR = 512;

/** Memory of a bank that harts read and run straight. */
export interface FlashMemory {
  readonly bytes: Uint8Array;
  /** Must follow every change. */
  changed(offset: number, length: number): void;
}

export class FlashStore {
  /** Sectors written since power-on. */
  private readonly written = new Set<number>();
  /** Without memory: the sectors that are not zero throughout, as far as is known. */
  private readonly sectors = new Map<number, Uint8Array>();
  /** Sectors whose image may have changed below us. */
  private readonly stale = new Set<number>();

  constructor(
    private readonly memory: FlashMemory | undefined,
    private readonly image: BlockBackend | undefined,
  ) {
    if (image && memory) image.read(0, memory.bytes);
  }

  get isReadOnly(): boolean {
    return this.image?.isReadOnly ?? false;
  }

  read(offset: number, width: Width): number {
    const bytes = this.sector(Math.floor(offset / SECTOR_BYTES));
    if (!bytes) return 0;
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[(offset % SECTOR_BYTES) + i]!;
    return value;
  }

  copyBlock(offset: number, target: Uint8Array): void {
    const at = offset % SECTOR_BYTES;
    const bytes = this.sector(Math.floor(offset / SECTOR_BYTES));
    if (bytes) target.set(bytes.subarray(at, at + target.length));
    else target.fill(0);
  }

  program(offset: number, width: Width, value: number): void {
    this.change(
      offset,
      Uint8Array.from({ length: width }, (_, i) => (value >>> (8 * i)) & 0xff),
    );
  }

  writeBlock(offset: number, bytes: Uint8Array): void {
    this.change(offset, bytes);
  }

  erase(offset: number): void {
    this.change(offset, new Uint8Array(SECTOR_BYTES).fill(0xff));
  }

  /** From outside, at power-on: wherever it is, whatever is there. */
  place(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const at = offset + done;
      const length = Math.min(bytes.length - done, SECTOR_BYTES - (at % SECTOR_BYTES));
      this.change(at, bytes.subarray(done, done + length), false);
      done += length;
    }
  }

  save(out: StateWriter): void {
    const numbers = [...this.written].sort((a, b) => a - b);
    out.u32(numbers.length);
    for (const number of numbers) {
      out.u32(number);
      if (!this.image) out.bytes(this.sector(number)!);
    }
  }

  load(from: StateReader): void {
    const before = new Set(this.written);
    this.written.clear();
    for (let left = from.u32(); left > 0; left--) {
      const number = from.u32();
      assert(number < SECTORS, `flash has no sector ${number}`);
      this.written.add(number);
      if (this.image) before.add(number);
      else {
        const bytes = from.bytes();
        assert(bytes.length === SECTOR_BYTES, `a sector of flash has not ${bytes.length} bytes`);
        this.set(number, bytes);
        before.delete(number);
      }
    }
    for (const number of before) {
      if (this.image) this.stale.add(number);
      else this.set(number, new Uint8Array(SECTOR_BYTES));
    }
  }

  /** The image is as it was when the state that was loaded was saved. */
  refresh(): void {
    const { image, memory } = this;
    if (image && memory) {
      for (const number of this.stale) {
        const at = number * SECTOR_BYTES;
        image.read(at, memory.bytes.subarray(at, at + SECTOR_BYTES));
        memory.changed(at, SECTOR_BYTES);
      }
    }
    this.stale.clear();
  }

  private sector(number: number): Uint8Array | undefined {
    const at = number * SECTOR_BYTES;
    return this.memory ? this.memory.bytes.subarray(at, at + SECTOR_BYTES) : this.sectors.get(number);
  }

  private set(number: number, bytes: Uint8Array): void {
    const known = this.sector(number);
    if (known) known.set(bytes);
    else this.sectors.set(number, bytes.slice());
    this.memory?.changed(number * SECTOR_BYTES, SECTOR_BYTES);
  }

  /** Precondition: within a sector. */
  private change(offset: number, bytes: Uint8Array, writesImage = true): void {
    const number = Math.floor(offset / SECTOR_BYTES);
    let sector = this.sector(number);
    if (!sector) this.sectors.set(number, (sector = new Uint8Array(SECTOR_BYTES)));
    const at = offset % SECTOR_BYTES;
    sector.set(bytes, at);
    this.written.add(number);
    this.memory?.changed(offset, bytes.length);
    if (!this.image || !writesImage) return;
    const start = at - (at % DISK_SECTOR);
    const end = Math.ceil((at + bytes.length) / DISK_SECTOR) * DISK_SECTOR;
    this.image.write(offset - at + start, sector.subarray(start, end));
  }
}
