/**
 * One PCI function (PCI Local Bus 3.0, chapter 6): 256 bytes of configuration space with a mask of what the guest may
 * write, base address registers that answer the sizing probe, a capability list, and one INTx wire. A function knows
 * its registers; the host bridge knows what the guest has mapped where.
 */
import { assert } from '../../base/assert.ts';
import { joinWords, viewOf } from '../../base/bytes.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { Width } from '../../bus/device.ts';

export const CONFIG_BYTES = 256;

// Type 0 header.
export const VENDOR_ID = 0x00;
export const DEVICE_ID = 0x02;
export const COMMAND = 0x04;
export const STATUS = 0x06;
const REVISION_ID = 0x08;
/** Programming interface, subclass, base class. */
const CLASS_CODE = 0x09;
const CACHE_LINE_SIZE = 0x0c;
export const HEADER_TYPE = 0x0e;
const BASE_ADDRESS_0 = 0x10;
const SUBSYSTEM_VENDOR_ID = 0x2c;
const SUBSYSTEM_ID = 0x2e;
const CAPABILITIES_POINTER = 0x34;
const INTERRUPT_LINE = 0x3c;
const INTERRUPT_PIN = 0x3d;

const COMMAND_IO = 0x001;
const COMMAND_MEMORY = 0x002;
export const COMMAND_MASTER = 0x004;
const COMMAND_SERR = 0x100;
const COMMAND_INTX_DISABLE = 0x400;
const STATUS_INTERRUPT = 0x08;
const STATUS_CAPABILITIES = 0x10;

const BAR_IO = 1;
const BAR_MEM64 = 4;
const BAR_PREFETCHABLE = 8;

/** The registers behind a base address register; offset and width lie inside its size. */
export interface BarRegion {
  read(offset: number, width: Width): number;
  write(offset: number, width: Width, value: number): void;
}

export interface Bar {
  readonly index: number;
  readonly kind: 'io' | 'mem32' | 'mem64';
  readonly isPrefetchable?: boolean;
  /** A power of two; 4 or more for I/O, 16 or more for memory. */
  readonly size: number;
  readonly region: BarRegion;
}

export interface Identity {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** Base class, subclass, programming interface: 0x010000 is a SCSI controller. */
  readonly classCode: number;
  readonly subsystemVendor: number;
  readonly subsystem: number;
  /** Drives INTA#. */
  readonly hasInterrupt: boolean;
}

export class PciFunction {
  readonly bars: Bar[] = [];
  protected readonly config = new Uint8Array(CONFIG_BYTES);
  protected readonly view = viewOf(this.config);
  /** Bits the guest may change. */
  protected readonly writable = new Uint8Array(CONFIG_BYTES);
  /** Contents at reset. */
  private readonly initial = new Uint8Array(CONFIG_BYTES);
  private hasInterruptCause = false;
  /** Told by the host bridge when it takes the function in: something it routes has changed. */
  onIntx: () => void = () => {};
  onMapping: () => void = () => {};

  constructor(
    /** For messages. */
    readonly label: string,
    identity: Identity,
  ) {
    const { view, config, writable } = this;
    view.setUint16(VENDOR_ID, identity.vendor, true);
    view.setUint16(DEVICE_ID, identity.device, true);
    config[REVISION_ID] = identity.revision;
    for (let i = 0; i < 3; i++) config[CLASS_CODE + i] = identity.classCode >>> (8 * i);
    view.setUint16(SUBSYSTEM_VENDOR_ID, identity.subsystemVendor, true);
    view.setUint16(SUBSYSTEM_ID, identity.subsystem, true);
    config[INTERRUPT_PIN] = identity.hasInterrupt ? 1 : 0;
    const command = COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_SERR | COMMAND_INTX_DISABLE;
    viewOf(writable).setUint16(COMMAND, command, true);
    writable[CACHE_LINE_SIZE] = 0xff;
    writable[INTERRUPT_LINE] = 0xff;
  }

  /** The level of its INTA# wire. */
  get intx(): boolean {
    return this.hasInterruptCause && !(this.command & COMMAND_INTX_DISABLE);
  }

  get command(): number {
    return this.view.getUint16(COMMAND, true);
  }

  /** Where the guest has put it, if it has been told to answer there. */
  barAddress(bar: Bar): number | undefined {
    const isIo = bar.kind === 'io';
    if (!(this.command & (isIo ? COMMAND_IO : COMMAND_MEMORY))) return undefined;
    const at = BASE_ADDRESS_0 + 4 * bar.index;
    const low = (this.view.getUint32(at, true) & -bar.size) >>> 0;
    return bar.kind === 'mem64' ? joinWords(low, this.view.getUint32(at + 4, true)) : low;
  }

  readConfig(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value += (this.config[offset + i] ?? 0) * 2 ** (8 * i);
    return value;
  }

  writeConfig(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) {
      const at = offset + i;
      const mask = this.writable[at] ?? 0;
      if (mask !== 0) this.config[at] = (this.config[at]! & ~mask) | ((value >>> (8 * i)) & mask);
    }
    if (offset >= COMMAND && offset < INTERRUPT_LINE) {
      this.onMapping();
      this.onIntx();
    }
  }

  reset(): void {
    this.config.set(this.initial);
    this.hasInterruptCause = false;
    this.onMapping();
    this.onIntx();
  }

  save(out: StateWriter): void {
    out.bytes(this.config);
    out.bool(this.hasInterruptCause);
  }

  load(from: StateReader): void {
    const saved = from.bytes();
    // Only what the guest may write travels: the rest is what this function is.
    this.writable.forEach((mask, at) => {
      this.config[at] = (this.initial[at]! & ~mask) | (saved[at]! & mask);
    });
    this.setInterrupt(from.bool());
    this.onMapping();
  }

  protected setInterrupt(level: boolean): void {
    this.hasInterruptCause = level;
    if (level) this.config[STATUS]! |= STATUS_INTERRUPT;
    else this.config[STATUS]! &= ~STATUS_INTERRUPT;
    this.onIntx();
  }

  protected addBar(bar: Bar): void {
    const at = BASE_ADDRESS_0 + 4 * bar.index;
    const masks = viewOf(this.writable);
    let flags = bar.kind === 'io' ? BAR_IO : 0;
    if (bar.kind === 'mem64') flags |= BAR_MEM64;
    if (bar.isPrefetchable) flags |= BAR_PREFETCHABLE;
    this.view.setUint32(at, flags, true);
    masks.setUint32(at, -bar.size >>> 0, true);
    if (bar.kind === 'mem64') masks.setUint32(at + 4, 0xffff_ffff, true);
    this.bars.push(bar);
  }

  /** Puts a capability in front of the list; `body` follows id and next pointer. Returns nothing: `at` is the caller's. */
  protected addCapability(at: number, id: number, body: Uint8Array): void {
    const { config } = this;
    assert(at >= 0x40 && at + 2 + body.length <= CONFIG_BYTES, `${this.label}: capability at ${at}`);
    config[at] = id;
    config[at + 1] = config[CAPABILITIES_POINTER]!;
    config.set(body, at + 2);
    config[CAPABILITIES_POINTER] = at;
    config[STATUS]! |= STATUS_CAPABILITIES;
  }

  /** Must end the constructor of every kind of function: what stands here now is what a reset restores. */
  protected seal(): void {
    this.initial.set(this.config);
  }
}
