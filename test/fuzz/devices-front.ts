/** The registers of one virtio device as a driver writes them, over virtio-mmio or PCI; each write may be spoilt. */
import type { Bus } from '../../emulator/bus/bus.ts';
import type { HostileRandom } from './devices-random.ts';

export interface Placement {
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  readonly size: number;
}

export abstract class Front {
  /** What is written instead of a value. */
  spoil: (value: number) => number = value => value;
  isSkipped: () => boolean = () => false;

  constructor(protected readonly bus: Bus) {}

  protected put(pa: number, value: number, width: 1 | 2 | 4 = 4): void {
    if (!this.isSkipped()) this.bus.write(pa, width, this.spoil(value) >>> 0, 0);
  }

  /** Reset to FEATURES_OK, with what is offered out of `mask`. */
  abstract negotiate(mask: readonly [number, number]): void;
  abstract placeQueue(index: number, queue: Placement): void;
  /** DRIVER_OK. */
  abstract run(): void;
  /** DRIVER_OK, and neither FAILED nor DEVICE_NEEDS_RESET. */
  abstract get isRunning(): boolean;
  abstract notify(index: number): void;
  abstract reset(): void;
  /** Addresses of its registers to choose from. */
  abstract registers(random: HostileRandom): readonly number[];
}

const SLOT_LAST = 0x1000_8000;
const SLOT_STRIDE = 0x1000;

export class MmioFront extends Front {
  private readonly base: number;

  constructor(
    bus: Bus,
    nth: number,
    private readonly isLegacy: boolean,
  ) {
    super(bus);
    this.base = SLOT_LAST - nth * SLOT_STRIDE;
  }

  negotiate(mask: readonly [number, number]): void {
    const { base } = this;
    this.put(base + 0x70, 0);
    this.put(base + 0x70, 3);
    for (const word of [0, 1] as const) {
      this.put(base + 0x14, word);
      this.put(base + 0x24, word);
      this.put(base + 0x20, (this.bus.read(base + 0x10, 4) & mask[word]) >>> 0);
    }
    this.put(base + 0x70, 11);
  }

  placeQueue(index: number, { desc, avail, used, size }: Placement): void {
    const { base } = this;
    this.put(base + 0x30, index);
    this.put(base + 0x38, size);
    if (this.isLegacy) {
      this.put(base + 0x28, 4096);
      this.put(base + 0x3c, 4096);
      this.put(base + 0x40, Math.floor(desc / 4096) % 2 ** 32);
      return;
    }
    for (const [at, pa] of [
      [0x80, desc],
      [0x90, avail],
      [0xa0, used],
    ] as const) {
      this.put(base + at, pa % 2 ** 32);
      this.put(base + at + 4, Math.floor(pa / 2 ** 32));
    }
    this.put(base + 0x44, 1);
  }

  run(): void {
    this.put(this.base + 0x70, 15);
  }
  get isRunning(): boolean {
    return (this.bus.read(this.base + 0x70, 4) & 0xc4) === 4;
  }
  notify(index: number): void {
    this.bus.write(this.base + 0x50, 4, index, 0);
  }
  reset(): void {
    this.bus.write(this.base + 0x70, 4, 0, 0);
  }
  registers(random: HostileRandom): readonly number[] {
    return [this.base + random.below(0x140), this.base + random.below(0x100), this.base + random.below(SLOT_STRIDE)];
  }
}

const ECAM = 0x3000_0000;
const FUNCTION_STRIDE = 0x8000;
const IO = 0x300_0000;
const LOW = 0x4000_0000;
const HIGH = 0x4_0000_0000;
const BAR_STRIDE = 0x1_0000;
const ISR = 0x1000;
const DEVICE = 0x2000;
const NOTIFY = 0x3000;

export class PciFront extends Front {
  private readonly config: number;
  private readonly io: number;
  private readonly low: number;
  private readonly common: number;

  constructor(bus: Bus, nth: number) {
    super(bus);
    const slot = nth + 1;
    this.config = ECAM + slot * FUNCTION_STRIDE;
    this.io = IO + slot * 0x1000;
    this.low = LOW + slot * BAR_STRIDE;
    this.common = HIGH + slot * BAR_STRIDE;
  }

  negotiate(mask: readonly [number, number]): void {
    const { config, common } = this;
    this.put(config + 0x10, this.io - IO);
    this.put(config + 0x14, this.low);
    this.put(config + 0x20, common % 2 ** 32);
    this.put(config + 0x24, Math.floor(common / 2 ** 32));
    this.put(config + 4, 7, 2);
    this.put(common + 0x14, 0, 1);
    this.put(common + 0x14, 3, 1);
    for (const word of [0, 1] as const) {
      this.put(common, word);
      this.put(common + 8, word);
      this.put(common + 0x0c, (this.bus.read(common + 4, 4) & mask[word]) >>> 0);
    }
    this.put(common + 0x14, 11, 1);
  }

  placeQueue(index: number, { desc, avail, used, size }: Placement): void {
    const { common } = this;
    this.put(common + 0x16, index, 2);
    this.put(common + 0x18, size & 0xffff, 2);
    for (const [at, pa] of [
      [0x20, desc],
      [0x28, avail],
      [0x30, used],
    ] as const) {
      this.put(common + at, pa % 2 ** 32);
      this.put(common + at + 4, Math.floor(pa / 2 ** 32));
    }
    this.put(common + 0x1c, 1, 2);
  }

  run(): void {
    this.put(this.common + 0x14, 15, 1);
  }
  get isRunning(): boolean {
    return (this.bus.read(this.common + 0x14, 1) & 0xc4) === 4;
  }
  notify(index: number): void {
    this.bus.write(this.common + NOTIFY + 4 * index, 2, index, 0);
  }
  reset(): void {
    this.bus.write(this.common + 0x14, 1, 0, 0);
  }
  registers(random: HostileRandom): readonly number[] {
    return [
      this.config + random.below(0x110),
      this.config + random.below(0x110),
      this.io + random.below(0x80),
      this.low + random.below(0x1000),
      this.common + random.below(0x40),
      this.common + random.below(0x40),
      this.common + random.pick([ISR, DEVICE, NOTIFY]) + random.below(0x50),
    ];
  }
}
