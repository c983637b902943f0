/**
 * What a virtio driver asks of the registers in front of its device (virtio 1.2, chapter 3.1 and 4): the same for
 * virtio-mmio, version 1 and 2, and for virtio-pci. Order of use: negotiate, queue…, start.
 */
import { IrqHandler, registerIrq } from "../irq";
import { QUEUE_SIZE, Virtqueue } from "./queue";

const ACKNOWLEDGE: u32 = 1;
const DRIVER: u32 = 2;
const DRIVER_OK: u32 = 4;
const FEATURES_OK: u32 = 8;
const FAILED: u32 = 128;
/** VIRTIO_F_VERSION_1 in the high feature word. */
const F_VERSION_1_HI: u32 = 1;

/** A reset that never ends, a configuration that never stops changing: so many reads, then the device is not used. */
const POLLS: i32 = 100_000;

export const VIRTIO_BLOCK: u32 = 2;
export const VIRTIO_CONSOLE: u32 = 3;

export abstract class VirtioTransport {
  /** A virtio device id; 0 when nothing is there. */
  deviceId: u32 = 0;
  /** PLIC source, 0: none. Others may share it. */
  irq: u32 = 0;

  /** Version 1 of the specification or later; false: legacy. */
  protected abstract get isModern(): bool;
  protected abstract get status(): u32;
  protected abstract set status(v: u32);
  /** Word 0 or 1 of the features that the device offers. */
  protected abstract offered(word: u32): u32;
  protected abstract accept(word: u32, value: u32): void;
  /** Selects queue `index` and returns the largest size it may have; 0: there is no such queue. */
  protected abstract queueMax(index: u32): u32;
  /** Gives the device the rings of the selected queue, which is `index`; false: it cannot be used. */
  protected abstract place(index: u32, queue: Virtqueue): bool;
  /** Changes whenever the configuration space does; legacy devices have none. */
  protected abstract get generation(): u32;

  /** Tells the device of new requests in a queue that `queue` has set up. */
  abstract notify(queue: u32): void;
  /** Acknowledges what caused an interrupt. */
  abstract acknowledge(): void;
  /** Sends the device's interrupts to `h` from now on; without this the driver polls. False: it has none. */
  listen(h: IrqHandler): bool {
    if (this.irq == 0) return false;
    registerIrq(this.irq, h);
    return true;
  }
  abstract config32(off: u32): u32;

  /** Resets the device and accepts `wanted` out of what it offers (low 32 feature bits); returns what was agreed. */
  negotiate(wanted: u32): u32 {
    this.status = 0;
    for (let i = 0; i < POLLS && this.status != 0; i++);
    this.status = ACKNOWLEDGE | DRIVER;
    const agreed = this.offered(0) & wanted;
    this.accept(0, agreed);
    if (this.isModern) {
      this.accept(1, F_VERSION_1_HI);
      this.status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
    }
    return agreed;
  }

  /** Sets up queue `index`, or returns null: no such queue, or no memory. */
  queue(index: u32): Virtqueue | null {
    const max = min(this.queueMax(index), QUEUE_SIZE);
    if (max == 0) return null;
    // A power of two, or the free-running indices would not wrap where the ring does.
    const q = new Virtqueue(1 << (31 - clz(max)));
    if (!q.allocate()) return null;
    return this.place(index, q) ? q : null;
  }

  /** All queues are there. False when the device refused the features. */
  start(): bool {
    const status = this.status;
    if (this.isModern && (status & FEATURES_OK) == 0) {
      this.status = status | FAILED;
      return false;
    }
    this.status = status | DRIVER_OK;
    return true;
  }

  /** A 64-bit field whose halves belong together. */
  config64(off: u32): u64 {
    let value: u64 = 0;
    for (let i = 0; i < POLLS; i++) {
      const before = this.generation;
      value = (<u64>this.config32(off)) | ((<u64>this.config32(off + 4)) << 32);
      if (this.generation == before) break;
    }
    return value;
  }
}
