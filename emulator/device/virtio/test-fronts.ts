/**
 * The four register interfaces that a virtio device may sit behind, as one driver sees them: virtio-mmio 1 and 2, and
 * virtio-pci, modern and legacy. For conformance.test.ts.
 */
import type { Ram } from '../../bus/ram.ts';
import { VirtioPci } from '../pci/virtio-pci.ts';
import { TestPci } from '../pci/test-pci.ts';
import { transplant } from '../test-devices.ts';
import { RAM_BASE, TestDriver } from './test-driver.ts';
import type { VirtioDevice } from './virtio-device.ts';

const SLOT = 1;
const PAGE = 4096;
const RINGS = RAM_BASE + 0x1_0000;
const QUEUE_STRIDE = 0x8000;

export interface Layout {
  readonly size: number;
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
}

/** The layout that legacy devices know; modern ones take it, too. */
export function layout(queue: number, size: number): Layout {
  const desc = RINGS + queue * QUEUE_STRIDE;
  const avail = desc + 16 * size;
  return { size, desc, avail, used: Math.ceil((avail + 6 + 2 * size) / PAGE) * PAGE };
}

export interface Front {
  readonly ram: Ram;
  readonly isLegacy: boolean;
  /** Level of the interrupt wire. */
  readonly wire: boolean;
  status: number;
  offered(word: number): number;
  accept(word: number, value: number): void;
  /** 0: no such queue. */
  queueSize(queue: number): number;
  /** Asks for another size; legacy PCI cannot. */
  resize?(queue: number, size: number): void;
  place(queue: number, at: Layout): void;
  isReady(queue: number): boolean;
  notify(queue: number): void;
  /** The interrupt status, acknowledged. */
  takeInterrupts(): number;
  /** Legacy devices have none. */
  generation?(): number;
  config(offset: number, width: 1 | 2 | 4): number;
  /** The same front before another device of the same kind, which has been loaded with this one's state. */
  moved(to: VirtioDevice): Front;
}

class MmioFront implements Front {
  readonly driver: TestDriver;
  resize = (queue: number, size: number): void => {
    this.driver.write(0x030, queue);
    this.driver.write(0x038, size);
  };
  readonly generation?: () => number;

  constructor(
    device: VirtioDevice,
    readonly isLegacy: boolean,
  ) {
    this.driver = new TestDriver(device, isLegacy);
    if (!isLegacy) this.generation = () => this.driver.read(0x0fc);
  }

  get ram(): Ram {
    return this.driver.ram;
  }
  get wire(): boolean {
    return this.driver.wire.level;
  }
  get status(): number {
    return this.driver.read(0x070);
  }
  set status(value: number) {
    this.driver.write(0x070, value);
  }
  offered(word: number): number {
    this.driver.write(0x014, word);
    return this.driver.read(0x010);
  }
  accept(word: number, value: number): void {
    this.driver.write(0x024, word);
    this.driver.write(0x020, value);
  }
  queueSize(queue: number): number {
    this.driver.write(0x030, queue);
    return this.driver.read(0x034);
  }
  place(queue: number, { size, desc, avail, used }: Layout): void {
    const { driver } = this;
    this.resize(queue, size);
    if (this.isLegacy) {
      driver.write(0x028, PAGE);
      driver.write(0x03c, PAGE);
      driver.write(0x040, desc / PAGE);
      return;
    }
    [desc, avail, used].forEach((pa, i) => {
      driver.write(0x080 + 0x10 * i, pa);
      driver.write(0x084 + 0x10 * i, Math.floor(pa / 2 ** 32));
    });
    driver.write(0x044, 1);
  }
  isReady(queue: number): boolean {
    this.driver.write(0x030, queue);
    return this.driver.read(this.isLegacy ? 0x040 : 0x044) !== 0;
  }
  notify(queue: number): void {
    this.driver.notify(queue);
  }
  takeInterrupts(): number {
    const bits = this.driver.read(0x060);
    this.driver.write(0x064, bits);
    return bits;
  }
  config(offset: number, width: 1 | 2 | 4): number {
    return this.driver.mmio.read(0x100 + offset, width);
  }
  moved(to: VirtioDevice): Front {
    const front = new MmioFront(to, this.isLegacy);
    copyRam(this.ram, front.ram);
    transplant(this.driver.mmio, front.driver.mmio);
    return front;
  }
}

class PciFront implements Front {
  readonly pci = new TestPci();
  readonly target: VirtioPci;
  /** The I/O BAR, or the modern one. */
  private readonly at: number;
  readonly resize?: (queue: number, size: number) => void;
  readonly generation?: () => number;

  constructor(
    device: VirtioDevice,
    readonly isLegacy: boolean,
  ) {
    this.target = this.pci.add(SLOT, device);
    const { io, modern } = this.pci.enable(SLOT);
    this.at = isLegacy ? io : modern;
    if (isLegacy) return;
    this.resize = (queue, size) => {
      this.put(0x16, queue, 2);
      this.put(0x18, size, 2);
    };
    this.generation = () => this.get(0x15, 1);
  }

  private get(offset: number, width: 1 | 2 | 4): number {
    return this.pci.read(this.at + offset, width);
  }
  private put(offset: number, value: number, width: 1 | 2 | 4): void {
    this.pci.write(this.at + offset, value, width);
  }

  get ram(): Ram {
    return this.pci.ram;
  }
  get wire(): boolean {
    return this.pci.wires[SLOT]!.level;
  }
  get status(): number {
    return this.get(this.isLegacy ? 0x12 : 0x14, 1);
  }
  set status(value: number) {
    this.put(this.isLegacy ? 0x12 : 0x14, value, 1);
  }
  offered(word: number): number {
    if (this.isLegacy) return word === 0 ? this.get(0, 4) : 0;
    this.put(0, word, 4);
    return this.get(4, 4);
  }
  accept(word: number, value: number): void {
    if (!this.isLegacy) {
      this.put(8, word, 4);
      this.put(0x0c, value, 4);
    } else if (word === 0) this.put(4, value, 4);
  }
  queueSize(queue: number): number {
    this.put(this.isLegacy ? 0x0e : 0x16, queue, 2);
    return this.get(this.isLegacy ? 0x0c : 0x18, 2);
  }
  place(queue: number, { size, desc, avail, used }: Layout): void {
    if (this.isLegacy) {
      this.put(0x0e, queue, 2);
      this.put(8, desc / PAGE, 4);
      return;
    }
    this.resize?.(queue, size);
    [desc, avail, used].forEach((pa, i) => {
      this.put(0x20 + 8 * i, pa % 2 ** 32, 4);
      this.put(0x24 + 8 * i, Math.floor(pa / 2 ** 32), 4);
    });
    this.put(0x1c, 1, 2);
  }
  isReady(queue: number): boolean {
    this.put(this.isLegacy ? 0x0e : 0x16, queue, 2);
    return this.get(this.isLegacy ? 8 : 0x1c, this.isLegacy ? 4 : 2) !== 0;
  }
  notify(queue: number): void {
    if (this.isLegacy) this.put(0x10, queue, 2);
    else this.put(0x3000 + 4 * queue, queue, 2);
  }
  takeInterrupts(): number {
    return this.get(this.isLegacy ? 0x13 : 0x1000, 1);
  }
  config(offset: number, width: 1 | 2 | 4): number {
    return this.get((this.isLegacy ? 0x14 : 0x2000) + offset, width);
  }
  moved(to: VirtioDevice): Front {
    const front = new PciFront(to, this.isLegacy);
    copyRam(this.ram, front.ram);
    transplant(this.pci.host, front.pci.host);
    return front;
  }
}

function copyRam(from: Ram, to: Ram): void {
  to.write(RAM_BASE, from.bytes(RAM_BASE, from.size));
}

export const FRONTS: readonly { readonly name: string; readonly make: (device: VirtioDevice) => Front }[] = [
  { name: 'mmio version 1', make: device => new MmioFront(device, true) },
  { name: 'mmio version 2', make: device => new MmioFront(device, false) },
  { name: 'pci legacy', make: device => new PciFront(device, true) },
  { name: 'pci modern', make: device => new PciFront(device, false) },
];
