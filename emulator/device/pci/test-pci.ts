/** What PCI tests share: a bridge with QEMU's windows on a bus, and a driver's view of a virtio function on it. */
import { Bus } from '../../bus/bus.ts';
import { Ram } from '../../bus/ram.ts';
import { Wire } from '../test-devices.ts';
import type { VirtioDevice } from '../virtio/virtio-device.ts';
import { PciHost } from './host.ts';
import { VirtioPci } from './virtio-pci.ts';

export const ECAM = 0x3000_0000;
export const IO = 0x300_0000;
export const BAR4 = 0x4_0000_0000;
const BAR1 = 0x4000_0000;
export const RAM_BASE = 0x8000_0000;

const WINDOWS = [
  { kind: 'io', base: IO, size: 0x1_0000, pciBase: 0 },
  { kind: 'mem32', base: 0x4000_0000, size: 0x4000_0000, pciBase: 0x4000_0000 },
  { kind: 'mem64', base: BAR4, size: 0x4_0000_0000, pciBase: BAR4 },
] as const;

export class TestPci {
  readonly ram = new Ram(1 << 20, RAM_BASE);
  readonly wires = [new Wire(), new Wire(), new Wire(), new Wire()];
  readonly guestErrors: string[] = [];
  readonly bus = new Bus(what => this.guestErrors.push(what));
  readonly host = new PciHost({
    windows: WINDOWS,
    irqs: this.wires.map(wire => wire.line),
    guestError: what => this.guestErrors.push(what),
  });

  constructor() {
    this.bus.attach(ECAM, this.host);
    for (const { base, device } of this.host.windows) this.bus.attach(base, device);
  }

  /** Puts a virtio function into a slot. */
  add(slot: number, device: VirtioDevice, isModernOnly = false): VirtioPci {
    const guestError = (what: string): void => void this.guestErrors.push(what);
    const target = new VirtioPci({ name: `slot ${slot}`, ram: this.ram, device, isModernOnly, guestError });
    this.host.insert(slot, 0, target);
    return target;
  }

  /** Address of a configuration register. */
  config(slot: number, offset: number): number {
    return ECAM + slot * 0x8000 + offset;
  }
  read(pa: number, width: 1 | 2 | 4 = 4): number {
    return this.bus.read(pa, width);
  }
  write(pa: number, value: number, width: 1 | 2 | 4 = 4): void {
    this.bus.write(pa, width, value, 0);
  }

  /** Maps a slot's BARs, a stride apart for each slot, and switches everything on. */
  enable(slot: number): { readonly io: number; readonly msix: number; readonly modern: number } {
    const io = 0x1000 * slot;
    const msix = BAR1 + 0x1_0000 * slot;
    const modern = BAR4 + 0x1_0000 * slot;
    this.write(this.config(slot, 0x10), io);
    this.write(this.config(slot, 0x14), msix);
    this.write(this.config(slot, 0x20), modern % 2 ** 32);
    this.write(this.config(slot, 0x24), Math.floor(modern / 2 ** 32));
    this.write(this.config(slot, 0x04), 7, 2);
    return { io: IO + io, msix, modern };
  }
}
