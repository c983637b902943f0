/**
 * What every virtio transport keeps for the device behind it (virtio 1.2, chapter 2 and 3.1): feature negotiation,
 * status, queues, the interrupt status, the broken state. mmio.ts and ../pci/virtio-pci.ts are the registers in front.
 */
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { GuestErrorLog, IrqLine, Width } from '../../bus/device.ts';
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

const STATUS_DRIVER_OK = 4;
const STATUS_FEATURES_OK = 8;
const STATUS_NEEDS_RESET = 64;

const INTERRUPT_USED = 1;
const INTERRUPT_CONFIG = 2;

/** Alignment of the used ring in a legacy queue, unless the driver says otherwise. */
export const LEGACY_ALIGN = 4096;

export interface TransportOptions {
  /** For messages: the slot or function. */
  readonly name: string;
  readonly ram: Ram;
  readonly device: VirtioDevice;
  /** Level: some interrupt cause is set. */
  readonly irq: IrqLine;
  readonly guestError: GuestErrorLog;
  /** Takes an interrupt cause as a message: a queue's, or the configuration's. False: the wire it is. */
  readonly message?: (queue: number | 'config') => boolean;
  /** May the device reach memory at all? PCI has a bit for it. */
  readonly mayMaster?: () => boolean;
}

export class VirtioTransport implements Transport {
  readonly device: VirtioDevice;
  readonly queues: readonly VirtQueue[];
  /** Feature words offered through the modern and through the legacy interface. */
  readonly offered: readonly [number, number];
  readonly legacyOffered: readonly [number, number];
  private readonly name: string;
  private readonly irq: IrqLine;
  private readonly guestError: GuestErrorLog;
  private readonly mayMaster: () => boolean;
  private readonly message: (queue: number | 'config') => boolean;
  private readonly acceptedWords: [number, number] = [0, 0];
  private statusBits = 0;
  private interruptBits = 0;
  private generation = 0;
  /** The driver broke the protocol; nothing moves until it resets the device. */
  private isBroken = false;

  constructor(options: TransportOptions) {
    const { name, ram, device, irq, guestError } = options;
    this.name = name;
    this.device = device;
    this.irq = irq;
    this.guestError = guestError;
    this.mayMaster = options.mayMaster ?? (() => true);
    this.message = options.message ?? (() => false);
    this.queues = device.queueSizes.map(size => new VirtQueue(ram, size, what => this.fail(what)));
    const common = [...device.features, VIRTIO_F_RING_INDIRECT_DESC, VIRTIO_F_RING_EVENT_IDX];
    this.offered = featureWords([...common, VIRTIO_F_VERSION_1]);
    this.legacyOffered = featureWords([...common, VIRTIO_F_ANY_LAYOUT]);
    device.attach(this);
  }

  // What the device asks of its transport.

  notifyUsed(queue: VirtQueue): void {
    if (queue.takeInterrupt() && !this.message(this.queues.indexOf(queue))) this.interrupt(INTERRUPT_USED);
  }

  notifyConfig(): void {
    this.generation = (this.generation + 1) >>> 0;
    if (this.statusBits & STATUS_DRIVER_OK && !this.message('config')) this.interrupt(INTERRUPT_CONFIG);
  }

  fail(what: string): void {
    if (this.isBroken) return;
    this.guestError(`${this.name}: ${this.device.label}: ${what}`);
    this.isBroken = true;
    // A legacy driver does not know the bit.
    if (!this.hasFeature(VIRTIO_F_VERSION_1)) return;
    this.statusBits |= STATUS_NEEDS_RESET;
    this.notifyConfig();
  }

  hasFeature(bit: number): boolean {
    return (this.acceptedWords[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  get isRunning(): boolean {
    return (this.statusBits & STATUS_DRIVER_OK) !== 0 && !this.isBroken && this.mayMaster();
  }

  // What the registers in front need.

  get status(): number {
    return this.statusBits;
  }
  get interruptStatus(): number {
    return this.interruptBits;
  }
  get configGeneration(): number {
    return this.generation;
  }

  /** The features the driver has accepted; word 0 or 1, others are 0. */
  accepted(word: number): number {
    return this.acceptedWords[word] ?? 0;
  }

  /**
   * What was not offered is not accepted, and no more comes of it. QEMU grants FEATURES_OK to any choice, even one
   * without VERSION_1 on the modern interface, and there are kernels (xv6) whose drivers leave that out.
   */
  acceptFeatures(word: number, value: number, isLegacy: boolean): void {
    if (word > 1 || this.statusBits & STATUS_FEATURES_OK) return;
    const offered = (isLegacy ? this.legacyOffered : this.offered)[word]!;
    this.acceptedWords[word] = (value & offered) >>> 0;
    const extra = (value & ~offered) >>> 0;
    if (extra) this.guestError(`${this.name}: feature word ${word}: ${extra.toString(16)} was not offered`);
  }

  /** Writing 0 resets the device: the caller has its own registers to reset then. */
  setStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    this.statusBits = value | (this.statusBits & STATUS_NEEDS_RESET);
    for (const queue of this.queues) queue.hasEventIdx = this.hasFeature(VIRTIO_F_RING_EVENT_IDX);
  }

  /** The driver may not go on without saying DRIVER_OK again. */
  stop(): void {
    this.statusBits &= ~STATUS_DRIVER_OK;
  }

  acknowledge(bits: number): void {
    this.interruptBits &= ~bits;
    this.drive();
  }

  /** The driver kicks queue `index`. */
  notify(index: number): void {
    if (this.isRunning && index < this.queues.length) this.device.notify(index);
  }

  setQueueSize(index: number, size: number): void {
    const max = this.device.queueSizes[index] ?? 0;
    if (size >= 1 && size <= max && (size & (size - 1)) === 0) this.queues[index]!.size = size;
    else this.guestError(`${this.name}: queue size ${size}, at most ${max} is possible`);
  }

  /** virtio 1.2, 2.7.2: descriptors, available ring, then the used ring at the next alignment boundary. */
  placeLegacyQueue(queue: VirtQueue, pa: number, align: number): void {
    queue.descTable = pa;
    queue.availRing = pa + 16 * queue.size;
    const end = queue.availRing + 6 + 2 * queue.size;
    queue.usedRing = Math.ceil(end / align) * align;
    queue.isReady = true;
  }

  /** Beyond the configuration space everything reads 0 and nothing is written. */
  readConfig(offset: number, width: Width): number {
    const { device } = this;
    let value = 0;
    for (let i = 0; i < width; i++) {
      const byte = offset + i < device.configSize ? device.readConfig(offset + i) : 0;
      value += byte * 2 ** (8 * i);
    }
    return value;
  }

  writeConfig(offset: number, width: Width, value: number): void {
    const { device } = this;
    for (let i = 0; i < width && offset + i < device.configSize; i++) {
      device.writeConfig(offset + i, (value >>> (8 * i)) & 0xff);
    }
  }

  reset(): void {
    this.acceptedWords.fill(0);
    this.statusBits = 0;
    this.interruptBits = 0;
    this.isBroken = false;
    for (const queue of this.queues) queue.reset();
    this.device.reset();
    this.drive();
  }

  save(out: StateWriter): void {
    for (const word of this.acceptedWords) out.u32(word);
    for (const v of [this.statusBits, this.interruptBits, this.generation]) out.u32(v);
    out.bool(this.isBroken);
    for (const queue of this.queues) queue.save(out);
    this.device.save(out);
  }

  load(from: StateReader): void {
    this.acceptedWords[0] = from.u32();
    this.acceptedWords[1] = from.u32();
    this.statusBits = from.u32();
    this.interruptBits = from.u32();
    this.generation = from.u32();
    this.isBroken = from.bool();
    for (const queue of this.queues) queue.load(from);
    this.device.load(from);
    this.drive();
  }

  private interrupt(bits: number): void {
    this.interruptBits |= bits;
    this.drive();
  }

  private drive(): void {
    this.irq(this.interruptBits !== 0);
  }
}

function featureWords(bits: readonly number[]): readonly [number, number] {
  const words: [number, number] = [0, 0];
  for (const bit of bits) words[bit < 32 ? 0 : 1] |= 1 << (bit & 31);
  return [words[0] >>> 0, words[1] >>> 0];
}
