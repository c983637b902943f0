/**
 * virtio over PCI (virtio 1.2, section 4.1): the modern registers in BAR 4 and, unless the function is modern only, the
 * legacy header in I/O BAR 0 (4.1.4.10). Layout, ids and defaults are QEMU 7.2's, so that one guest sees one board.
 */
import { concatBytes, highWord, viewOf, withHighWord, withLowWord } from '../../base/bytes.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { GuestErrorLog, Width } from '../../bus/device.ts';
import type { Ram } from '../../bus/ram.ts';
import type { VirtQueue } from '../virtio/queue.ts';
import { LEGACY_ALIGN, VirtioTransport } from '../virtio/transport.ts';
import type { VirtioDevice } from '../virtio/virtio-device.ts';
import { COMMAND, COMMAND_MASTER, PciFunction } from './function.ts';
import { CONTROL_ENABLE, CONTROL_FUNCTION_MASK, Msix, MSIX_BAR_BYTES, MSIX_CAP, NO_VECTOR } from './msix.ts';

const VENDOR = 0x1af4;
const MODERN_ID_BASE = 0x1040;
const MODERN_SUBSYSTEM = 0x1100;

interface Kind {
  readonly transitional: number;
  readonly classCode: number;
  /** Of MSI-X. */
  readonly vectors: number;
}

/** By virtio device id: the transitional PCI device id and the class (virtio 1.2, 4.1.2.1; QEMU's classes). */
const KINDS: Readonly<Record<number, Kind>> = {
  1: { transitional: 0x1000, classCode: 0x02_0000, vectors: 4 },
  2: { transitional: 0x1001, classCode: 0x01_0000, vectors: 2 },
  3: { transitional: 0x1003, classCode: 0x07_8000, vectors: 2 },
  4: { transitional: 0x1005, classCode: 0x00_ff00, vectors: 2 },
};

const CAP_VENDOR = 0x09;
const VIRTIO_PCI_CAP_COMMON_CFG = 1;
const VIRTIO_PCI_CAP_NOTIFY_CFG = 2;
const VIRTIO_PCI_CAP_ISR_CFG = 3;
const VIRTIO_PCI_CAP_DEVICE_CFG = 4;
const VIRTIO_PCI_CAP_PCI_CFG = 5;

const LEGACY_BAR = 0;
const MSIX_BAR = 1;
const MODERN_BAR = 4;
const MODERN_BYTES = 0x4000;
/** The structures behind BAR 4, a page for each. */
const REGION_BYTES = 0x1000;
const COMMON = 0;
const ISR = 1;
const DEVICE = 2;
const NOTIFY = 3;
const NOTIFY_OFF_MULTIPLIER = 4;

/** Where the capabilities stand in configuration space. */
const COMMON_CAP = 0x40;
const ISR_CAP = 0x50;
const DEVICE_CAP = 0x60;
const NOTIFY_CAP = 0x70;
const PCI_CFG_CAP = 0x84;
const MSIX_CAP_AT = 0x98;
const MSIX_CONTROL = MSIX_CAP_AT + 2;
/** Fields of a virtio capability, from its start. */
const CAP_BAR = 4;
const CAP_OFFSET = 8;
const CAP_LENGTH = 12;
const CAP_DATA = 16;

const DEVICE_FEATURE_SELECT = 0x00;
const DEVICE_FEATURE = 0x04;
const DRIVER_FEATURE_SELECT = 0x08;
const DRIVER_FEATURE = 0x0c;
const CONFIG_MSIX_VECTOR = 0x10;
const NUM_QUEUES = 0x12;
const DEVICE_STATUS = 0x14;
const CONFIG_GENERATION = 0x15;
const QUEUE_SELECT = 0x16;
const QUEUE_SIZE = 0x18;
const QUEUE_MSIX_VECTOR = 0x1a;
const QUEUE_ENABLE = 0x1c;
const QUEUE_NOTIFY_OFF = 0x1e;
const QUEUE_DESC = 0x20;
const QUEUE_DRIVER = 0x28;
const QUEUE_DEVICE = 0x30;

const LEGACY_DEVICE_FEATURES = 0x00;
const LEGACY_DRIVER_FEATURES = 0x04;
const LEGACY_QUEUE_ADDRESS = 0x08;
const LEGACY_QUEUE_SIZE = 0x0c;
const LEGACY_QUEUE_SELECT = 0x0e;
const LEGACY_QUEUE_NOTIFY = 0x10;
const LEGACY_STATUS = 0x12;
const LEGACY_ISR = 0x13;
/** The vectors stand in front of the configuration while MSI-X is enabled. */
const LEGACY_CONFIG_VECTOR = 0x14;
const LEGACY_QUEUE_VECTOR = 0x16;
const LEGACY_CONFIG = 0x14;
const LEGACY_CONFIG_BEHIND_VECTORS = 0x18;
const LEGACY_PAGE = 4096;

const NOTHING = new Uint8Array(0);
/** What old drivers write before they enable bus mastering, if they ever do. */
const STATUS_ACKNOWLEDGE_DRIVER = 3;

export interface VirtioPciOptions {
  readonly name: string;
  readonly ram: Ram;
  readonly device: VirtioDevice;
  /** `disable-legacy=on`: the modern device id, and no I/O BAR. */
  readonly isModernOnly: boolean;
  readonly guestError: GuestErrorLog;
}

export class VirtioPci extends PciFunction {
  readonly transport: VirtioTransport;
  private readonly guestError: GuestErrorLog;
  private readonly msix: Msix;
  private configVector = NO_VECTOR;
  private readonly queueVectors: number[];
  private deviceFeatureSelect = 0;
  private driverFeatureSelect = 0;
  private queueSelect = 0;

  constructor({ name, ram, device, isModernOnly, guestError }: VirtioPciOptions) {
    const { transitional, classCode, vectors } = KINDS[device.deviceId]!;
    super(name, {
      vendor: VENDOR,
      device: isModernOnly ? MODERN_ID_BASE + device.deviceId : transitional,
      revision: isModernOnly ? 1 : 0,
      classCode,
      subsystemVendor: VENDOR,
      subsystem: isModernOnly ? MODERN_SUBSYSTEM : device.deviceId,
      hasInterrupt: true,
    });
    this.guestError = guestError;
    this.transport = new VirtioTransport({
      name,
      ram,
      device,
      guestError,
      irq: level => this.setInterrupt(level),
      message: queue => this.sendMessage(queue),
      mayMaster: () => (this.command & COMMAND_MASTER) !== 0,
    });
    this.queueVectors = device.queueSizes.map(() => NO_VECTOR);
    this.msix = new Msix(vectors, ram, () => this.view.getUint16(MSIX_CONTROL, true), guestError);
    if (!isModernOnly) {
      const size = 2 ** Math.ceil(Math.log2(LEGACY_CONFIG_BEHIND_VECTORS + device.configSize));
      this.addBar({
        index: LEGACY_BAR,
        kind: 'io',
        size,
        region: {
          read: (offset, width) => this.readLegacy(offset, width),
          write: (offset, width, value) => this.writeLegacy(offset, width, value),
        },
      });
    }
    this.addBar({ index: MSIX_BAR, kind: 'mem32', size: MSIX_BAR_BYTES, region: this.msix });
    this.addBar({
      index: MODERN_BAR,
      kind: 'mem64',
      isPrefetchable: true,
      size: MODERN_BYTES,
      region: {
        read: (offset, width) => this.readModern(offset, width),
        write: (offset, width, value) => this.writeModern(offset, width, value),
      },
    });
    this.addVirtioCapability(COMMON_CAP, VIRTIO_PCI_CAP_COMMON_CFG, COMMON);
    this.addVirtioCapability(ISR_CAP, VIRTIO_PCI_CAP_ISR_CFG, ISR);
    this.addVirtioCapability(DEVICE_CAP, VIRTIO_PCI_CAP_DEVICE_CFG, DEVICE);
    this.addVirtioCapability(NOTIFY_CAP, VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY, u32(NOTIFY_OFF_MULTIPLIER));
    this.addVirtioCapability(PCI_CFG_CAP, VIRTIO_PCI_CAP_PCI_CFG, undefined, u32(0));
    this.addCapability(MSIX_CAP_AT, MSIX_CAP, this.msix.capability(MSIX_BAR));
    viewOf(this.writable).setUint16(MSIX_CONTROL, CONTROL_ENABLE | CONTROL_FUNCTION_MASK, true);
    this.seal();
  }

  override get intx(): boolean {
    return super.intx && !this.msix.isEnabled;
  }

  override readConfig(offset: number, width: Width): number {
    if (touchesData(offset, width)) this.accessThroughConfig(false);
    return super.readConfig(offset, width);
  }

  override writeConfig(offset: number, width: Width, value: number): void {
    super.writeConfig(offset, width, value);
    if (touchesData(offset, width)) this.accessThroughConfig(true);
    if (offset >= MSIX_CAP_AT) this.msix.deliver();
    if (offset === COMMAND && !(this.command & COMMAND_MASTER)) this.transport.stop();
  }

  override reset(): void {
    super.reset();
    this.msix.reset();
    this.resetDevice();
  }

  override save(out: StateWriter): void {
    super.save(out);
    for (const v of [this.deviceFeatureSelect, this.driverFeatureSelect, this.queueSelect]) out.u32(v);
    for (const v of [this.configVector, ...this.queueVectors]) out.u32(v);
    this.msix.save(out);
    this.transport.save(out);
  }

  override load(from: StateReader): void {
    super.load(from);
    this.deviceFeatureSelect = from.u32();
    this.driverFeatureSelect = from.u32();
    this.queueSelect = from.u32();
    this.configVector = from.u32();
    for (let i = 0; i < this.queueVectors.length; i++) this.queueVectors[i] = from.u32();
    this.msix.load(from);
    this.transport.load(from);
  }

  private addVirtioCapability(at: number, type: number, region: number | undefined, extra: Uint8Array = NOTHING): void {
    const body = new Uint8Array(CAP_DATA - 2);
    const view = viewOf(body);
    body[0] = CAP_DATA + extra.length;
    body[1] = type;
    if (region !== undefined) {
      body[CAP_BAR - 2] = MODERN_BAR;
      view.setUint32(CAP_OFFSET - 2, region * REGION_BYTES, true);
      view.setUint32(CAP_LENGTH - 2, REGION_BYTES, true);
    } else {
      this.writable[at + CAP_BAR] = 0xff;
      this.writable.fill(0xff, at + CAP_OFFSET, at + CAP_DATA + extra.length);
    }
    this.addCapability(at, CAP_VENDOR, concatBytes([body, extra]));
  }

  /** VIRTIO_PCI_CAP_PCI_CFG (4.1.4.9): a driver that cannot map BARs reaches them through these fields. */
  private accessThroughConfig(isWrite: boolean): void {
    const { view } = this;
    const index = this.config[PCI_CFG_CAP + CAP_BAR]!;
    const width = view.getUint32(PCI_CFG_CAP + CAP_LENGTH, true);
    const offset = view.getUint32(PCI_CFG_CAP + CAP_OFFSET, true);
    const bar = this.bars.find(b => b.index === index);
    if (!bar || (width !== 1 && width !== 2 && width !== 4)) return;
    const at = PCI_CFG_CAP + CAP_DATA;
    if (offset % width !== 0 || offset + width > bar.size) return;
    if (isWrite) bar.region.write(offset, width, super.readConfig(at, width));
    else view.setUint32(at, bar.region.read(offset, width), true);
  }

  private readModern(offset: number, width: Width): number {
    const at = offset % REGION_BYTES;
    switch (Math.floor(offset / REGION_BYTES)) {
      case COMMON:
        return this.readCommon(at);
      case ISR:
        return at === 0 ? this.takeIsr() : 0;
      case DEVICE:
        return this.transport.readConfig(at, width);
      default:
        return 0;
    }
  }

  private writeModern(offset: number, width: Width, value: number): void {
    const at = offset % REGION_BYTES;
    switch (Math.floor(offset / REGION_BYTES)) {
      case COMMON:
        this.writeCommon(at, value);
        break;
      case DEVICE:
        this.transport.writeConfig(at, width, value);
        break;
      case NOTIFY:
        this.transport.notify(Math.floor(at / NOTIFY_OFF_MULTIPLIER));
        break;
      default:
        this.guestError(`${this.label}: write of the read-only interrupt status`);
    }
  }

  private readCommon(at: number): number {
    const { transport } = this;
    const queue = transport.queues[this.queueSelect];
    switch (at) {
      case DEVICE_FEATURE_SELECT:
        return this.deviceFeatureSelect;
      case DEVICE_FEATURE:
        return transport.offered[this.deviceFeatureSelect] ?? 0;
      case DRIVER_FEATURE_SELECT:
        return this.driverFeatureSelect;
      case DRIVER_FEATURE:
        return transport.accepted(this.driverFeatureSelect);
      case CONFIG_MSIX_VECTOR:
        return this.configVector;
      case QUEUE_MSIX_VECTOR:
        return this.queueVectors[this.queueSelect] ?? NO_VECTOR;
      case NUM_QUEUES:
        return transport.queues.length;
      case DEVICE_STATUS:
        return transport.status;
      case CONFIG_GENERATION:
        return transport.configGeneration & 0xff;
      case QUEUE_SELECT:
        return this.queueSelect;
      case QUEUE_SIZE:
        return queue?.size ?? 0;
      case QUEUE_ENABLE:
        return queue?.isReady ? 1 : 0;
      case QUEUE_NOTIFY_OFF:
        return queue ? this.queueSelect : 0;
      case QUEUE_DESC:
        return low(queue?.descTable);
      case QUEUE_DESC + 4:
        return highWord(queue?.descTable ?? 0);
      case QUEUE_DRIVER:
        return low(queue?.availRing);
      case QUEUE_DRIVER + 4:
        return highWord(queue?.availRing ?? 0);
      case QUEUE_DEVICE:
        return low(queue?.usedRing);
      case QUEUE_DEVICE + 4:
        return highWord(queue?.usedRing ?? 0);
      default:
        return 0;
    }
  }

  private writeCommon(at: number, value: number): void {
    const { transport } = this;
    switch (at) {
      case DEVICE_FEATURE_SELECT:
        this.deviceFeatureSelect = value;
        break;
      case DRIVER_FEATURE_SELECT:
        this.driverFeatureSelect = value;
        break;
      case DRIVER_FEATURE:
        transport.acceptFeatures(this.driverFeatureSelect, value, false);
        break;
      case CONFIG_MSIX_VECTOR:
        this.configVector = this.msix.vector(value & 0xffff);
        break;
      case QUEUE_MSIX_VECTOR:
        this.setQueueVector(value);
        break;
      case DEVICE_STATUS:
        this.setStatus(value & 0xff, false);
        break;
      case QUEUE_SELECT:
        this.queueSelect = value & 0xffff;
        break;
      default: {
        const queue = transport.queues[this.queueSelect];
        if (queue) this.writeQueue(queue, at, value);
        else this.guestError(`${this.label}: write of common register ${at.toString(16)} without a queue`);
      }
    }
  }

  private writeQueue(queue: VirtQueue, at: number, value: number): void {
    switch (at) {
      case QUEUE_SIZE:
        this.transport.setQueueSize(this.queueSelect, value & 0xffff);
        break;
      case QUEUE_ENABLE:
        // 4.1.4.3.2: the driver must not write 0 here.
        if (value & 1) queue.isReady = true;
        else this.guestError(`${this.label}: queue ${this.queueSelect} cannot be disabled`);
        break;
      case QUEUE_DESC:
        queue.descTable = withLowWord(queue.descTable, value);
        break;
      case QUEUE_DESC + 4:
        queue.descTable = withHighWord(queue.descTable, value);
        break;
      case QUEUE_DRIVER:
        queue.availRing = withLowWord(queue.availRing, value);
        break;
      case QUEUE_DRIVER + 4:
        queue.availRing = withHighWord(queue.availRing, value);
        break;
      case QUEUE_DEVICE:
        queue.usedRing = withLowWord(queue.usedRing, value);
        break;
      case QUEUE_DEVICE + 4:
        queue.usedRing = withHighWord(queue.usedRing, value);
        break;
      default:
        this.guestError(`${this.label}: write of common register ${at.toString(16)}`);
    }
  }

  private readLegacy(offset: number, width: Width): number {
    const { transport } = this;
    const config = this.msix.isEnabled ? LEGACY_CONFIG_BEHIND_VECTORS : LEGACY_CONFIG;
    if (offset >= config) return transport.readConfig(offset - config, width);
    const queue = transport.queues[this.queueSelect];
    switch (offset) {
      case LEGACY_DEVICE_FEATURES:
        return transport.legacyOffered[0];
      case LEGACY_DRIVER_FEATURES:
        return transport.accepted(0);
      case LEGACY_QUEUE_ADDRESS:
        return queue?.isReady ? Math.floor(queue.descTable / LEGACY_PAGE) >>> 0 : 0;
      case LEGACY_QUEUE_SIZE:
        return queue?.size ?? 0;
      case LEGACY_QUEUE_SELECT:
        return this.queueSelect;
      case LEGACY_STATUS:
        return transport.status;
      case LEGACY_ISR:
        return this.takeIsr();
      case LEGACY_CONFIG_VECTOR:
        return this.configVector;
      case LEGACY_QUEUE_VECTOR:
        return this.queueVectors[this.queueSelect] ?? NO_VECTOR;
      default:
        return 0;
    }
  }

  private writeLegacy(offset: number, width: Width, value: number): void {
    const { transport } = this;
    const config = this.msix.isEnabled ? LEGACY_CONFIG_BEHIND_VECTORS : LEGACY_CONFIG;
    if (offset >= config) {
      transport.writeConfig(offset - config, width, value);
      return;
    }
    const queue = transport.queues[this.queueSelect];
    switch (offset) {
      case LEGACY_DRIVER_FEATURES:
        transport.acceptFeatures(0, value, true);
        break;
      case LEGACY_QUEUE_ADDRESS:
        if (value === 0) this.resetDevice();
        else if (queue) transport.placeLegacyQueue(queue, value * LEGACY_PAGE, LEGACY_ALIGN);
        break;
      case LEGACY_QUEUE_SELECT:
        this.queueSelect = value & 0xffff;
        break;
      case LEGACY_QUEUE_NOTIFY:
        transport.notify(value & 0xffff);
        break;
      case LEGACY_STATUS:
        if (value === STATUS_ACKNOWLEDGE_DRIVER) super.writeConfig(COMMAND, 2, this.command | COMMAND_MASTER);
        this.setStatus(value & 0xff, true);
        break;
      case LEGACY_CONFIG_VECTOR:
        this.configVector = this.msix.vector(value & 0xffff);
        break;
      case LEGACY_QUEUE_VECTOR:
        this.setQueueVector(value);
        break;
      default:
        this.guestError(`${this.label}: write of legacy register ${offset.toString(16)}`);
    }
  }

  private setQueueVector(value: number): void {
    if (this.queueSelect < this.queueVectors.length) {
      this.queueVectors[this.queueSelect] = this.msix.vector(value & 0xffff);
    }
  }

  /** With MSI-X there is no wire: a cause without a vector is not heard. */
  private sendMessage(queue: number | 'config'): boolean {
    if (!this.msix.isEnabled) return false;
    this.msix.notify(queue === 'config' ? this.configVector : this.queueVectors[queue]!);
    return true;
  }

  private setStatus(value: number, isLegacy: boolean): void {
    if (value === 0) this.resetDevice();
    else this.transport.setStatus(value, isLegacy);
  }

  private takeIsr(): number {
    const bits = this.transport.interruptStatus;
    this.transport.acknowledge(bits);
    return bits;
  }

  private resetDevice(): void {
    this.transport.reset();
    this.configVector = NO_VECTOR;
    this.queueVectors.fill(NO_VECTOR);
    this.deviceFeatureSelect = 0;
    this.driverFeatureSelect = 0;
    this.queueSelect = 0;
  }
}

function touchesData(offset: number, width: Width): boolean {
  const at = PCI_CFG_CAP + CAP_DATA;
  return offset < at + 4 && at < offset + width;
}

function low(pa = 0): number {
  return pa % 2 ** 32;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}
