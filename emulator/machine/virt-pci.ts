/** The PCI half of the `virt` board: the host bridge with its windows, and which function sits in which slot. */
import { UserError } from '../base/user-error.ts';
import type { GuestErrorLog, IrqLine } from '../bus/device.ts';
import type { Ram } from '../bus/ram.ts';
import { PciFunction } from '../device/pci/function.ts';
import { PciHost, SLOTS, type PciWindow } from '../device/pci/host.ts';
import { VirtioPci } from '../device/pci/virtio-pci.ts';
import type { VirtioDevice } from '../device/virtio/virtio-device.ts';
import type { PciAddress, VirtioPlace } from './config.ts';

export const PCI_ECAM_BASE = 0x3000_0000;
/** INTA#, INTB#, INTC#, INTD# are interrupts 32 to 35. */
export const PCI_IRQ = 0x20;
export const PCI_PINS = 4;

/** In the order of the device tree's `ranges`. The 64-bit window follows RAM at a multiple of its own size. */
const WINDOWS: readonly PciWindow[] = [
  { kind: 'io', base: 0x300_0000, size: 0x1_0000, pciBase: 0 },
  { kind: 'mem32', base: 0x4000_0000, size: 0x4000_0000, pciBase: 0x4000_0000 },
  { kind: 'mem64', base: 0x4_0000_0000, size: 0x4_0000_0000, pciBase: 0x4_0000_0000 },
];

/** QEMU's gpex-root, which every operating system lists and none drives. */
const HOST_BRIDGE = {
  vendor: 0x1b36,
  device: 0x0008,
  revision: 0,
  classCode: 0x06_0000,
  subsystemVendor: 0x1af4,
  subsystem: 0x1100,
  hasInterrupt: false,
};

class HostBridge extends PciFunction {
  constructor() {
    super('host bridge', HOST_BRIDGE);
    this.seal();
  }
}

export interface PciRequest {
  readonly place: VirtioPlace;
  readonly device: VirtioDevice;
}

export function virtPci(
  ram: Ram,
  irqs: readonly IrqLine[],
  requests: readonly PciRequest[],
  guestError: GuestErrorLog,
): PciHost {
  const host = new PciHost({ windows: WINDOWS, irqs, guestError });
  host.insert(0, 0, new HostBridge());
  // One after the other, as QEMU does: an address that is given may already be taken by a device that had none.
  for (const { place, device } of requests) {
    const { slot, fn } = place.addr ? given(host, place.addr, device) : firstFree(host, device);
    const name = `${device.label} at ${addressName(slot, fn)}`;
    const isModernOnly = place.isModernOnly ?? false;
    host.insert(slot, fn, new VirtioPci({ name, ram, device, isModernOnly, guestError }));
  }
  return host;
}

function given(host: PciHost, { slot, fn }: PciAddress, device: VirtioDevice): PciAddress {
  const taken = host.functions.find(f => f.slot === slot && f.fn === fn);
  if (taken) {
    throw new UserError(
      `${device.label}: PCI address ${addressName(slot, fn)} is taken by ${taken.target.label}`,
      'give another addr=, or none for the first free slot',
    );
  }
  if (fn !== 0 && host.isFree(slot, 0)) {
    throw new UserError(
      `${device.label}: PCI address ${addressName(slot, fn)} has no function 0`,
      `put a device at addr=${slot.toString(16)} in front of it`,
    );
  }
  return { slot, fn };
}

function firstFree(host: PciHost, device: VirtioDevice): PciAddress {
  for (let slot = 0; slot < SLOTS; slot++) if (host.isFree(slot, 0)) return { slot, fn: 0 };
  throw new UserError(`${device.label}: all ${SLOTS} PCI slots are taken`, 'give fewer -device and -drive options');
}

/** As lspci writes it. */
function addressName(slot: number, fn: number): string {
  return `00:${slot.toString(16).padStart(2, '0')}.${fn}`;
}
