/** Which driver a virtio device gets. */
import { PciFunction } from "../pci/function";
import { registerBlockDevice, blockDevices } from "../block-device";
import { registerCharDevice } from "../char-device";
import { VirtioBlk } from "./blk";
import { VirtioConsole } from "./console";
import { VirtioMmio } from "./mmio";
import { VirtioPci } from "./pci";
import { VIRTIO_BLOCK, VIRTIO_CONSOLE, VirtioTransport } from "./transport";

let consoles: u32 = 0;

/** The slot whose registers are at `regs`. Call in device-tree order. Result: as `attach`. */
export function attachVirtioMmio(regs: u64, irq: u32): string {
  return attach(VirtioMmio.probe(regs, irq));
}

/** A function on the PCI bus. Call in bus order, after virtio-mmio. Result: as `attach`. */
export function attachVirtioPci(f: PciFunction): string {
  const found = attach(VirtioPci.probe(f));
  if (found.length == 0) f.disable();
  return found;
}

/**
 * Disks are named in the order of these calls. Returns what was found, for the boot log, or "" for nothing: an empty
 * slot, a device without a driver or one that cannot be used.
 */
function attach(device: VirtioTransport | null): string {
  if (!device) return "";
  if (device.deviceId == VIRTIO_BLOCK) {
    const disk = VirtioBlk.attach(device, blockDevices().length);
    if (!disk) return "";
    registerBlockDevice(disk);
    return disk.name;
  }
  if (device.deviceId == VIRTIO_CONSOLE) {
    const console = VirtioConsole.attach(device, consoles);
    if (!console) return "";
    consoles++;
    registerCharDevice(console);
    return console.name;
  }
  return "";
}
