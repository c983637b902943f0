/**
 * One bank of NOR flash: two 16-bit chips side by side on a 32-bit bus, with the Common Flash Interface and Intel's command
 * set, as QEMU 7.2's pflash_cfi01 has them: no timing, an erase takes effect with its first command, programming may set bits.
 * Reads answer the contents until a command is written, then status, identification or the CFI table until READ_ARRAY.
 */
import { assert, isOurMistake } from '../base/assert.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import type { GuestErrorLog, Width } from '../bus/device.ts';
import { CFI_TABLE } from './cfi-table.ts';
import { BANK_BYTES, BLOCK_BYTES, SECTOR_BYTES, type FlashStore } from './flash-store.ts';

const READ_ARRAY = 0;
const PROGRAM = 0x40;
const PROGRAM_ALTERNATE = 0x10;
const ERASE = 0x20;
const CLEAR_STATUS = 0x50;
const LOCK = 0x60;
const READ_STATUS = 0x70;
const READ_ID = 0x90;
const QUERY = 0x98;
const CONFIRM = 0xd0;
const LOCK_SET = 0x01;
const BUFFERED_PROGRAM = 0xe8;

const STATUS_READY = 0x80;
const STATUS_ERASE_ERROR = 0x20;
const STATUS_PROGRAM_ERROR = 0x10;

/** Intel's number, and that of the chip. */
const MANUFACTURER = 0x89;
const CHIP = 0x18;

/** How many writes into a command sequence it is, for those that have more than one. */
const FIRST = 0;
const SECOND = 1;
const DATA = 2;
const LAST = 3;

/** Both chips answer the same. */
const onBothChips = (value: number): number => (value | (value << 16)) >>> 0;

export class FlashBank {
  private cycle = FIRST;
  private command = READ_ARRAY;
  private status = STATUS_READY;
  /** Of a buffered program: writes to come after the next one. */
  private count = 0;
  /** Where the buffer of a buffered program belongs, if there is one. */
  private blockAt: number | undefined;
  private readonly block = new Uint8Array(BLOCK_BYTES);

  constructor(
    readonly store: FlashStore,
    private readonly log: GuestErrorLog,
    /** Whether reads answer the contents, at each change. */
    private readonly onArrayMode: (isArray: boolean) => void,
  ) {}

  read(offset: number, width: Width): number {
    const words = offset >>> 2;
    switch (this.command) {
      case READ_ARRAY:
        return this.store.read(offset, width);
      case READ_ID: {
        const place = words & 0xff;
        return place === 0 ? onBothChips(MANUFACTURER) : place === 1 ? onBothChips(CHIP) : 0;
      }
      case QUERY:
        return onBothChips(CFI_TABLE[words] ?? 0);
      default:
        return width === 4 ? onBothChips(this.status) : this.status;
    }
  }

  write(offset: number, width: Width, value: number): void {
    const byte = value & 0xff;
    if (this.cycle === FIRST) {
      this.onArrayMode(false);
      this.begin(offset, byte);
    } else if (this.cycle === SECOND) this.goOn(offset, width, value);
    else if (this.cycle === DATA) this.fillBlock(offset, width, value);
    else this.finishBlock(byte);
  }

  reset(): void {
    this.status = STATUS_READY;
    this.blockAt = undefined;
    this.readArray();
  }

  save(out: StateWriter): void {
    out.u8(this.cycle);
    out.u8(this.command);
    out.u8(this.status);
    out.u32(this.count);
    out.bool(this.blockAt !== undefined);
    out.u32(this.blockAt ?? 0);
    if (this.blockAt !== undefined) out.bytes(this.block);
    this.store.save(out);
  }

  load(from: StateReader): void {
    this.cycle = from.u8();
    this.command = from.u8();
    this.status = from.u8();
    this.count = from.u32();
    const hasBlock = from.bool();
    const blockAt = from.u32();
    assert(
      this.cycle <= LAST && blockAt % BLOCK_BYTES === 0 && blockAt < BANK_BYTES,
      'a state that flash cannot be in',
    );
    this.blockAt = hasBlock ? blockAt : undefined;
    if (hasBlock) this.block.set(from.bytes().subarray(0, BLOCK_BYTES));
    this.store.load(from);
    this.onArrayMode(this.command === READ_ARRAY && this.cycle === FIRST);
  }

  private begin(offset: number, command: number): void {
    switch (command) {
      case PROGRAM:
      case PROGRAM_ALTERNATE:
      case LOCK:
      case QUERY:
        this.cycle = SECOND;
        break;
      case ERASE:
        if (!this.change(() => this.store.erase(offset - (offset % SECTOR_BYTES)))) this.status |= STATUS_ERASE_ERROR;
        this.status |= STATUS_READY;
        this.cycle = SECOND;
        break;
      case BUFFERED_PROGRAM:
        this.status |= STATUS_READY;
        this.cycle = SECOND;
        break;
      case READ_STATUS:
      case READ_ID:
        break;
      case CLEAR_STATUS:
        this.status = 0;
        this.readArray();
        return;
      default:
        this.readArray();
        return;
    }
    this.command = command;
  }

  private goOn(offset: number, width: Width, value: number): void {
    const byte = value & 0xff;
    switch (this.command) {
      case PROGRAM:
      case PROGRAM_ALTERNATE:
        if (!this.change(() => this.store.program(offset, width, value))) this.status |= STATUS_PROGRAM_ERROR;
        this.done();
        break;
      case ERASE:
        if (byte === CONFIRM) this.done();
        else this.readArray();
        break;
      case LOCK:
        if (byte === CONFIRM || byte === LOCK_SET) this.done();
        else this.readArray();
        break;
      case QUERY:
        if (byte === 0xff) this.readArray();
        break;
      case BUFFERED_PROGRAM:
        this.count = value & 0xffff;
        this.blockAt = offset - (offset % BLOCK_BYTES);
        this.store.copyBlock(this.blockAt, this.block);
        this.cycle = DATA;
        break;
      default:
        this.readArray();
    }
  }

  private fillBlock(offset: number, width: Width, value: number): void {
    const at = offset - (this.blockAt ?? NaN);
    const isInside = at >= 0 && at + width <= BLOCK_BYTES;
    if (isInside && !this.store.isReadOnly) for (let i = 0; i < width; i++) this.block[at + i] = value >>> (8 * i);
    else this.status |= STATUS_PROGRAM_ERROR;
    this.status |= STATUS_READY;
    if (this.count === 0) this.cycle = LAST;
    else this.count--;
  }

  private finishBlock(command: number): void {
    const at = this.blockAt;
    this.blockAt = undefined;
    if (at === undefined || command !== CONFIRM || (this.status & STATUS_PROGRAM_ERROR) !== 0) {
      this.readArray();
      return;
    }
    this.change(() => this.store.writeBlock(at, this.block));
    this.done();
  }

  private done(): void {
    this.status |= STATUS_READY;
    this.cycle = FIRST;
  }

  private readArray(): void {
    this.cycle = FIRST;
    this.command = READ_ARRAY;
    this.onArrayMode(true);
  }

  /** Returns whether it can be written. What the host's file does not take is lost with the machine, as on QEMU. */
  private change(write: () => void): boolean {
    if (this.store.isReadOnly) return false;
    try {
      write();
    } catch (error) {
      if (isOurMistake(error)) throw error;
      this.log(`flash: its image was not written: ${error instanceof Error ? error.message : String(error)}`);
    }
    return true;
  }
}
