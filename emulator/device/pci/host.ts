/**
 * A generic PCI host bridge as QEMU's virt has it (`pci-host-ecam-generic`, hw/pci-host/gpex.c): configuration space of
 * bus 0 in memory (PCI Express 5.0, 7.2.2), one window for I/O and two for memory, INTA#–INTD# swizzled over four
 * wires. There are no bridges behind it. Nobody there reads as ones, and a write goes nowhere.
 */
import { assert } from '../../base/assert.ts';
import { hex } from '../../base/bytes.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { Device, DtNode, GuestErrorLog, IrqLine, Width } from '../../bus/device.ts';
import { CONFIG_BYTES, HEADER_TYPE, VENDOR_ID, type Bar, type PciFunction } from './function.ts';

export const SLOTS = 32;
const FUNCTIONS = 8;
const PINS = 4;
const BUSES = 256;
/** Of configuration space for each function of a bus. */
const ECAM_BYTES = 4096;
const MULTIFUNCTION = 0x80;

const ALL_ONES = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff } as const;

/** Cells of a `ranges` entry: space code in bits 25:24, bit 30 for prefetchable (IEEE 1275 PCI binding, 2.2.1.1). */
const SPACE_CODES = { io: 0x0100_0000, mem32: 0x0200_0000, mem64: 0x0300_0000 } as const;

/** Part of the CPU's address space that reaches functions. */
export interface PciWindow {
  readonly kind: 'io' | 'mem32' | 'mem64';
  readonly base: number;
  readonly size: number;
  /** What the window's first byte is called on the PCI side. */
  readonly pciBase: number;
}

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly bar: Bar;
}

interface Place {
  readonly slot: number;
  readonly fn: number;
  readonly target: PciFunction;
  /** What its INTA# was when it last changed. */
  intx: boolean;
}

export interface PciHostOptions {
  readonly windows: readonly PciWindow[];
  /** INTA# of slot 0 goes to the first, INTB# to the second, … */
  readonly irqs: readonly IrqLine[];
  readonly guestError: GuestErrorLog;
}

export class PciHost implements Device {
  readonly name = 'pci';
  readonly stateVersion = 2;
  readonly windowSize = BUSES * SLOTS * FUNCTIONS * ECAM_BYTES;
  readonly minWidth = 1;
  readonly maxWidth = 8;
  /** To be attached to the bus beside the bridge itself. */
  readonly windows: readonly { readonly base: number; readonly device: Device }[];
  private readonly irqs: readonly IrqLine[];
  private readonly guestError: GuestErrorLog;
  private readonly ranges: readonly PciWindow[];
  private readonly places: Place[] = [];
  private readonly routers: readonly WindowRouter[];

  constructor(options: PciHostOptions) {
    this.irqs = options.irqs;
    this.guestError = options.guestError;
    this.ranges = options.windows;
    assert(this.irqs.length === PINS, 'a PCI host has four interrupt wires');
    this.routers = options.windows.map(window => new WindowRouter(window, this.guestError));
    this.windows = this.routers.map(device => ({ base: device.window.base, device }));
  }

  /** Puts a function on bus 0. Precondition: nobody is there (see `isFree`). */
  insert(slot: number, fn: number, target: PciFunction): void {
    assert(this.isFree(slot, fn), `two PCI functions at ${slot}.${fn}`);
    const place = { slot, fn, target, intx: false };
    this.places.push(place);
    target.onIntx = () => this.driveIntx(place);
    target.onMapping = () => this.map();
  }

  isFree(slot: number, fn: number): boolean {
    return !this.places.some(place => place.slot === slot && place.fn === fn);
  }

  /** Who is on bus 0, for monitors. */
  get functions(): readonly { readonly slot: number; readonly fn: number; readonly target: PciFunction }[] {
    return this.places;
  }

  read(offset: number, width: Width): number {
    const place = this.find(offset);
    const at = offset % ECAM_BYTES;
    if (!place || at >= CONFIG_BYTES) return ALL_ONES[width];
    const value = place.target.readConfig(at, width);
    const isHeader = at <= HEADER_TYPE && HEADER_TYPE < at + width;
    const bit = MULTIFUNCTION * 2 ** (8 * (HEADER_TYPE - at));
    return isHeader && this.isMultifunction(place.slot) ? value + bit : value;
  }

  write(offset: number, width: Width, value: number): void {
    const place = this.find(offset);
    const at = offset % ECAM_BYTES;
    if (place && at < CONFIG_BYTES) place.target.writeConfig(at, width, value);
  }

  reset(): void {
    for (const { target } of this.places) target.reset();
  }

  save(out: StateWriter): void {
    for (const { target } of this.places) target.save(out);
  }

  load(from: StateReader): void {
    for (const { target } of this.places) target.load(from);
  }

  inspect(): readonly string[] {
    return this.places.map(({ slot, fn, target }) => {
      const id = target.readConfig(VENDOR_ID, 4);
      const ids = `${hex(id & 0xffff, 4)}:${hex(id >>> 16, 4)}`.replaceAll('0x', '');
      return `dev: ${target.label}, addr ${slot.toString(16).padStart(2, '0')}.${fn}, pci id ${ids}`;
    });
  }

  describe(node: DtNode): void {
    node.prop('compatible', 'pci-host-ecam-generic');
    node.prop('device_type', 'pci');
    node.prop('linux,pci-domain', 0);
    node.prop('bus-range', 0, BUSES - 1);
    node.prop('dma-coherent');
    node.prop('#address-cells', 3);
    node.prop('#size-cells', 2);
    node.prop('#interrupt-cells', 1);
    const cells = (n: number): number[] => [Math.floor(n / 2 ** 32), n >>> 0];
    const ranges = this.ranges.flatMap(({ kind, base, size, pciBase }) => [
      SPACE_CODES[kind],
      ...cells(pciBase),
      ...cells(base),
      ...cells(size),
    ]);
    node.prop('ranges', ...ranges);
  }

  private find(offset: number): Place | undefined {
    const routingId = Math.floor(offset / ECAM_BYTES);
    const fn = routingId % FUNCTIONS;
    const slot = Math.floor(routingId / FUNCTIONS);
    // Only bus 0 exists: beyond it the "slot" is above 31, where nobody sits.
    return this.places.find(place => place.slot === slot && place.fn === fn);
  }

  private isMultifunction(slot: number): boolean {
    return this.places.some(place => place.slot === slot && place.fn !== 0);
  }

  /** A slot's INTA# is the next wire from its neighbour's, which is driven when one of its functions changes its mind. */
  private driveIntx(place: Place): void {
    const { intx } = place.target;
    if (intx === place.intx) return;
    place.intx = intx;
    const wire = place.slot % PINS;
    this.irqs[wire]!(this.places.some(({ slot, intx }) => slot % PINS === wire && intx));
  }

  private map(): void {
    const bars = this.places.flatMap(({ target }) =>
      target.bars.map(bar => ({ bar, address: target.barAddress(bar) })),
    );
    for (const router of this.routers) router.map(bars);
  }
}

/** Forwards a window's accesses to whichever function has a BAR there: the first that was inserted, where two overlap. */
class WindowRouter implements Device {
  readonly name: string;
  readonly windowSize: number;
  readonly minWidth = 1;
  readonly maxWidth = 8;
  private mappings: readonly Mapping[] = [];

  constructor(
    readonly window: PciWindow,
    private readonly guestError: GuestErrorLog,
  ) {
    this.name = `pci-${window.kind}`;
    this.windowSize = window.size;
  }

  map(bars: readonly { readonly bar: Bar; readonly address: number | undefined }[]): void {
    const { kind, size, pciBase } = this.window;
    this.mappings = bars.flatMap(({ bar, address }) => {
      if (address === undefined || (bar.kind === 'io') !== (kind === 'io')) return [];
      const start = address - pciBase;
      return start >= 0 && start + bar.size <= size ? [{ start, end: start + bar.size, bar }] : [];
    });
  }

  read(offset: number, width: Width): number {
    const mapping = this.find(offset, width);
    if (!mapping) return ALL_ONES[width];
    return (mapping.bar.region.read(offset - mapping.start, width) & ALL_ONES[width]) >>> 0;
  }

  write(offset: number, width: Width, value: number): void {
    const mapping = this.find(offset, width);
    mapping?.bar.region.write(offset - mapping.start, width, value);
  }

  reset(): void {}
  save(): void {}
  load(): void {}
  describe(): void {}

  private find(offset: number, width: Width): Mapping | undefined {
    for (const mapping of this.mappings) {
      if (offset >= mapping.start && offset + width <= mapping.end) return mapping;
    }
    this.guestError(`${this.name}: no BAR at ${hex(offset + this.window.pciBase)}`);
    return undefined;
  }
}
