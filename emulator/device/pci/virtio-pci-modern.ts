/**
 * The modern registers of a virtio function (virtio 1.2, section 4.1.4): what is behind BAR 4, a page for each structure,
 * as QEMU 7.2 lays them out.
 */
import { highWord, withHighWord, withLowWord } from '../../base/bytes.ts';
import type { Width } from '../../bus/device.ts';
import type { VirtQueue } from '../virtio/queue.ts';
import type { BarRegion } from './function.ts';
import type { VirtioPciState } from './virtio-pci-state.ts';

/** Each structure's page. */
export const REGION_BYTES = 0x1000;
export const COMMON = 0;
export const ISR = 1;
export const DEVICE = 2;
export const NOTIFY = 3;
export const MODERN_BYTES = 4 * REGION_BYTES;
export const NOTIFY_OFF_MULTIPLIER = 4;

/** Of the common configuration (4.1.4.3). */
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

export class ModernRegisters implements BarRegion {
  constructor(private readonly state: VirtioPciState) {}

  read(offset: number, width: Width): number {
    const { state } = this;
    const at = offset % REGION_BYTES;
    switch (Math.floor(offset / REGION_BYTES)) {
      case COMMON:
        return this.readCommon(at);
      case ISR:
        return at === 0 ? state.takeIsr() : 0;
      case DEVICE:
        return state.transport.readConfig(at, width);
      default:
        return 0;
    }
  }

  write(offset: number, width: Width, value: number): void {
    const { state } = this;
    const { transport } = state;
    const at = offset % REGION_BYTES;
    switch (Math.floor(offset / REGION_BYTES)) {
      case COMMON:
        this.writeCommon(at, value);
        break;
      case DEVICE:
        transport.writeConfig(at, width, value);
        break;
      case NOTIFY:
        transport.notify(Math.floor(at / NOTIFY_OFF_MULTIPLIER));
        break;
      default:
        state.guestError(`${state.label}: write of the read-only interrupt status`);
    }
  }

  private readCommon(at: number): number {
    const { state } = this;
    const { transport } = state;
    const queue = transport.queues[state.queueSelect];
    switch (at) {
      case DEVICE_FEATURE_SELECT:
        return state.deviceFeatureSelect;
      case DEVICE_FEATURE:
        return transport.offered[state.deviceFeatureSelect] ?? 0;
      case DRIVER_FEATURE_SELECT:
        return state.driverFeatureSelect;
      case DRIVER_FEATURE:
        return transport.accepted(state.driverFeatureSelect);
      case CONFIG_MSIX_VECTOR:
        return state.configVector;
      case QUEUE_MSIX_VECTOR:
        return state.queueVector;
      case NUM_QUEUES:
        return transport.queues.length;
      case DEVICE_STATUS:
        return transport.status;
      case CONFIG_GENERATION:
        return transport.configGeneration & 0xff;
      case QUEUE_SELECT:
        return state.queueSelect;
      case QUEUE_SIZE:
        return queue?.size ?? 0;
      case QUEUE_ENABLE:
        return queue?.isReady ? 1 : 0;
      case QUEUE_NOTIFY_OFF:
        return queue ? state.queueSelect : 0;
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
    const { state } = this;
    const { transport } = state;
    switch (at) {
      case DEVICE_FEATURE_SELECT:
        state.deviceFeatureSelect = value;
        break;
      case DRIVER_FEATURE_SELECT:
        state.driverFeatureSelect = value;
        break;
      case DRIVER_FEATURE:
        transport.acceptFeatures(state.driverFeatureSelect, value, false);
        break;
      case CONFIG_MSIX_VECTOR:
        state.configVector = state.msix.vector(value & 0xffff);
        break;
      case QUEUE_MSIX_VECTOR:
        state.setQueueVector(value);
        break;
      case DEVICE_STATUS:
        state.setStatus(value & 0xff);
        break;
      case QUEUE_SELECT:
        state.queueSelect = value & 0xffff;
        break;
      default: {
        const queue = transport.queues[state.queueSelect];
        if (queue) this.writeQueue(queue, at, value);
        else state.guestError(`${state.label}: write of common register ${at.toString(16)} without a queue`);
      }
    }
  }

  private writeQueue(queue: VirtQueue, at: number, value: number): void {
    const { state } = this;
    switch (at) {
      case QUEUE_SIZE:
        state.transport.setQueueSize(state.queueSelect, value & 0xffff);
        break;
      case QUEUE_ENABLE:
        // 4.1.4.3.2: the driver must not write 0 here.
        if (value & 1) queue.isReady = true;
        else state.guestError(`${state.label}: queue ${state.queueSelect} cannot be disabled`);
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
        state.guestError(`${state.label}: write of common register ${at.toString(16)}`);
    }
  }
}

function low(pa = 0): number {
  return pa % 2 ** 32;
}
