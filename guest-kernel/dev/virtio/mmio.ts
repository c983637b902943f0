/** virtio over MMIO (virtio 1.2, 4.2): version 2, and version 1 (legacy), which QEMU 7.2 offers by default. */
import { fence, ld32, ld8, st32 } from "../../hal/rv";
import { PAGE_SHIFT, PAGE_SIZE } from "../../mm/frames";
import { pa } from "../../hal/mmio";
import { QUEUE_SIZE, Virtqueue } from "./queue";

const MAGIC: u64 = 0x00;
const VERSION: u64 = 0x04;
const DEVICE_ID: u64 = 0x08;
const DEVICE_FEATURES: u64 = 0x10;
const DEVICE_FEATURES_SEL: u64 = 0x14;
const DRIVER_FEATURES: u64 = 0x20;
const DRIVER_FEATURES_SEL: u64 = 0x24;
const GUEST_PAGE_SIZE: u64 = 0x28;
const QUEUE_SEL: u64 = 0x30;
const QUEUE_NUM_MAX: u64 = 0x34;
const QUEUE_NUM: u64 = 0x38;
const QUEUE_ALIGN: u64 = 0x3c;
const QUEUE_PFN: u64 = 0x40;
const QUEUE_READY: u64 = 0x44;
const QUEUE_NOTIFY: u64 = 0x50;
const INTERRUPT_STATUS: u64 = 0x60;
const INTERRUPT_ACK: u64 = 0x64;
const STATUS: u64 = 0x70;
const QUEUE_DESC: u64 = 0x80;
const QUEUE_DRIVER: u64 = 0x90;
const QUEUE_DEVICE: u64 = 0xa0;
const CONFIG: u64 = 0x100;

const MAGIC_VALUE: u32 = 0x7472_6976;
const ACKNOWLEDGE: u32 = 1;
const DRIVER: u32 = 2;
const DRIVER_OK: u32 = 4;
const FEATURES_OK: u32 = 8;
const FAILED: u32 = 128;
/** VIRTIO_F_VERSION_1 in the high feature word. */
const F_VERSION_1_HI: u32 = 1;

export const VIRTIO_BLOCK: u32 = 2;
export const VIRTIO_CONSOLE: u32 = 3;

/** One device's register block. Order of use: probe, negotiate, queue…, start. */
@final
export class VirtioMmio {
  private version: u32 = 0;
  /** What is there: a virtio device id, 0 for an empty slot. */
  deviceId: u32 = 0;

  constructor(
    private regs: u64,
    public irq: u32,
  ) {}

  /** Is a device there that this driver can speak to? */
  probe(): bool {
    if (ld32(this.regs + MAGIC) != MAGIC_VALUE) return false;
    this.version = ld32(this.regs + VERSION);
    this.deviceId = ld32(this.regs + DEVICE_ID);
    return this.deviceId != 0 && (this.version == 1 || this.version == 2);
  }

  /** Resets the device and accepts `wanted` out of what it offers (low 32 feature bits); returns what was agreed. */
  negotiate(wanted: u32): u32 {
    st32(this.regs + STATUS, 0);
    st32(this.regs + STATUS, ACKNOWLEDGE | DRIVER);
    st32(this.regs + DEVICE_FEATURES_SEL, 0);
    const agreed = ld32(this.regs + DEVICE_FEATURES) & wanted;
    st32(this.regs + DRIVER_FEATURES_SEL, 0);
    st32(this.regs + DRIVER_FEATURES, agreed);
    if (this.version == 1) {
      st32(this.regs + GUEST_PAGE_SIZE, <u32>PAGE_SIZE);
    } else {
      st32(this.regs + DRIVER_FEATURES_SEL, 1);
      st32(this.regs + DRIVER_FEATURES, F_VERSION_1_HI);
      st32(this.regs + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    }
    return agreed;
  }

  /** Sets up queue `index`, or returns null: no such queue, or no memory. */
  queue(index: u32): Virtqueue | null {
    st32(this.regs + QUEUE_SEL, index);
    const max = ld32(this.regs + QUEUE_NUM_MAX);
    if (max == 0) return null;
    const q = new Virtqueue(min(max, QUEUE_SIZE));
    if (!q.allocate()) return null;
    st32(this.regs + QUEUE_NUM, q.size);
    if (this.version == 1) {
      st32(this.regs + QUEUE_ALIGN, <u32>PAGE_SIZE);
      st32(this.regs + QUEUE_PFN, <u32>(pa(q.desc) >> (<u64>PAGE_SHIFT)));
    } else {
      this.address(QUEUE_DESC, pa(q.desc));
      this.address(QUEUE_DRIVER, pa(q.avail));
      this.address(QUEUE_DEVICE, pa(q.used));
      st32(this.regs + QUEUE_READY, 1);
    }
    return q;
  }

  private address(reg: u64, value: u64): void {
    st32(this.regs + reg, <u32>value);
    st32(this.regs + reg + 4, <u32>(value >> 32));
  }

  /** All queues are there. False when the device refused the features. */
  start(): bool {
    const status = ld32(this.regs + STATUS);
    if (this.version == 2 && (status & FEATURES_OK) == 0) {
      st32(this.regs + STATUS, status | FAILED);
      return false;
    }
    st32(this.regs + STATUS, status | DRIVER_OK);
    return true;
  }

  notify(queue: u32): void {
    fence();
    st32(this.regs + QUEUE_NOTIFY, queue);
  }

  /** Acknowledges what caused an interrupt. */
  acknowledge(): void {
    st32(this.regs + INTERRUPT_ACK, ld32(this.regs + INTERRUPT_STATUS));
  }

  config8(off: u64): u32 {
    return ld8(this.regs + CONFIG + off);
  }

  config32(off: u64): u32 {
    return ld32(this.regs + CONFIG + off);
  }
}
