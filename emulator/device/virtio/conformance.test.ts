/** What every virtio device owes every driver (virtio 1.2, chapters 2 and 3), behind every register interface. */
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../storage/memory-backend.ts';
import { SeededEntropy } from '../entropy.ts';
import { VirtioBlk } from './blk.ts';
import { VirtioConsole } from './console.ts';
import { VirtioNet } from './net.ts';
import { VirtioRng } from './rng.ts';
import { BUFFERS } from './test-driver.ts';
import { FRONTS, layout, type Front, type Layout } from './test-fronts.ts';
import type { VirtioDevice } from './virtio-device.ts';

const ACKNOWLEDGE = 1;
const DRIVER = 2;
const DRIVER_OK = 4;
const FEATURES_OK = 8;
const NEEDS_RESET = 64;
const INDIRECT = 1 << 28;
const EVENT_IDX = 1 << 29;
const ANY_LAYOUT = 1 << 27;
const VERSION_1 = 1;
const F_NEXT = 1;
const F_WRITE = 2;
const F_INDIRECT = 4;
const INDEX_WRAP = 65_536;

interface Piece {
  readonly pa: number;
  readonly length: number;
  readonly isWritable?: boolean;
}

/** A device, and a request of its that succeeds whenever it is made. */
interface Subject {
  readonly name: string;
  readonly make: () => VirtioDevice;
  /** Device-specific feature bits, low word. */
  readonly features: number;
  readonly queues: readonly number[];
  readonly queue: number;
  readonly request: readonly Piece[];
  /** Bytes the device reports as written. */
  readonly written: number;
}

const cable = { onFrame: () => {}, transmit: () => {}, settle: () => {}, save: () => {}, load: () => {} };
const SUBJECTS: readonly Subject[] = [
  {
    name: 'rng',
    make: () => new VirtioRng(new SeededEntropy(1)),
    features: 0,
    queues: [8],
    queue: 0,
    request: [{ pa: BUFFERS, length: 16, isWritable: true }],
    written: 16,
  },
  {
    name: 'blk',
    make: () => new VirtioBlk(new MemoryBackend(new Uint8Array(64 * 512)), 's'),
    features: (1 << 2) | (1 << 6) | (1 << 9) | (1 << 10) | (1 << 13) | (1 << 14),
    queues: [256],
    queue: 0,
    request: [
      { pa: BUFFERS, length: 16 },
      { pa: BUFFERS + 512, length: 513, isWritable: true },
    ],
    written: 513,
  },
  {
    name: 'console',
    make: () => new VirtioConsole(),
    features: 1 << 2,
    queues: [128, 128],
    queue: 1,
    request: [{ pa: BUFFERS, length: 5 }],
    written: 0,
  },
  {
    name: 'net',
    make: () => new VirtioNet(Uint8Array.of(2, 0, 0, 0, 0, 1), cable),
    features: (1 << 5) | (1 << 16),
    queues: [256, 256],
    queue: 1,
    request: [{ pa: BUFFERS, length: 72 }],
    written: 0,
  },
];

/** A driver of one queue. */
class Driver {
  front: Front;
  queue: Layout;
  /** Requests since the start: the available index without its wrap. */
  made = 0;

  constructor(
    readonly subject: Subject,
    makeFront: (device: VirtioDevice) => Front,
  ) {
    this.front = makeFront(subject.make());
    this.queue = layout(subject.queue, subject.queues[subject.queue]!);
  }

  /** From reset to FEATURES_OK. */
  negotiate(low: number): void {
    const { front } = this;
    front.status = 0;
    front.status = ACKNOWLEDGE;
    front.status = ACKNOWLEDGE | DRIVER;
    front.accept(0, low);
    if (front.isLegacy) return;
    front.accept(1, VERSION_1);
    front.status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
  }

  start(low = 0, size = this.queue.size): void {
    this.negotiate(low);
    const { front, subject } = this;
    this.queue = layout(subject.queue, front.resize ? size : this.queue.size);
    this.made = 0;
    front.ram.fill(this.queue.desc, this.queue.used + 8 * this.queue.size + 6 - this.queue.desc, 0);
    front.place(subject.queue, this.queue);
    front.status |= DRIVER_OK;
  }

  get availIdx(): number {
    return this.made & 0xffff;
  }
  get usedIdx(): number {
    return this.front.ram.read16(this.queue.used + 2);
  }
  used(nth: number): [head: number, length: number] {
    const at = this.queue.used + 4 + 8 * (nth % this.queue.size);
    return [this.front.ram.read32(at), this.front.ram.read32(at + 4)];
  }

  describe(table: number, pieces: readonly Piece[], first = 0, modulo = pieces.length): void {
    const { ram } = this.front;
    pieces.forEach(({ pa, length, isWritable }, i) => {
      const at = table + 16 * ((first + i) % modulo);
      ram.write32(at, pa);
      ram.write32(at + 4, 0);
      ram.write32(at + 8, length);
      ram.write16(at + 12, (isWritable ? F_WRITE : 0) | (i < pieces.length - 1 ? F_NEXT : 0));
      ram.write16(at + 14, (first + i + 1) % modulo);
    });
  }

  publish(head: number): void {
    const { ram } = this.front;
    const { avail, size } = this.queue;
    ram.write16(avail + 4 + 2 * (this.availIdx % size), head);
    this.made++;
    ram.write16(avail + 2, this.availIdx);
  }

  /** The subject's request as a chain from descriptor `head` on. */
  offer(head = 0, pieces = this.subject.request): void {
    this.describe(this.queue.desc, pieces, head, this.queue.size);
    this.publish(head);
  }
  notify(): void {
    this.front.notify(this.subject.queue);
  }
  /** A ring full of requests at a time, until so many have been made since the start. */
  runTo(count: number): void {
    const { size, desc } = this.queue;
    const step = this.subject.request.length;
    const chains = Math.floor(size / step);
    for (let i = 0; i < chains; i++) this.describe(desc, this.subject.request, i * step, size);
    while (this.made < count) {
      const some = Math.min(chains, count - this.made);
      for (let i = 0; i < some; i++) this.publish(i * step);
      this.notify();
      if (this.usedIdx !== this.availIdx) expect([this.made, this.usedIdx]).toEqual([this.made, this.availIdx]);
      const last = this.used(this.made - 1)[0];
      if (last !== (some - 1) * step) expect([this.made, last]).toEqual([this.made, (some - 1) * step]);
    }
  }
  serve(head = 0, pieces = this.subject.request): void {
    const before = this.usedIdx;
    this.offer(head, pieces);
    this.notify();
    expect(this.usedIdx).toBe((before + 1) & 0xffff);
    expect(this.used(before)).toEqual([head, this.subject.written]);
  }
}

const MATRIX = FRONTS.flatMap(front =>
  SUBJECTS.map(subject => ({ name: `${subject.name}, ${front.name}`, front, subject })),
);

describe.each(MATRIX)('$name', ({ front: { make }, subject }) => {
  const fresh = (): Driver => new Driver(subject, make);

  test('features: what is offered, in which word', () => {
    const { front } = fresh();
    const common = INDIRECT | EVENT_IDX | (front.isLegacy ? ANY_LAYOUT : 0);
    expect(front.offered(0)).toBe((subject.features | common) >>> 0);
    expect(front.offered(1)).toBe(front.isLegacy ? 0 : VERSION_1);
    expect([front.offered(2), front.offered(0xffff_ffff)]).toEqual([0, 0]);
  });

  test('status: the bits come back as they are set; 0 resets', () => {
    const { front } = fresh();
    expect(front.status).toBe(0);
    front.status = ACKNOWLEDGE;
    expect(front.status).toBe(ACKNOWLEDGE);
    front.status = ACKNOWLEDGE | DRIVER;
    expect(front.status).toBe(ACKNOWLEDGE | DRIVER);
    front.status = 0;
    expect(front.status).toBe(0);
  });

  test('FEATURES_OK: granted as QEMU does, without what was not offered', () => {
    const driver = fresh();
    const { front } = driver;
    if (front.isLegacy) return;
    const unoffered = ~front.offered(0) & -~front.offered(0);
    driver.negotiate(unoffered >>> 0);
    expect(front.status).toBe(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    driver.negotiate(0);
    expect(front.status).toBe(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    // Too late to choose otherwise.
    front.accept(0, unoffered >>> 0);
    front.status |= DRIVER_OK;
    expect(front.status & FEATURES_OK).toBe(FEATURES_OK);
  });

  test('queues: as many as there are, of a size that is a power of two', () => {
    const { front } = fresh();
    const sizes = Array.from({ length: subject.queues.length + 2 }, (_, i) => front.queueSize(i));
    expect(sizes).toEqual([...subject.queues, 0, 0]);
    expect(front.queueSize(0xffff)).toBe(0);
    expect(subject.queues.every(size => (size & (size - 1)) === 0)).toBe(true);
  });

  test('a queue of every size from the smallest that holds the request to the largest', () => {
    const driver = fresh();
    for (let size = 1; size <= subject.queues[subject.queue]!; size *= 2) {
      if (size < subject.request.length) continue;
      driver.start(0, size);
      expect(driver.front.isReady(subject.queue)).toBe(true);
      for (let n = 0; n < 3; n++) driver.serve((n * subject.request.length) % driver.queue.size);
    }
  });

  test('a size that is none is not taken', () => {
    const driver = fresh();
    const max = subject.queues[subject.queue]!;
    for (const size of [0, 3, 2 * max, 0xffff]) {
      driver.negotiate(0);
      driver.queue = layout(subject.queue, max);
      driver.front.place(subject.queue, driver.queue);
      driver.front.resize?.(subject.queue, size);
      driver.front.status |= DRIVER_OK;
      driver.made = 0;
      driver.front.ram.fill(driver.queue.avail, 4, 0);
      driver.front.ram.fill(driver.queue.used, 4, 0);
      driver.serve();
    }
  });

  test('a request cut into single bytes and into an indirect table', () => {
    const driver = fresh();
    driver.start(INDIRECT);
    const { queue, front } = driver;
    const bytes = subject.request.flatMap(p =>
      Array.from({ length: p.length }, (_, i) => ({ ...p, pa: p.pa + i, length: 1 })),
    );
    const table = BUFFERS + 0x4000;
    driver.describe(table, bytes);
    front.ram.write32(queue.desc, table);
    front.ram.write32(queue.desc + 4, 0);
    front.ram.write32(queue.desc + 8, 16 * bytes.length);
    front.ram.write16(queue.desc + 12, F_INDIRECT);
    driver.publish(0);
    driver.notify();
    expect(driver.used(0)).toEqual([0, subject.written]);
    // And as a chain, where the ring is long enough.
    if (bytes.length <= queue.size) driver.serve(queue.size - 1, bytes);
  });

  test('the interrupt: rises with a used request, stays until it is acknowledged, is silenced by NO_INTERRUPT', () => {
    const driver = fresh();
    const { front } = driver;
    driver.start();
    expect([front.wire, front.takeInterrupts()]).toEqual([false, 0]);
    driver.serve();
    driver.serve();
    expect(front.wire).toBe(true);
    expect([front.takeInterrupts(), front.wire, front.takeInterrupts()]).toEqual([1, false, 0]);
    front.ram.write16(driver.queue.avail, 1);
    driver.serve();
    expect([front.wire, front.takeInterrupts()]).toEqual([false, 0]);
    // Notified for nothing: no interrupt either.
    front.ram.write16(driver.queue.avail, 0);
    driver.notify();
    expect(front.wire).toBe(false);
  });

  test('EVENT_IDX: interrupts when the index asked for is passed, also across the wrap; says what it has seen', () => {
    const driver = fresh();
    const { front } = driver;
    driver.start(EVENT_IDX >>> 0);
    const { avail, used, size } = driver.queue;
    const usedEvent = avail + 4 + 2 * size;
    const single = (n: number): void => {
      // Every 7th request, and all around the wrap.
      const wants = n % 7 === 0 || n >= INDEX_WRAP - 3;
      front.ram.write16(usedEvent, wants ? n & 0xffff : (n + 100) & 0xffff);
      driver.offer();
      driver.notify();
      expect([n, front.wire]).toEqual([n, wants]);
      if (wants) front.takeInterrupts();
    };
    for (let n = 0; n < 30; n++) single(n);
    driver.runTo(INDEX_WRAP - 30);
    front.takeInterrupts();
    for (let n = INDEX_WRAP - 30; n < INDEX_WRAP + 20; n++) single(n);
    expect(driver.used(INDEX_WRAP + 19)[1]).toBe(subject.written);
    expect(front.status & NEEDS_RESET).toBe(0);
    expect(driver.usedIdx).toBe(20);
    expect(front.ram.read16(used + 4 + 8 * size)).toBe(20);
  });

  test('a notification before DRIVER_OK, of another queue, or without a queue does nothing', () => {
    const driver = fresh();
    const { front } = driver;
    driver.start();
    front.status = front.isLegacy ? ACKNOWLEDGE | DRIVER : ACKNOWLEDGE | DRIVER | FEATURES_OK;
    driver.offer();
    driver.notify();
    expect(driver.usedIdx).toBe(0);
    front.status |= DRIVER_OK;
    front.notify(subject.queues.length);
    front.notify(0x3ff);
    expect(driver.usedIdx).toBe(0);
    driver.notify();
    expect(driver.usedIdx).toBe(1);
  });

  test('a reset takes back queues, interrupts and features; what was offered before is not served', () => {
    const driver = fresh();
    const { front } = driver;
    driver.start();
    driver.serve();
    driver.offer();
    front.status = 0;
    expect([front.wire, front.takeInterrupts(), front.isReady(subject.queue)]).toEqual([false, 0, false]);
    driver.notify();
    expect(driver.usedIdx).toBe(1);
    driver.start();
    driver.serve();
  });

  test('a broken ring: the driver is told where it can be, nothing more is served, a reset mends it', () => {
    const driver = fresh();
    const { front } = driver;
    for (const spoil of [
      () => driver.publish(driver.queue.size),
      () => front.ram.write16(driver.queue.avail + 2, driver.queue.size + 1),
      () => driver.offer(0, [{ pa: 0x1000, length: 16 }]),
      () => driver.offer(0, [{ pa: BUFFERS, length: 0 }]),
    ]) {
      driver.start();
      const before = front.generation?.();
      spoil();
      driver.notify();
      expect(front.status & NEEDS_RESET).toBe(front.isLegacy ? 0 : NEEDS_RESET);
      if (!front.isLegacy) {
        expect(front.takeInterrupts() & 2).toBe(2);
        expect(front.generation?.()).not.toBe(before);
      }
      driver.notify();
      expect(driver.usedIdx).toBe(0);
    }
    driver.start();
    driver.serve();
  });

  test('the configuration space reads the same by any width, and 0 behind its end', () => {
    const { front } = fresh();
    const { configSize } = subject.make();
    for (let at = 0; at < configSize + 4; at += 4) {
      const bytes = [0, 1, 2, 3].map(i => front.config(at + i, 1));
      const word = bytes.reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
      expect([front.config(at, 2), front.config(at + 2, 2), front.config(at, 4)]).toEqual([
        word % 65_536,
        Math.floor(word / 65_536),
        word,
      ]);
      if (at >= configSize) expect(word).toBe(0);
    }
  });

  test('a copy of the state goes on with what is under way', () => {
    const driver = fresh();
    driver.start(EVENT_IDX >>> 0);
    driver.serve();
    driver.offer();
    driver.front = driver.front.moved(subject.make());
    expect(driver.front.wire).toBe(true);
    driver.notify();
    expect(driver.usedIdx).toBe(2);
    expect(driver.front.takeInterrupts()).toBe(1);
    driver.serve();
  });
});
