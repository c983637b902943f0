/** What a virtio device is to its transport (virtio 1.2, chapter 2): identity, features, configuration, queues. */
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { VirtQueue } from './queue.ts';

/** Feature bits that belong to transports and queues. */
export const VIRTIO_F_ANY_LAYOUT = 27;
export const VIRTIO_F_RING_INDIRECT_DESC = 28;
export const VIRTIO_F_RING_EVENT_IDX = 29;
export const VIRTIO_F_VERSION_1 = 32;

/** What the transport does for its device. */
export interface Transport {
  /** Tells the driver of pushed requests, if it wants to hear. */
  notifyUsed(queue: VirtQueue): void;
  /** Tells the driver that the configuration space has changed. */
  notifyConfig(): void;
  /** The driver broke the protocol: the device stops until a reset (DEVICE_NEEDS_RESET). */
  fail(what: string): void;
  hasFeature(bit: number): boolean;
  /** True between DRIVER_OK and the next reset or failure. */
  readonly isRunning: boolean;
  readonly queues: readonly VirtQueue[];
}

export interface VirtioDevice {
  readonly label: string;
  readonly deviceId: number;
  /** Maximum size of each queue. */
  readonly queueSizes: readonly number[];
  /** Device-specific feature bits offered (0 to 23). */
  readonly features: readonly number[];
  readonly configSize: number;
  /** Called once, by the transport it is put behind. */
  attach(transport: Transport): void;
  /** One byte of the configuration space; offset < configSize. */
  readConfig(offset: number): number;
  writeConfig(offset: number, value: number): void;
  /** The driver kicked queue `index`. Only while running. */
  notify(index: number): void;
  reset(): void;
  save(out: StateWriter): void;
  load(from: StateReader): void;
}
