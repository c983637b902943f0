/** A virtio driver for tests: sets a device up over MMIO, version 1 or 2, and puts chains on one of its queues. */
import { Ram } from '../../bus/ram.ts';
import { Wire } from '../test-devices.ts';
import { VirtioMmio } from './mmio.ts';
import type { VirtioDevice } from './virtio-device.ts';

export const RAM_BASE = 0x8000_0000;
const RINGS = RAM_BASE + 0x1_0000;
const QUEUE_STRIDE = 0x1_0000;
export const BUFFERS = RAM_BASE + 0x8_0000;
export const QUEUE_SIZE = 8;

export interface TestSegment {
  readonly pa: number;
  readonly length: number;
  readonly isWritable?: boolean;
}

export class TestDriver {
  readonly ram = new Ram(1 << 20, RAM_BASE);
  readonly wire = new Wire();
  readonly mmio: VirtioMmio;
  readonly guestErrors: string[] = [];
  private readonly availIdx: number[] = [];
  private freeDesc = 0;

  constructor(
    device: VirtioDevice | undefined,
    readonly isLegacy = false,
  ) {
    this.mmio = new VirtioMmio({
      index: 0,
      ram: this.ram,
      irq: this.wire.line,
      isLegacy,
      device,
      guestError: what => this.guestErrors.push(what),
    });
  }

  read(offset: number): number {
    return this.mmio.read(offset, 4);
  }
  write(offset: number, value: number): void {
    this.mmio.write(offset, 4, value >>> 0);
  }

  get status(): number {
    return this.read(0x070);
  }

  /** Where queue `index` has its descriptor table, available ring and used ring. */
  rings(index: number): { desc: number; avail: number; used: number } {
    const desc = RINGS + index * QUEUE_STRIDE;
    return { desc, avail: desc + 16 * QUEUE_SIZE, used: desc + 4096 };
  }

  /** Reset to DRIVER_OK with all offered features (or those given) and the first `queues` queues. */
  start(queues: number, features?: readonly [number, number]): void {
    this.write(0x070, 0);
    this.write(0x070, 3);
    for (const sel of [0, 1]) {
      this.write(0x014, sel);
      this.write(0x024, sel);
      this.write(0x020, features ? features[sel]! : this.read(0x010));
    }
    this.write(0x070, 11);
    if (this.isLegacy) this.write(0x028, 4096);
    for (let index = 0; index < queues; index++) this.startQueue(index);
    this.write(0x070, 15);
  }

  private startQueue(index: number): void {
    const { desc, avail, used } = this.rings(index);
    this.availIdx[index] = 0;
    this.ram.fill(desc, QUEUE_STRIDE, 0);
    this.write(0x030, index);
    this.write(0x038, QUEUE_SIZE);
    if (this.isLegacy) {
      this.write(0x03c, 4096);
      this.write(0x040, desc / 4096);
      return;
    }
    this.write(0x080, desc);
    this.write(0x090, avail);
    this.write(0x0a0, used);
    this.write(0x044, 1);
  }

  /** Makes a chain available on a queue and returns its head. */
  offer(index: number, segments: readonly TestSegment[]): number {
    const { desc } = this.rings(index);
    const head = this.freeDesc;
    segments.forEach(({ pa, length, isWritable }, i) => {
      const slot = (head + i) % QUEUE_SIZE;
      const isLast = i === segments.length - 1;
      this.descriptor(desc + 16 * slot, pa, length, (isWritable ? 2 : 0) | (isLast ? 0 : 1), (slot + 1) % QUEUE_SIZE);
    });
    this.freeDesc = (head + segments.length) % QUEUE_SIZE;
    this.publish(index, head);
    return head;
  }

  descriptor(at: number, pa: number, length: number, flags: number, next: number): void {
    this.ram.write32(at, pa >>> 0);
    this.ram.write32(at + 4, Math.floor(pa / 2 ** 32));
    this.ram.write32(at + 8, length);
    this.ram.write16(at + 12, flags);
    this.ram.write16(at + 14, next);
  }

  /** Puts `head` on the available ring. */
  publish(index: number, head: number): void {
    const { avail } = this.rings(index);
    const idx = this.availIdx[index]!;
    this.ram.write16(avail + 4 + 2 * (idx % QUEUE_SIZE), head);
    this.availIdx[index] = (idx + 1) & 0xffff;
    this.ram.write16(avail + 2, this.availIdx[index]!);
  }

  notify(index: number): void {
    this.write(0x050, index);
  }

  usedIdx(index: number): number {
    return this.ram.read16(this.rings(index).used + 2);
  }
  /** The nth element of the used ring. */
  used(index: number, nth: number): { head: number; length: number } {
    const at = this.rings(index).used + 4 + 8 * (nth % QUEUE_SIZE);
    return { head: this.ram.read32(at), length: this.ram.read32(at + 4) };
  }
}
