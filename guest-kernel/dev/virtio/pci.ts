/**
 * virtio over PCI (virtio 1.2, 4.1), the modern interface; a transitional device's legacy one is not used. Interrupts by
 * the INTx pin. The structures lie where vendor capabilities say, which are believed only as far as they fit in a BAR.
 */
import { fence, ld16, ld32, ld8, st16, st32, st8 } from "../../hal/rv";
import { pa } from "../../hal/mmio";
import { mapDevice } from "../../mm/device-map";
import { IrqHandler } from "../irq";
import { PciFunction } from "../pci/function";
import { Virtqueue } from "./queue";
import { VirtioTransport } from "./transport";

const VENDOR: u32 = 0x1af4;
const DEVICE_ID_MIN: u32 = 0x1000;
const DEVICE_ID_MODERN: u32 = 0x1040;
const DEVICE_ID_MAX: u32 = 0x107f;

const CAP_VENDOR: u32 = 0x09;
const CAP_LEN: u32 = 2;
const CAP_CFG_TYPE: u32 = 3;
const CAP_BAR: u32 = 4;
const CAP_OFFSET: u32 = 8;
const CAP_LENGTH: u32 = 12;
const CAP_NOTIFY_OFF_MULTIPLIER: u32 = 16;
const CAP_BYTES: u32 = 16;
const CAP_NOTIFY_BYTES: u32 = 20;
const CONFIG_BYTES: u32 = 0x100;
const COMMON_CFG: u32 = 1;
const NOTIFY_CFG: u32 = 2;
const ISR_CFG: u32 = 3;
const DEVICE_CFG: u32 = 4;

const DEVICE_FEATURE_SELECT: u64 = 0x00;
const DEVICE_FEATURE: u64 = 0x04;
const DRIVER_FEATURE_SELECT: u64 = 0x08;
const DRIVER_FEATURE: u64 = 0x0c;
const DEVICE_STATUS: u64 = 0x14;
const CONFIG_GENERATION: u64 = 0x15;
const QUEUE_SELECT: u64 = 0x16;
const QUEUE_SIZE: u64 = 0x18;
const QUEUE_ENABLE: u64 = 0x1c;
const QUEUE_NOTIFY_OFF: u64 = 0x1e;
const QUEUE_DESC: u64 = 0x20;
const QUEUE_DRIVER: u64 = 0x28;
const QUEUE_DEVICE: u64 = 0x30;
const COMMON_BYTES: u32 = 0x38;
/** More of a device's configuration than any driver here reads. */
const DEVICE_BYTES_MAX: u32 = 4096;

/** What a capability points at: a range inside of a BAR. */
class Structure {
  constructor(
    public pa: u64,
    public length: u32,
    /** Where the capability itself lies. */
    public cap: u32,
  ) {}
}

/** The first usable structure of `type` (as the specification asks), `align`ed and of `least` bytes; or null. */
export function virtioStructure(f: PciFunction, type: u32, least: u32, align: u32): Structure | null {
  const caps = f.capabilities(CAP_VENDOR);
  for (let i = 0; i < caps.length; i++) {
    const at = caps[i];
    const bytes = type == NOTIFY_CFG ? CAP_NOTIFY_BYTES : CAP_BYTES;
    if (at + bytes > CONFIG_BYTES || f.read8(at + CAP_LEN) < bytes || f.read8(at + CAP_CFG_TYPE) != type) continue;
    const bar = f.read8(at + CAP_BAR);
    const offset = f.read32(at + CAP_OFFSET);
    const length = f.read32(at + CAP_LENGTH);
    if (bar > 5 || length < least || offset % align != 0) continue;
    if (<u64>offset + <u64>length > f.barSize[bar]) continue;
    return new Structure(f.barPa[bar] + offset, length, at);
  }
  return null;
}

@final
export class VirtioPci extends VirtioTransport {
  private deviceConfig: u64 = 0;
  private deviceConfigBytes: u32 = 0;
  /** Address that tells of requests in a queue, by queue index; 0: not set up. */
  private doorbells: Array<u64> = [];

  private constructor(
    private fn: PciFunction,
    private common: u64,
    private isr: u64,
    private notifyCfg: Structure,
  ) {
    super();
    this.irq = fn.irq;
  }

  static isVirtio(f: PciFunction): bool {
    const id = f.deviceId;
    return f.vendorId == VENDOR && id >= DEVICE_ID_MIN && id <= DEVICE_ID_MAX;
  }

  /** The device behind a virtio function that has its addresses; null when the modern interface is not all there. */
  static probe(f: PciFunction): VirtioPci | null {
    const common = virtioStructure(f, COMMON_CFG, COMMON_BYTES, 4);
    const notify = virtioStructure(f, NOTIFY_CFG, 2, 2);
    const isr = virtioStructure(f, ISR_CFG, 1, 1);
    if (!common || !notify || !isr) return null;
    const commonAt = mapDevice(common.pa, COMMON_BYTES);
    const isrAt = mapDevice(isr.pa, 1);
    if (commonAt == 0 || isrAt == 0) return null;
    const t = new VirtioPci(f, commonAt, isrAt, notify);
    // A transitional device tells its kind in the subsystem id.
    t.deviceId = f.deviceId >= DEVICE_ID_MODERN ? f.deviceId - DEVICE_ID_MODERN : f.subsystemId;
    const config = virtioStructure(f, DEVICE_CFG, 4, 4);
    if (config) {
      t.deviceConfigBytes = min(config.length, DEVICE_BYTES_MAX);
      t.deviceConfig = mapDevice(config.pa, t.deviceConfigBytes);
      if (t.deviceConfig == 0) return null;
    }
    return t;
  }

  protected get isModern(): bool {
    return true;
  }

  protected get status(): u32 {
    return ld8(this.common + DEVICE_STATUS) & 0xff;
  }

  protected set status(v: u32) {
    st8(this.common + DEVICE_STATUS, v);
  }

  protected offered(word: u32): u32 {
    st32(this.common + DEVICE_FEATURE_SELECT, word);
    return ld32(this.common + DEVICE_FEATURE);
  }

  protected accept(word: u32, value: u32): void {
    st32(this.common + DRIVER_FEATURE_SELECT, word);
    st32(this.common + DRIVER_FEATURE, value);
  }

  protected queueMax(index: u32): u32 {
    st16(this.common + QUEUE_SELECT, index);
    return ld16(this.common + QUEUE_SIZE) & 0xffff;
  }

  protected place(index: u32, q: Virtqueue): bool {
    const slot = <u64>(ld16(this.common + QUEUE_NOTIFY_OFF) & 0xffff);
    const off = slot * <u64>this.fn.read32(this.notifyCfg.cap + CAP_NOTIFY_OFF_MULTIPLIER);
    if (off % 2 != 0 || off + 2 > <u64>this.notifyCfg.length) return false;
    const doorbell = mapDevice(this.notifyCfg.pa + off, 2);
    if (doorbell == 0) return false;
    while (<u32>this.doorbells.length <= index) this.doorbells.push(0);
    this.doorbells[index] = doorbell;
    st16(this.common + QUEUE_SIZE, q.size);
    this.address(QUEUE_DESC, pa(q.desc));
    this.address(QUEUE_DRIVER, pa(q.avail));
    this.address(QUEUE_DEVICE, pa(q.used));
    st16(this.common + QUEUE_ENABLE, 1);
    return true;
  }

  private address(reg: u64, value: u64): void {
    st32(this.common + reg, <u32>value);
    st32(this.common + reg + 4, <u32>(value >> 32));
  }

  protected get generation(): u32 {
    return ld8(this.common + CONFIG_GENERATION) & 0xff;
  }

  notify(queue: u32): void {
    fence();
    st16(this.doorbells[queue], queue);
  }

  /** Reading the ISR status clears it and lowers the pin. */
  acknowledge(): void {
    ld8(this.isr);
  }

  listen(h: IrqHandler): bool {
    if (!super.listen(h)) return false;
    this.fn.enableInterrupt();
    return true;
  }

  config32(off: u32): u32 {
    return off + 4 <= this.deviceConfigBytes ? ld32(this.deviceConfig + off) : 0;
  }
}
