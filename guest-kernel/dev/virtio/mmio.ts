/** virtio over MMIO (virtio 1.2, 4.2): version 2, and version 1 (legacy), which QEMU 7.2 offers by default. */
import { fence, ld32, st32 } from "../../hal/rv";
import { PAGE_SHIFT, PAGE_SIZE } from "../../mm/frames";
import { pa } from "../../hal/mmio";
import { Virtqueue } from "./queue";
import { VirtioTransport } from "./transport";

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
const CONFIG_GENERATION: u64 = 0xfc;
const CONFIG: u64 = 0x100;

const MAGIC_VALUE: u32 = 0x7472_6976;

@final
export class VirtioMmio extends VirtioTransport {
  private version: u32 = 0;

  private constructor(
    private regs: u64,
    irq: u32,
  ) {
    super();
    this.irq = irq;
  }

  /** The device whose registers are at `regs`, or null: the slot is empty, or of a version not known here. */
  static probe(regs: u64, irq: u32): VirtioMmio | null {
    const t = new VirtioMmio(regs, irq);
    if (ld32(regs + MAGIC) != MAGIC_VALUE) return null;
    t.version = ld32(regs + VERSION);
    t.deviceId = ld32(regs + DEVICE_ID);
    return t.deviceId != 0 && (t.version == 1 || t.version == 2) ? t : null;
  }

  protected get isModern(): bool {
    return this.version != 1;
  }

  protected get status(): u32 {
    return ld32(this.regs + STATUS);
  }

  protected set status(v: u32) {
    st32(this.regs + STATUS, v);
  }

  protected offered(word: u32): u32 {
    st32(this.regs + DEVICE_FEATURES_SEL, word);
    return ld32(this.regs + DEVICE_FEATURES);
  }

  protected accept(word: u32, value: u32): void {
    st32(this.regs + DRIVER_FEATURES_SEL, word);
    st32(this.regs + DRIVER_FEATURES, value);
    if (this.version == 1) st32(this.regs + GUEST_PAGE_SIZE, <u32>PAGE_SIZE);
  }

  protected queueMax(index: u32): u32 {
    st32(this.regs + QUEUE_SEL, index);
    return ld32(this.regs + QUEUE_NUM_MAX);
  }

  protected place(_index: u32, q: Virtqueue): bool {
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
    return true;
  }

  private address(reg: u64, value: u64): void {
    st32(this.regs + reg, <u32>value);
    st32(this.regs + reg + 4, <u32>(value >> 32));
  }

  protected get generation(): u32 {
    return this.version == 1 ? 0 : ld32(this.regs + CONFIG_GENERATION);
  }

  notify(queue: u32): void {
    fence();
    st32(this.regs + QUEUE_NOTIFY, queue);
  }

  acknowledge(): void {
    st32(this.regs + INTERRUPT_ACK, ld32(this.regs + INTERRUPT_STATUS));
  }

  config32(off: u32): u32 {
    return ld32(this.regs + CONFIG + off);
  }
}
