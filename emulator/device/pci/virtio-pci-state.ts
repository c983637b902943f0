/** What both faces of a virtio function share: what is selected, which vectors are set; and how a status takes effect. */
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { GuestErrorLog } from '../../bus/device.ts';
import type { VirtioTransport } from '../virtio/transport.ts';
import { NO_VECTOR, type Msix } from './msix.ts';

export class VirtioPciState {
  configVector = NO_VECTOR;
  deviceFeatureSelect = 0;
  driverFeatureSelect = 0;
  queueSelect = 0;
  private readonly queueVectors: number[];

  constructor(
    readonly label: string,
    readonly transport: VirtioTransport,
    readonly msix: Msix,
    readonly guestError: GuestErrorLog,
  ) {
    this.queueVectors = transport.queues.map(() => NO_VECTOR);
  }

  /** Of the selected queue. */
  get queueVector(): number {
    return this.queueVectors[this.queueSelect] ?? NO_VECTOR;
  }

  setQueueVector(value: number): void {
    if (this.queueSelect < this.queueVectors.length) {
      this.queueVectors[this.queueSelect] = this.msix.vector(value & 0xffff);
    }
  }

  /** Who is told with MSI-X. */
  vectorOf(queue: number | 'config'): number {
    return queue === 'config' ? this.configVector : this.queueVectors[queue]!;
  }

  setStatus(value: number): void {
    if (value === 0) this.reset();
    else this.transport.setStatus(value);
  }

  /** Reading the interrupt status clears it. */
  takeIsr(): number {
    const bits = this.transport.interruptStatus;
    this.transport.acknowledge(bits);
    return bits;
  }

  reset(): void {
    this.transport.reset();
    this.configVector = NO_VECTOR;
    this.queueVectors.fill(NO_VECTOR);
    this.deviceFeatureSelect = 0;
    this.driverFeatureSelect = 0;
    this.queueSelect = 0;
  }

  save(out: StateWriter): void {
    for (const v of [this.deviceFeatureSelect, this.driverFeatureSelect, this.queueSelect]) out.u32(v);
    for (const v of [this.configVector, ...this.queueVectors]) out.u32(v);
    this.msix.save(out);
    this.transport.save(out);
  }

  load(from: StateReader): void {
    this.deviceFeatureSelect = from.u32();
    this.driverFeatureSelect = from.u32();
    this.queueSelect = from.u32();
    this.configVector = from.u32();
    for (let i = 0; i < this.queueVectors.length; i++) this.queueVectors[i] = from.u32();
    this.msix.load(from);
    this.transport.load(from);
  }
}
