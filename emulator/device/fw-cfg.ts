/**
 * QEMU's fw_cfg device, as memory-mapped registers: how firmware finds out what was asked for on the command line. A guest
 * selects an item by its number and reads its bytes, one access after the other or by DMA; item FILE_DIR lists those that
 * have names. QEMU 7.2's docs/specs/fw_cfg.txt. All items are read-only. Registers and structures are big-endian, items'
 * numbers are little-endian.
 */
import { assert } from '../base/assert.ts';
import { concatBytes, joinWords, utf8, viewOf } from '../base/bytes.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { UserError } from '../base/user-error.ts';
import type { Device, DtNode, GuestErrorLog, Width } from '../bus/device.ts';
import type { Ram } from '../bus/ram.ts';

const DATA = 0;
const SELECTOR = 8;
const DMA = 0x10;
const DMA_LOW = 0x14;

/** What stands in the DMA register when it is read. */
const DMA_SIGNATURE = viewOf(utf8('QEMU CFG'));

/** Items by number. */
export const FwCfgItem = {
  SIGNATURE: 0,
  ID: 1,
  UUID: 2,
  NOGRAPHIC: 4,
  NB_CPUS: 5,
  KERNEL_SIZE: 8,
  INITRD_SIZE: 0xb,
  BOOT_MENU: 0xe,
  KERNEL_DATA: 0x11,
  INITRD_DATA: 0x12,
  CMDLINE_SIZE: 0x14,
  CMDLINE_DATA: 0x15,
  FILE_DIR: 0x19,
  FILE_FIRST: 0x20,
} as const;

const FILE_SLOTS = 0x20;
const ITEM_END = FwCfgItem.FILE_FIRST + FILE_SLOTS;
const ARCH_LOCAL = 0x8000;
const ITEM_MASK = 0x3fff;
/** Nothing is selected. */
const INVALID = 0xffff;

/** The traditional interface, and DMA. */
const FEATURES = 3;
const DIR_ENTRY_BYTES = 64;
const DIR_NAME_AT = 8;
export const FW_CFG_NAME_MAX = 55;

/** struct FWCfgDmaAccess */
const ACCESS_BYTES = 16;
const ACCESS_LENGTH_AT = 4;
const ACCESS_ADDRESS_AT = 8;
/** Bits of its control word; the item to select is in the upper half. */
const CTL_ERROR = 1;
const CTL_READ = 2;
const CTL_SKIP = 4;
const CTL_SELECT = 8;
const CTL_WRITE = 0x10;

export interface FwCfgFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface FwCfgOptions {
  readonly ram: Ram;
  readonly harts: number;
  /** `-fw_cfg`. */
  readonly files: readonly FwCfgFile[];
  /** Items by number, besides those that are always there. */
  readonly items?: readonly (readonly [number: number, bytes: Uint8Array])[];
  readonly guestError: GuestErrorLog;
}

/** What QEMU's board lists without being asked to. */
const BOARD_FILES: readonly FwCfgFile[] = [
  { name: 'bios-geometry', bytes: new Uint8Array(0) },
  { name: 'bootorder', bytes: new Uint8Array(0) },
  { name: 'etc/boot-fail-wait', bytes: new Uint8Array(4).fill(0xff) },
];

export class FwCfg implements Device {
  readonly name = 'fw-cfg';
  readonly windowSize = 0x18;
  readonly minWidth = 1;
  readonly maxWidth = 8;
  private readonly ram: Ram;
  private readonly guestError: GuestErrorLog;
  /** By name, in the order of their bytes. */
  private readonly files: readonly FwCfgFile[];
  private readonly items: Map<number, Uint8Array>;
  private selected = 0;
  private offset = 0;
  /** Upper half of the DMA address. */
  private dmaHigh = 0;

  constructor({ ram, harts, files, items = [], guestError }: FwCfgOptions) {
    this.ram = ram;
    this.guestError = guestError;
    this.files = sortedFiles(files);
    this.items = new Map([
      [FwCfgItem.SIGNATURE, utf8('QEMU')],
      [FwCfgItem.ID, u32le(FEATURES)],
      [FwCfgItem.UUID, new Uint8Array(16)],
      [FwCfgItem.NOGRAPHIC, u16le(1)],
      [FwCfgItem.NB_CPUS, u16le(harts)],
      [FwCfgItem.BOOT_MENU, u16le(0)],
      ...items,
      ...this.files.map(({ bytes }, i) => [FwCfgItem.FILE_FIRST + i, bytes] as const),
    ]);
  }

  accepts(offset: number, width: number, isWrite: boolean): boolean {
    if (offset < SELECTOR) return offset === DATA;
    if (offset < DMA) return isWrite && offset === SELECTOR && width === 2;
    return !isWrite || (width === 4 && offset % 4 === 0) || width === 8;
  }

  read(offset: number, width: Width): number {
    if (offset >= DMA) {
      const at = offset - DMA;
      if (width === 4) return DMA_SIGNATURE.getUint32(at, true);
      return width === 2 ? DMA_SIGNATURE.getUint16(at, true) : DMA_SIGNATURE.getUint8(at);
    }
    return this.readData(width).getUint32(0, true);
  }

  read64(offset: number): { lo: number; hi: number } {
    const view = offset === DATA ? this.readData(8) : DMA_SIGNATURE;
    return { lo: view.getUint32(0, true), hi: view.getUint32(4, true) };
  }

  write(offset: number, _width: Width, value: number): void {
    if (offset === SELECTOR) this.select(swap16(value));
    else if (offset === DMA) this.dmaHigh = swap32(value);
    else if (offset === DMA_LOW) this.startDma(swap32(value));
    // The data register has taken nothing since QEMU 2.4.
  }

  write64(offset: number, lo: number, hi: number): void {
    if (offset !== DMA) return;
    this.dmaHigh = swap32(lo);
    this.startDma(swap32(hi));
  }

  reset(): void {
    this.select(FwCfgItem.SIGNATURE);
    this.dmaHigh = 0;
  }

  save(out: StateWriter): void {
    out.u16(this.selected);
    out.u32(this.offset);
    out.u32(this.dmaHigh);
  }

  load(from: StateReader): void {
    const selected = from.u16();
    assert(selected === INVALID || (selected & ITEM_MASK) < ITEM_END, `fw_cfg item ${selected} is selected`);
    this.selected = selected;
    this.offset = from.u32();
    this.dmaHigh = from.u32();
  }

  describe(node: DtNode): void {
    node.prop('compatible', 'qemu,fw-cfg-mmio');
    node.prop('dma-coherent');
  }

  inspect(): readonly string[] {
    return this.files.map(({ name, bytes }) => `file ${name}, ${bytes.length} bytes`);
  }

  private select(number: number): void {
    this.offset = 0;
    this.selected = (number & ITEM_MASK) < ITEM_END ? number : INVALID;
  }

  /** What is left to read of the selected item: nothing, where there is no such item. */
  private rest(): Uint8Array {
    const { selected } = this;
    // The names of the directory are put together when somebody asks.
    const number = selected & ITEM_MASK;
    if (number === FwCfgItem.FILE_DIR && !this.items.has(number)) this.items.set(number, directory(this.files));
    const isThere = selected !== INVALID && (selected & ARCH_LOCAL) === 0;
    return (isThere ? this.items.get(number) : undefined)?.subarray(this.offset) ?? NOTHING;
  }

  /** The next bytes in their order, zeroes behind the end. */
  private readData(width: number): DataView {
    const part = this.rest().subarray(0, width);
    this.offset += part.length;
    const bytes = new Uint8Array(8);
    bytes.set(part);
    return viewOf(bytes);
  }

  /** Addresses and lengths are the guest's: what is not in RAM is an error, and a length has no end but RAM's. */
  private startDma(low: number): void {
    const { ram } = this;
    const at = joinWords(low, this.dmaHigh);
    this.dmaHigh = 0;
    if (!ram.contains(at, ACCESS_BYTES)) {
      this.guestError(`fw_cfg: DMA structure at 0x${at.toString(16)} is not in RAM`);
      this.answer(at, CTL_ERROR);
      return;
    }
    const access = viewOf(ram.bytes(at, ACCESS_BYTES));
    const control = access.getUint32(0);
    const length = access.getUint32(ACCESS_LENGTH_AT);
    const address = joinWords(access.getUint32(ACCESS_ADDRESS_AT + 4), access.getUint32(ACCESS_ADDRESS_AT));
    if ((control & CTL_SELECT) !== 0) this.select(control >>> 16);
    if ((control & CTL_READ) !== 0) this.answer(at, this.copyOut(address, length) ? 0 : CTL_ERROR);
    else if ((control & CTL_WRITE) !== 0) this.answer(at, this.refuseWrite(length) ? 0 : CTL_ERROR);
    else {
      if ((control & CTL_SKIP) !== 0) this.offset += Math.min(length, this.rest().length);
      this.answer(at, 0);
    }
  }

  private answer(at: number, control: number): void {
    if (this.ram.contains(at, 4)) this.ram.write32(at, swap32(control));
  }

  /** Returns whether all of it was in RAM; what is there is written in any case. */
  private copyOut(address: number, length: number): boolean {
    const part = this.rest().subarray(0, length);
    this.offset += part.length;
    const isWhole = this.ram.contains(address, length) || length === 0;
    if (!isWhole) this.guestError(`fw_cfg: DMA to 0x${address.toString(16)}, ${length} bytes, is not in RAM`);
    const end = this.ram.base + this.ram.size;
    const inRam = this.ram.contains(address, 0) ? Math.min(length, end - address) : 0;
    if (inRam > 0) {
      const copied = part.subarray(0, inRam);
      this.ram.write(address, copied);
      this.ram.fill(address + copied.length, inRam - copied.length, 0);
    }
    return isWhole;
  }

  /** Nothing can be written; the offset moves as if. Returns whether nothing was asked for. */
  private refuseWrite(length: number): boolean {
    this.offset += Math.min(length, this.rest().length);
    return length === 0;
  }
}

const NOTHING = new Uint8Array(0);

function sortedFiles(files: readonly FwCfgFile[]): FwCfgFile[] {
  const all = [...BOARD_FILES, ...files];
  for (const { name } of files) {
    if (utf8(name).length > FW_CFG_NAME_MAX)
      throw new UserError(`fw_cfg file ${name}: its name is too long`, `at most ${FW_CFG_NAME_MAX} bytes`);
    if (all.filter(file => file.name === name).length > 1)
      throw new UserError(`fw_cfg file ${name} is there twice`, 'give it another name');
  }
  if (all.length > FILE_SLOTS) {
    const most = FILE_SLOTS - BOARD_FILES.length;
    throw new UserError(`${files.length} fw_cfg files`, `the directory has room for ${most}`);
  }
  return all.sort((a, b) => compareBytes(utf8(a.name), utf8(b.name)));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? a.length - b.length : a[at]! - (b[at] ?? -1);
}

/** A count, then size, number and name of each; as long as if all slots were in use. */
function directory(files: readonly FwCfgFile[]): Uint8Array {
  const out = new Uint8Array(4 + FILE_SLOTS * DIR_ENTRY_BYTES);
  const view = viewOf(out);
  view.setUint32(0, files.length);
  files.forEach(({ name, bytes }, i) => {
    const at = 4 + i * DIR_ENTRY_BYTES;
    view.setUint32(at, bytes.length);
    view.setUint16(at + 4, FwCfgItem.FILE_FIRST + i);
    out.set(utf8(name), at + DIR_NAME_AT);
  });
  return out;
}

/** What firmware in flash loads a kernel from, where it is not in RAM already. */
export function kernelItems(
  kernel: Uint8Array,
  initrd: Uint8Array | undefined,
  append: string,
): (readonly [number, Uint8Array])[] {
  const commandLine = concatBytes([utf8(append), Uint8Array.of(0)]);
  return [
    [FwCfgItem.KERNEL_SIZE, u32le(kernel.length)],
    [FwCfgItem.KERNEL_DATA, kernel],
    ...(initrd
      ? ([
          [FwCfgItem.INITRD_SIZE, u32le(initrd.length)],
          [FwCfgItem.INITRD_DATA, initrd],
        ] as const)
      : []),
    [FwCfgItem.CMDLINE_SIZE, u32le(commandLine.length)],
    [FwCfgItem.CMDLINE_DATA, commandLine],
  ];
}

function u16le(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8);
}
function u32le(value: number): Uint8Array {
  return concatBytes([u16le(value & 0xffff), u16le(value >>> 16)]);
}
function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}
function swap32(value: number): number {
  return ((swap16(value & 0xffff) << 16) | swap16(value >>> 16)) >>> 0;
}
