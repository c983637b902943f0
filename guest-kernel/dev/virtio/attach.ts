/** Which driver a virtio device gets. */
import { registerBlockDevice, blockDevices } from "../block-device";
import { registerCharDevice } from "../char-device";
import { VirtioBlk } from "./blk";
import { VirtioConsole } from "./console";
import { VIRTIO_BLOCK, VIRTIO_CONSOLE, VirtioMmio } from "./mmio";

let consoles: u32 = 0;

/**
 * Looks at the slot whose registers are at `regs`; call in device-tree order, in which disks are named. Returns what was
 * found for the boot log, or "" for an empty slot and for a device without a driver.
 */
export function virtioAttach(regs: u64, irq: u32): string {
  const device = new VirtioMmio(regs, irq);
  if (!device.probe()) return "";
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
