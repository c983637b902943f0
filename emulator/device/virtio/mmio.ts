/**
 * virtio over MMIO (virtio 1.2, section 4.2): version 2 registers, or with `isLegacy` version 1 (4.2.4: page-numbered
 * queues, guest-page-size). A slot without a device answers the identification registers alone, as QEMU's does.
 */
import type { StateReader, StateWriter } from '../../base/state.ts';
import { joinWords } from '../../base/bytes.ts';
import type { Device, DtNode, GuestErrorLog, IrqLine, Width } from '../../bus/device.ts';
import type { Ram } from '../../bus/ram.ts';
import { VirtQueue } from './queue.ts';
import {
  VIRTIO_F_ANY_LAYOUT,
  VIRTIO_F_RING_EVENT_IDX,
  VIRTIO_F_RING_INDIRECT_DESC,
  VIRTIO_F_VERSION_1,
  type Transport,
  type VirtioDevice,
} from './virtio-device.ts';

const MAGIC_VALUE = 0x000;
const VERSION = 0x004;
const DEVICE_ID = 0x008;
const VENDOR_ID = 0x00c;
const DEVICE_FEATURES = 0x010;
const DEVICE_FEATURES_SEL = 0x014;
const DRIVER_FEATURES = 0x020;
const DRIVER_FEATURES_SEL = 0x024;
const GUEST_PAGE_SIZE = 0x028; // legacy
const QUEUE_SEL = 0x030;
const QUEUE_NUM_MAX = 0x034;
const QUEUE_NUM = 0x038;
const QUEUE_ALIGN = 0x03c; // legacy
const QUEUE_PFN = 0x040; // legacy
const QUEUE_READY = 0x044;
const QUEUE_NOTIFY = 0x050;
const INTERRUPT_STATUS = 0x060;
const INTERRUPT_ACK = 0x064;
const STATUS = 0x070;
const QUEUE_DESC_LOW = 0x080;
const QUEUE_DESC_HIGH = 0x084;
const QUEUE_DRIVER_LOW = 0x090;
const QUEUE_DRIVER_HIGH = 0x094;
const QUEUE_DEVICE_LOW = 0x0a0;
const QUEUE_DEVICE_HIGH = 0x0a4;
const SHM_LEN_LOW = 0x0b0;
const SHM_BASE_HIGH = 0x0bc;
const CONFIG_GENERATION = 0x0fc;
const CONFIG = 0x100;

const MAGIC = 0x7472_6976; // "virt"
const VENDOR = 0x554d_4551; // "QEMU": drivers print it, and one board should look like the other

const STATUS_DRIVER_OK = 4;
const STATUS_FEATURES_OK = 8;
const STATUS_NEEDS_RESET = 64;

const INTERRUPT_USED = 1;
const INTERRUPT_CONFIG = 2;

const LEGACY_ALIGN = 4096;

export interface VirtioMmioOptions {
  readonly index: number;
  readonly ram: Ram;
  readonly irq: IrqLine;
  readonly isLegacy: boolean;
  readonly device: VirtioDevice | undefined;
  readonly guestError: GuestErrorLog;
}

export class VirtioMmio implements Device, Transport {
  readonly name: string;
  readonly windowSize = 0x1000;
  readonly minWidth = 1;
  readonly maxWidth = 8;
  readonly queues: readonly VirtQueue[];
  private readonly device: VirtioDevice | undefined;
  private readonly irq: IrqLine;
  private readonly isLegacy: boolean;
  private readonly guestError: GuestErrorLog;
  private readonly offered: readonly [number, number];
  private readonly accepted: [number, number] = [0, 0];
  private deviceFeaturesSel = 0;
  private driverFeaturesSel = 0;
  private queueSel = 0;
  private status = 0;
  private interruptStatus = 0;
  private configGeneration = 0;
  private guestPageSize = 0;
  private queueAlign = LEGACY_ALIGN;
  /** The driver broke the protocol; nothing moves until it resets the device. */
  private isBroken = false;
  /** The driver accepted what was not offered: it will not get FEATURES_OK. */
  private hasBadFeatures = false;

  constructor(options: VirtioMmioOptions) {
    this.name = `virtio_mmio${options.index}`;
    this.device = options.device;
    this.irq = options.irq;
    this.isLegacy = options.isLegacy;
    this.guestError = options.guestError;
    this.queues = (this.device?.queueSizes ?? []).map(
      size => new VirtQueue(options.ram, size, what => this.fail(what)),
    );
    this.offered = this.offeredFeatures();
    this.device?.attach(this);
  }

  read(offset: number, width: Width): number {
    const { device } = this;
    if (!device) {
      if (offset === MAGIC_VALUE) return MAGIC;
      if (offset === VERSION) return this.isLegacy ? 1 : 2;
      return offset === VENDOR_ID ? VENDOR : 0;
    }
    if (offset >= CONFIG) return this.readConfig(device, offset - CONFIG, width);
    if (width !== 4) {
      this.guestError(`${this.name}: ${width}-byte read of register ${offset.toString(16)}`);
      return 0;
    }
    const queue = this.queues[this.queueSel];
    switch (offset) {
      case MAGIC_VALUE:
        return MAGIC;
      case VERSION:
        return this.isLegacy ? 1 : 2;
      case DEVICE_ID:
        return device.deviceId;
      case VENDOR_ID:
        return VENDOR;
      case DEVICE_FEATURES:
        return this.offered[this.deviceFeaturesSel] ?? 0;
      case QUEUE_NUM_MAX:
        return device.queueSizes[this.queueSel] ?? 0;
      case QUEUE_PFN:
        return this.isLegacy && queue?.isReady ? Math.floor(queue.descTable / (this.guestPageSize || 1)) : 0;
      case QUEUE_READY:
        return !this.isLegacy && queue?.isReady ? 1 : 0;
      case INTERRUPT_STATUS:
        return this.interruptStatus;
      case STATUS:
        return this.status;
      case CONFIG_GENERATION:
        return this.configGeneration;
      default:
        // No shared memory regions: length and base read as all ones.
        return !this.isLegacy && offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH ? 0xffff_ffff : 0;
    }
  }

  write(offset: number, width: Width, value: number): void {
    const { device } = this;
    if (!device) return;
    if (offset >= CONFIG) {
      for (let i = 0; i < width && offset - CONFIG + i < device.configSize; i++) {
        device.writeConfig(offset - CONFIG + i, (value >>> (8 * i)) & 0xff);
      }
      return;
    }
    if (width !== 4) {
      this.guestError(`${this.name}: ${width}-byte write of register ${offset.toString(16)}`);
      return;
    }
    switch (offset) {
      case DEVICE_FEATURES_SEL:
        this.deviceFeaturesSel = value;
        break;
      case DRIVER_FEATURES_SEL:
        this.driverFeaturesSel = value;
        break;
      case DRIVER_FEATURES:
        this.acceptFeatures(value);
        break;
      case GUEST_PAGE_SIZE:
        this.guestPageSize = value;
        break;
      case QUEUE_SEL:
        this.queueSel = value;
        break;
      case QUEUE_NOTIFY:
        this.notify(value);
        break;
      case INTERRUPT_ACK:
        this.interruptStatus &= ~value;
        this.drive();
        break;
      case STATUS:
        this.setStatus(value & 0xff);
        break;
      default: {
        const queue = this.queues[this.queueSel];
        if (!queue) this.guestError(`${this.name}: write of register ${offset.toString(16)} without a queue`);
        else if (this.isLegacy) this.writeLegacyQueue(queue, offset, value);
        else this.writeQueue(queue, offset, value);
      }
    }
  }

  notifyUsed(queue: VirtQueue): void {
    if (!queue.takeInterrupt()) return;
    this.interruptStatus |= INTERRUPT_USED;
    this.drive();
  }

  fail(what: string): void {
    if (this.isBroken) return;
    this.guestError(`${this.name}: ${this.device?.label ?? 'empty slot'}: ${what}`);
    this.isBroken = true;
    if (this.isLegacy) return;
    this.status |= STATUS_NEEDS_RESET;
    this.notifyConfig();
  }

  hasFeature(bit: number): boolean {
    return (this.accepted[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  get isRunning(): boolean {
    return (this.status & STATUS_DRIVER_OK) !== 0 && !this.isBroken;
  }

  reset(): void {
    this.resetDevice();
    this.deviceFeaturesSel = 0;
    this.driverFeaturesSel = 0;
    this.queueSel = 0;
    this.guestPageSize = 0;
  }

  save(out: StateWriter): void {
    for (const v of [...this.accepted, this.deviceFeaturesSel, this.driverFeaturesSel, this.queueSel]) out.u32(v);
    for (const v of [this.status, this.interruptStatus, this.configGeneration, this.queueAlign]) out.u32(v);
    out.u32(this.guestPageSize);
    out.bool(this.isBroken);
    out.bool(this.hasBadFeatures);
    for (const queue of this.queues) queue.save(out);
    this.device?.save(out);
  }

  load(from: StateReader): void {
    this.accepted[0] = from.u32();
    this.accepted[1] = from.u32();
    this.deviceFeaturesSel = from.u32();
    this.driverFeaturesSel = from.u32();
    this.queueSel = from.u32();
    this.status = from.u32();
    this.interruptStatus = from.u32();
    this.configGeneration = from.u32();
    this.queueAlign = from.u32();
    this.guestPageSize = from.u32();
    this.isBroken = from.bool();
    this.hasBadFeatures = from.bool();
    for (const queue of this.queues) queue.load(from);
    this.device?.load(from);
    this.drive();
  }

  describe(node: DtNode): void {
    node.prop('compatible', 'virtio,mmio');
  }

  private offeredFeatures(): readonly [number, number] {
    if (!this.device) return [0, 0];
    const bits = [...this.device.features, VIRTIO_F_RING_INDIRECT_DESC, VIRTIO_F_RING_EVENT_IDX];
    bits.push(this.isLegacy ? VIRTIO_F_ANY_LAYOUT : VIRTIO_F_VERSION_1);
    const words: [number, number] = [0, 0];
    for (const bit of bits) words[bit < 32 ? 0 : 1] |= 1 << (bit & 31);
    return [words[0] >>> 0, words[1] >>> 0];
  }

  private acceptFeatures(value: number): void {
    const sel = this.driverFeaturesSel;
    if (sel > 1 || this.status & STATUS_FEATURES_OK) return;
    this.accepted[sel] = (value & this.offered[sel]!) >>> 0;
    if (value & ~this.offered[sel]!) this.hasBadFeatures = true;
  }

  private setStatus(value: number): void {
    if (value === 0) {
      this.resetDevice();
      return;
    }
    const isRefused = !this.isLegacy && (this.hasBadFeatures || !this.hasFeature(VIRTIO_F_VERSION_1));
    const isOk = (value & STATUS_FEATURES_OK) !== 0 && !isRefused;
    this.status = (value & ~STATUS_FEATURES_OK) | (isOk ? STATUS_FEATURES_OK : 0) | (this.status & STATUS_NEEDS_RESET);
    for (const queue of this.queues) queue.hasEventIdx = this.hasFeature(VIRTIO_F_RING_EVENT_IDX);
  }

  private writeQueue(queue: VirtQueue, offset: number, value: number): void {
    switch (offset) {
      case QUEUE_NUM:
        this.setQueueSize(queue, value);
        break;
      case QUEUE_READY:
        queue.isReady = (value & 1) !== 0;
        break;
      case QUEUE_DESC_LOW:
        queue.descTable = withLow(queue.descTable, value);
        break;
      case QUEUE_DESC_HIGH:
        queue.descTable = withHigh(queue.descTable, value);
        break;
      case QUEUE_DRIVER_LOW:
        queue.availRing = withLow(queue.availRing, value);
        break;
      case QUEUE_DRIVER_HIGH:
        queue.availRing = withHigh(queue.availRing, value);
        break;
      case QUEUE_DEVICE_LOW:
        queue.usedRing = withLow(queue.usedRing, value);
        break;
      case QUEUE_DEVICE_HIGH:
        queue.usedRing = withHigh(queue.usedRing, value);
        break;
      default:
        this.guestError(`${this.name}: write of register ${offset.toString(16)}`);
    }
  }

  private writeLegacyQueue(queue: VirtQueue, offset: number, value: number): void {
    switch (offset) {
      case QUEUE_NUM:
        this.setQueueSize(queue, value);
        break;
      case QUEUE_ALIGN:
        if (value !== 0 && (value & (value - 1)) === 0) this.queueAlign = value >>> 0;
        break;
      case QUEUE_PFN:
        if (value === 0) this.resetDevice();
        else this.placeLegacyQueue(queue, value * this.guestPageSize);
        break;
      default:
        this.guestError(`${this.name}: write of register ${offset.toString(16)}`);
    }
  }

  /** virtio 1.2, 2.7.2: descriptors, available ring, then the used ring at the next alignment boundary. */
  private placeLegacyQueue(queue: VirtQueue, pa: number): void {
    queue.descTable = pa;
    queue.availRing = pa + 16 * queue.size;
    const end = queue.availRing + 6 + 2 * queue.size;
    queue.usedRing = Math.ceil(end / this.queueAlign) * this.queueAlign;
    queue.isReady = true;
  }

  private setQueueSize(queue: VirtQueue, size: number): void {
    const max = this.device?.queueSizes[this.queueSel] ?? 0;
    if (size >= 1 && size <= max && (size & (size - 1)) === 0) queue.size = size;
    else this.guestError(`${this.name}: queue size ${size}, at most ${max} is possible`);
  }

  private notify(value: number): void {
    const index = value & 0xffff;
    if (this.isRunning && index < this.queues.length) this.device?.notify(index);
  }

  private readConfig(device: VirtioDevice, offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) {
      const byte = offset + i < device.configSize ? device.readConfig(offset + i) : 0;
      value += byte * 2 ** (8 * i);
    }
    return value;
  }

  private notifyConfig(): void {
    this.configGeneration = (this.configGeneration + 1) >>> 0;
    if (!(this.status & STATUS_DRIVER_OK)) return;
    this.interruptStatus |= INTERRUPT_CONFIG;
    this.drive();
  }

  private resetDevice(): void {
    this.accepted[0] = 0;
    this.accepted[1] = 0;
    this.hasBadFeatures = false;
    this.status = 0;
    this.interruptStatus = 0;
    this.queueAlign = LEGACY_ALIGN;
    this.isBroken = false;
    for (const queue of this.queues) queue.reset();
    this.device?.reset();
    this.drive();
  }

  private drive(): void {
    this.irq(this.interruptStatus !== 0);
  }
}

function withLow(pa: number, low: number): number {
  return joinWords(low, Math.floor(pa / 2 ** 32));
}
function withHigh(pa: number, high: number): number {
  return joinWords(pa % 2 ** 32, high);
}
