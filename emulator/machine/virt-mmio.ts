/** The `virt` board's slots for virtio-mmio devices: who sits in which. */
import { UserError } from '../base/user-error.ts';
import type { VirtioDevice } from '../device/virtio/virtio-device.ts';
import { VIRTIO_SLOTS, type VirtioPlace } from './config.ts';

export interface PlacedVirtio {
  readonly place: VirtioPlace;
  readonly device: VirtioDevice;
}

/**
 * Each device gets its slot in its turn, as on QEMU: the one it names, which an earlier device may have taken already, or
 * the last one that is free.
 */
export function mmioSlots(devices: readonly PlacedVirtio[]): readonly (VirtioDevice | undefined)[] {
  const slots = new Array<VirtioDevice | undefined>(VIRTIO_SLOTS).fill(undefined);
  for (const { place, device } of devices) {
    const index = place.slot ?? slots.lastIndexOf(undefined);
    if (index < 0) {
      throw new UserError(
        `${devices.length} virtio-mmio devices, the board has ${VIRTIO_SLOTS} slots`,
        'give fewer of them, or put some on PCI (-device virtio-blk-pci, …)',
      );
    }
    const owner = slots[index];
    if (owner) {
      throw new UserError(
        `${device.label}: virtio-mmio-bus.${index} is taken by ${owner.label}`,
        'give another bus=, or none for the last free slot',
      );
    }
    slots[index] = device;
  }
  return slots;
}
