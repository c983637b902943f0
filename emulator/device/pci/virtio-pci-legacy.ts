/** The legacy registers of a transitional virtio function (virtio 1.2, section 4.1.4.10): what is behind I/O BAR 0. */
import type { Width } from '../../bus/device.ts';
import { LEGACY_ALIGN } from '../virtio/transport.ts';
import type { BarRegion } from './function.ts';
import type { VirtioPciState } from './virtio-pci-state.ts';

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

/** What old drivers write before they enable bus mastering, if they ever do. */
const STATUS_ACKNOWLEDGE_DRIVER = 3;

/** How many bytes the BAR has for a device's configuration: a power of two. */
export function legacyBarBytes(configSize: number): number {
  return 2 ** Math.ceil(Math.log2(LEGACY_CONFIG_BEHIND_VECTORS + configSize));
}

export class LegacyRegisters implements BarRegion {
  constructor(
    private readonly state: VirtioPciState,
    private readonly enableMastering: () => void,
  ) {}

  read(offset: number, width: Width): number {
    const { state } = this;
    const { transport } = state;
    const config = state.msix.isEnabled ? LEGACY_CONFIG_BEHIND_VECTORS : LEGACY_CONFIG;
    if (offset >= config) return transport.readConfig(offset - config, width);
    const queue = transport.queues[state.queueSelect];
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
        return state.queueSelect;
      case LEGACY_STATUS:
        return transport.status;
      case LEGACY_ISR:
        return state.takeIsr();
      case LEGACY_CONFIG_VECTOR:
        return state.configVector;
      case LEGACY_QUEUE_VECTOR:
        return state.queueVector;
      default:
        return 0;
    }
  }

  write(offset: number, width: Width, value: number): void {
    const { state } = this;
    const { transport } = state;
    const config = state.msix.isEnabled ? LEGACY_CONFIG_BEHIND_VECTORS : LEGACY_CONFIG;
    if (offset >= config) {
      transport.writeConfig(offset - config, width, value);
      return;
    }
    const queue = transport.queues[state.queueSelect];
    switch (offset) {
      case LEGACY_DRIVER_FEATURES:
        transport.acceptFeatures(0, value, true);
        break;
      case LEGACY_QUEUE_ADDRESS:
        if (value === 0) state.reset();
        else if (queue) transport.placeLegacyQueue(queue, value * LEGACY_PAGE, LEGACY_ALIGN);
        break;
      case LEGACY_QUEUE_SELECT:
        state.queueSelect = value & 0xffff;
        break;
      case LEGACY_QUEUE_NOTIFY:
        transport.notify(value & 0xffff);
        break;
      case LEGACY_STATUS:
        if (value === STATUS_ACKNOWLEDGE_DRIVER) this.enableMastering();
        state.setStatus(value & 0xff);
        break;
      case LEGACY_CONFIG_VECTOR:
        state.configVector = state.msix.vector(value & 0xffff);
        break;
      case LEGACY_QUEUE_VECTOR:
        state.setQueueVector(value);
        break;
      default:
        state.guestError(`${state.label}: write of legacy register ${offset.toString(16)}`);
    }
  }
}
