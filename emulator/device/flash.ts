/**
 * The board's flash: two banks one behind the other, CFI (flash-bank.ts). With an image in either of them, harts read and run
 * it straight, as fast as RAM, while a bank is not in the middle of a command; without any it is a device like others, and
 * takes no memory until it is written.
 */
import type { StateReader, StateWriter } from '../base/state.ts';
import { UserError } from '../base/user-error.ts';
import type { Device, DtNode, GuestErrorLog, Width } from '../bus/device.ts';
import type { Ram } from '../bus/ram.ts';
import type { BlockBackend } from '../storage/block-backend.ts';
import { FlashBank } from './flash-bank.ts';
import { BANK_BYTES, FlashStore, type FlashMemory } from './flash-store.ts';

export const FLASH_BANKS = 2;
export const FLASH_BYTES = FLASH_BANKS * BANK_BYTES;
export const FLASH_BANK_BYTES = BANK_BYTES;

export class Flash implements Device {
  readonly name = 'flash';
  readonly windowSize = FLASH_BYTES;
  readonly minWidth = 1;
  readonly maxWidth = 8;
  private readonly banks: readonly FlashBank[];

  /** @param ram its `rom` is as large as flash, or nothing, and then no bank has an image */
  constructor(
    private readonly ram: Ram,
    private readonly images: readonly (BlockBackend | undefined)[],
    guestError: GuestErrorLog,
  ) {
    const isMapped = ram.rom.length !== 0;
    this.banks = Array.from({ length: FLASH_BANKS }, (_, bank) => {
      const image = images[bank];
      if (image && image.sizeBytes !== BANK_BYTES) {
        throw new UserError(
          `flash ${bank}: ${image.label ?? 'its image'} has ${image.sizeBytes} bytes, the bank ${BANK_BYTES}`,
          `make it as large: truncate -s ${BANK_BYTES} FILE`,
        );
      }
      const store = new FlashStore(isMapped ? this.memoryOf(bank) : undefined, image);
      return new FlashBank(store, guestError, isArray => isMapped && this.ram.openBank(bank, isArray));
    });
    this.reset();
  }

  read(offset: number, width: Width): number {
    return this.bankAt(offset).read(offset % BANK_BYTES, width);
  }

  write(offset: number, width: Width, value: number): void {
    this.bankAt(offset).write(offset % BANK_BYTES, width, value);
  }

  /** Bytes of the command line, before the guest runs. Precondition: they are inside. */
  place(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const at = offset + done;
      const length = Math.min(bytes.length - done, BANK_BYTES - (at % BANK_BYTES));
      this.bankAt(at).store.place(at % BANK_BYTES, bytes.subarray(done, done + length));
      done += length;
    }
  }

  reset(): void {
    for (const bank of this.banks) bank.reset();
  }

  save(out: StateWriter): void {
    for (const bank of this.banks) bank.save(out);
  }

  load(from: StateReader): void {
    for (const bank of this.banks) bank.load(from);
  }

  /** Must follow `load` when the images, too, are as they were. */
  imagesLoaded(): void {
    for (const bank of this.banks) bank.store.refresh();
  }

  describe(node: DtNode): void {
    node.prop('compatible', 'cfi-flash');
    node.prop('bank-width', 4);
  }

  inspect(): readonly string[] {
    return this.images.flatMap((image, bank) => (image ? [`bank ${bank}: ${image.label ?? 'in memory'}`] : []));
  }

  private bankAt(offset: number): FlashBank {
    return this.banks[Math.floor(offset / BANK_BYTES)]!;
  }

  private memoryOf(bank: number): FlashMemory {
    const start = bank * BANK_BYTES;
    return {
      bytes: this.ram.rom.subarray(start, start + BANK_BYTES),
      changed: (offset, length) => this.ram.romChanged(start + offset, length),
    };
  }
}
