/**
 * virtio over MMIO (virtio 1.2, section 4.2): version 2 registers, or with `isLegacy` version 1 (4.2.4: page-numbered
 * queues, guest-page-size). A slot without a device answers the identification registers alone, as QEMU's does.
 */
import type { StateReader, StateWriter } from '../../base/state.ts';
import { withHighWord, withLowWord } from '../../base/bytes.ts';
import type { Device, DtNode, GuestErrorLog, IrqLine, Width } from '../../bus/device.ts';
import type { Ram } from '../../bus/ram.ts';
import type { VirtQueue } from './queue.ts';
import { LEGACY_ALIGN, VirtioTransport } from './transport.ts';
import type { VirtioDevice } from './virtio-device.ts';

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

export interface VirtioMmioOptions {
  readonly index: number;
  readonly ram: Ram;
  readonly irq: IrqLine;
  readonly isLegacy: boolean;
  readonly device: VirtioDevice | undefined;
  readonly guestError: GuestErrorLog;
}

export class VirtioMmio implements Device {
  readonly name: string;
  readonly windowSize = 0x1000;
  readonly minWidth = 1;
  readonly maxWidth = 8;
  readonly stateVersion = 2;
  private readonly transport: VirtioTransport | undefined;
  private readonly isLegacy: boolean;
  private readonly guestError: GuestErrorLog;
  private deviceFeaturesSel = 0;
  private driverFeaturesSel = 0;
  private queueSel = 0;
  private guestPageSize = 0;
  private queueAlign = LEGACY_ALIGN;

  constructor(options: VirtioMmioOptions) {
    const { index, device, ram, irq, isLegacy, guestError } = options;
    this.name = `virtio_mmio${index}`;
    this.isLegacy = isLegacy;
    this.guestError = guestError;
    this.transport = device && new VirtioTransport({ name: this.name, ram, device, irq, guestError });
  }

  read(offset: number, width: Width): number {
    const { transport } = this;
    if (!transport) {
      if (offset === MAGIC_VALUE) return MAGIC;
      if (offset === VERSION) return this.isLegacy ? 1 : 2;
      return offset === VENDOR_ID ? VENDOR : 0;
    }
    if (offset >= CONFIG) return transport.readConfig(offset - CONFIG, width);
    if (width !== 4) {
      this.guestError(`${this.name}: ${width}-byte read of register ${offset.toString(16)}`);
      return 0;
    }
    const { device } = transport;
    const queue = transport.queues[this.queueSel];
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
        return (this.isLegacy ? transport.legacyOffered : transport.offered)[this.deviceFeaturesSel] ?? 0;
      case QUEUE_NUM_MAX:
        return device.queueSizes[this.queueSel] ?? 0;
      case QUEUE_PFN:
        return this.isLegacy && queue?.isReady ? Math.floor(queue.descTable / (this.guestPageSize || 1)) : 0;
      case QUEUE_READY:
        return !this.isLegacy && queue?.isReady ? 1 : 0;
      case INTERRUPT_STATUS:
        return transport.interruptStatus;
      case STATUS:
        return transport.status;
      case CONFIG_GENERATION:
        return transport.configGeneration;
      default:
        // No shared memory regions: length and base read as all ones.
        return !this.isLegacy && offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH ? 0xffff_ffff : 0;
    }
  }

  write(offset: number, width: Width, value: number): void {
    const { transport } = this;
    if (!transport) return;
    if (offset >= CONFIG) {
      transport.writeConfig(offset - CONFIG, width, value);
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
        transport.acceptFeatures(this.driverFeaturesSel, value, this.isLegacy);
        break;
      case GUEST_PAGE_SIZE:
        this.guestPageSize = value;
        break;
      case QUEUE_SEL:
        this.queueSel = value;
        break;
      case QUEUE_NOTIFY:
        transport.notify(value & 0xffff);
        break;
      case INTERRUPT_ACK:
        transport.acknowledge(value);
        break;
      case STATUS:
        if ((value & 0xff) === 0) this.queueAlign = LEGACY_ALIGN;
        transport.setStatus(value & 0xff);
        break;
      default: {
        const queue = transport.queues[this.queueSel];
        if (!queue) this.guestError(`${this.name}: write of register ${offset.toString(16)} without a queue`);
        else if (this.isLegacy) this.writeLegacyQueue(transport, queue, offset, value);
        else this.writeQueue(transport, queue, offset, value);
      }
    }
  }

  inspect(): readonly string[] {
    const { transport } = this;
    return transport ? [`dev: ${transport.device.label}`, `status = 0x${transport.status.toString(16)}`] : ['empty'];
  }

  reset(): void {
    this.transport?.reset();
    this.queueAlign = LEGACY_ALIGN;
    this.deviceFeaturesSel = 0;
    this.driverFeaturesSel = 0;
    this.queueSel = 0;
    this.guestPageSize = 0;
  }

  save(out: StateWriter): void {
    for (const v of [this.deviceFeaturesSel, this.driverFeaturesSel, this.queueSel]) out.u32(v);
    for (const v of [this.guestPageSize, this.queueAlign]) out.u32(v);
    this.transport?.save(out);
  }

  load(from: StateReader): void {
    this.deviceFeaturesSel = from.u32();
    this.driverFeaturesSel = from.u32();
    this.queueSel = from.u32();
    this.guestPageSize = from.u32();
    this.queueAlign = from.u32();
    this.transport?.load(from);
  }

  describe(node: DtNode): void {
    node.prop('compatible', 'virtio,mmio');
  }

  private writeQueue(transport: VirtioTransport, queue: VirtQueue, offset: number, value: number): void {
    switch (offset) {
      case QUEUE_NUM:
        transport.setQueueSize(this.queueSel, value);
        break;
      case QUEUE_READY:
        queue.isReady = (value & 1) !== 0;
        break;
      case QUEUE_DESC_LOW:
        queue.descTable = withLowWord(queue.descTable, value);
        break;
      case QUEUE_DESC_HIGH:
        queue.descTable = withHighWord(queue.descTable, value);
        break;
      case QUEUE_DRIVER_LOW:
        queue.availRing = withLowWord(queue.availRing, value);
        break;
      case QUEUE_DRIVER_HIGH:
        queue.availRing = withHighWord(queue.availRing, value);
        break;
      case QUEUE_DEVICE_LOW:
        queue.usedRing = withLowWord(queue.usedRing, value);
        break;
      case QUEUE_DEVICE_HIGH:
        queue.usedRing = withHighWord(queue.usedRing, value);
        break;
      default:
        this.guestError(`${this.name}: write of register ${offset.toString(16)}`);
    }
  }

  private writeLegacyQueue(transport: VirtioTransport, queue: VirtQueue, offset: number, value: number): void {
    switch (offset) {
      case QUEUE_NUM:
        transport.setQueueSize(this.queueSel, value);
        break;
      case QUEUE_ALIGN:
        if (value !== 0 && (value & (value - 1)) === 0) this.queueAlign = value >>> 0;
        break;
      case QUEUE_PFN:
        if (value === 0) {
          this.queueAlign = LEGACY_ALIGN;
          transport.reset();
        } else {
          transport.placeLegacyQueue(queue, value * this.guestPageSize, this.queueAlign);
        }
        break;
      default:
        this.guestError(`${this.name}: write of register ${offset.toString(16)}`);
    }
  }
}
