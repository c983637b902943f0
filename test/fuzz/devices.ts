/**
 * A hostile driver of the whole board: a seeded stream of operations that no operating system would do, or not like
 * this. docs/fuzz-devices.md says what is held to be true of every one of them.
 */
import { strict as assert } from 'node:assert';
import { defaultMac } from '../../emulator/device/net/config.ts';
import { networkFromOptions } from '../../emulator/device/net/options.ts';
import type { DeviceSpec, FlashSpec } from '../../emulator/machine/config.ts';
import { Machine } from '../../emulator/machine/machine.ts';
import { Program, testConfig } from '../../emulator/machine/test-kernel.ts';
import { CowLayer } from '../../emulator/storage/cow-layer.ts';
import { MemoryBackend } from '../../emulator/storage/memory-backend.ts';
import { HostileRandom, MIB, RAM, RAM_BYTES } from './devices-random.ts';
import { MmioFront, PciFront, type Front } from './devices-front.ts';

export const BOARDS = ['mmio1', 'mmio2', 'pci'] as const;
export type BoardKind = (typeof BOARDS)[number];

/** No operation may take more of the processor's time, whatever it asks for. */
const OPERATION_MS_MAX = 2000;
const RECOVERY_EVERY = 5000;
const DISK_BYTES = 2 * MIB;
/** Where rings, indirect tables and buffers usually lie. The guest's own code is elsewhere, until it is overwritten. */
const RINGS = RAM + 8 * MIB;
const QUEUE_STRIDE = 0x8000;
const QUEUES_PER_DEVICE = 2;
const TABLES = RAM + 10 * MIB;
const BUFFERS = RAM + 12 * MIB;

const FW_CFG_DMA = 0x1010_0010;
const FLASH = 0x2000_0000;
const FLASH_BANK = 32 * MIB;

const F_NEXT = 1;
const F_WRITE = 2;
const F_INDIRECT = 4;

/** What the driver remembers of a queue it has set up, as far as it has. */
interface Ring {
  desc: number;
  avail: number;
  used: number;
  size: number;
  availIdx: number;
}

export interface FuzzReport {
  readonly operations: number;
  readonly slowestMs: number;
  readonly slowest: string;
  /** Whether some driver was told to give up, and how often: the stream is hostile enough, but not only that. */
  readonly guestErrors: number;
  readonly completed: number;
}

export class DeviceFuzz {
  private readonly random: HostileRandom;
  private readonly machine: Machine;
  private readonly fronts: readonly Front[];
  private readonly rings: Ring[][];
  private readonly pristine: Uint8Array;
  private slowestMs = 0;
  private slowest = '';
  private guestErrors = 0;
  private completed = 0;
  /** For the report of a failure. */
  private now = '';

  constructor(
    readonly board: BoardKind,
    readonly seed: number,
  ) {
    this.random = new HostileRandom(seed);
    const bus = board === 'pci' ? 'pci' : 'mmio';
    const disk = (isReadOnly: boolean): CowLayer =>
      new CowLayer(new MemoryBackend(new Uint8Array(DISK_BYTES), isReadOnly), isReadOnly);
    const devices: DeviceSpec[] = [
      { kind: 'blk', backend: disk(false), serial: 'fuzz', bus },
      { kind: 'blk', backend: disk(true), serial: '', bus, isModernOnly: true },
      { kind: 'console', bus },
      { kind: 'rng', bus },
      { kind: 'net', mac: defaultMac(0), network: networkFromOptions([]), bus },
    ];
    this.machine = new Machine(
      testConfig(new Program().spin(), {
        memoryMiB: RAM_BYTES / MIB,
        devices,
        // Where there is an image, flash is memory that harts read.
        ...(board === 'mmio2' ? { flash: [flashImage()] } : {}),
        isVirtioLegacy: board === 'mmio1',
        isRebootRefused: false,
        icountShift: 10,
        guestError: () => void this.guestErrors++,
      }),
    );
    this.machine.powerOn();
    this.pristine = this.machine.saveState();
    this.fronts = devices.map((_, i) =>
      board === 'pci' ? new PciFront(this.machine.bus, i) : new MmioFront(this.machine.bus, i, board === 'mmio1'),
    );
    this.rings = devices.map((_, d) => Array.from({ length: QUEUES_PER_DEVICE }, (_q, q) => this.honestRing(d, q, 8)));
  }

  /** Throws what an operation threw, or that it took too long, with its number and kind. */
  run(operations: number): FuzzReport {
    for (let n = 0; n < operations; n++) {
      const before = cpuMs();
      try {
        this.operation();
        if (n % RECOVERY_EVERY === RECOVERY_EVERY - 1) this.recover();
      } catch (error) {
        throw new Error(`${this.board}, seed ${this.seed}, operation ${n} (${this.now})`, { cause: error });
      }
      const ms = cpuMs() - before;
      if (ms > this.slowestMs) {
        this.slowestMs = ms;
        this.slowest = `operation ${n} (${this.now})`;
      }
      assert(ms < OPERATION_MS_MAX, `${this.board}, seed ${this.seed}, operation ${n} (${this.now}): ${ms} ms`);
    }
    const { slowestMs, slowest, guestErrors, completed } = this;
    return { operations, slowestMs, slowest, guestErrors, completed };
  }

  private operation(): void {
    const { random } = this;
    const kind = random.weighted(OPERATIONS);
    this.now = kind;
    this[kind]();
    if (this.machine.exitCode !== undefined) this.machine.loadState(this.pristine);
  }

  /** Any access of any width to any window. */
  access(): void {
    const { random, machine } = this;
    const windows = machine.bus.windows;
    const { base, end } = windows[random.below(windows.length)]!;
    const width = random.pick([1, 2, 4, 4, 4, 8] as const);
    let pa = base + random.offset(end - base);
    if (random.chance(0.95)) pa -= pa % width;
    this.poke(pa, width);
  }

  /** The same, near the registers of one device. */
  registerAccess(): void {
    const { random } = this;
    const width = random.pick([1, 2, 4, 4, 4, 4, 8] as const);
    let pa = random.pick(this.anyFront().registers(random));
    if (random.chance(0.97)) pa -= pa % width;
    this.poke(pa, width);
  }

  private poke(pa: number, width: 1 | 2 | 4 | 8): void {
    const { random, machine } = this;
    if (random.chance(0.4)) machine.bus.read(pa, width);
    else machine.bus.write(pa, width, random.word(), random.chance(0.8) ? 0 : random.word());
  }

  /** Through a driver's whole bring-up, steps left out or spoilt. */
  bringUp(): void {
    const { random } = this;
    const d = random.below(this.fronts.length);
    const front = this.fronts[d]!;
    const spoil = random.chance(0.6) ? 0 : 0.06;
    front.spoil = value => (random.chance(spoil) ? random.word() : value);
    front.isSkipped = () => random.chance(spoil);
    front.negotiate(random.chance(0.7) ? [0xffff_ffff, 0xffff_ffff] : [random.word(), random.word()]);
    for (let q = 0; q < QUEUES_PER_DEVICE; q++) {
      const size = random.chance(0.9) ? 2 ** random.below(9) : random.below(70_000);
      const ring = this.honestRing(d, q, Math.max(1, size));
      if (random.chance(0.1)) ring.desc = random.address();
      if (random.chance(0.05)) ring.avail = random.address();
      if (random.chance(0.05)) ring.used = random.address();
      front.placeQueue(q, ring);
      this.rings[d]![q] = ring;
      this.clear(ring);
    }
    front.run();
  }

  /** A chain as the device's own drivers make, or nearly. */
  request(): void {
    const { random } = this;
    const d = random.below(this.fronts.length);
    const q = random.below(QUEUES_PER_DEVICE);
    // A broken legacy device does not say so.
    if (random.chance(this.fronts[d]!.isRunning ? 0.05 : 0.5)) this.bringUpHonestly(d, 2 ** random.below(9));
    const before = this.read16(this.rings[d]![q]!.used + 2);
    for (let n = 1 + random.below(4); n > 0; n--) this.offer(d, q, this.likelyChain(d, q));
    this.fronts[d]!.notify(q);
    if (this.read16(this.rings[d]![q]!.used + 2) !== before) this.completed++;
  }

  /** Descriptors of all kinds, all over the table. */
  garbageDescriptors(): void {
    const { random } = this;
    const ring = this.anyRing();
    for (let n = 1 + random.below(ring.size); n > 0 && n < 300; n--) {
      const flags = random.below(8);
      this.descriptor(
        ring.desc,
        random.below(ring.size),
        random.address(),
        random.length(),
        flags,
        random.below(ring.size + 2),
      );
    }
  }

  /** Heads and indices that may be anything. */
  garbageAvailable(): void {
    const { random } = this;
    const ring = this.anyRing();
    for (let i = 0; i < ring.size && i < 300; i++) this.write16(ring.avail + 4 + 2 * i, random.below(ring.size + 1));
    ring.availIdx = (random.chance(0.5) ? ring.availIdx + random.below(ring.size + 2) : random.word()) & 0xffff;
    this.write16(ring.avail + 2, ring.availIdx);
    if (random.chance(0.3)) this.write16(ring.avail, random.below(4));
    if (random.chance(0.3)) this.write16(ring.avail + 4 + 2 * ring.size, random.word());
  }

  /** An indirect table that loops, nests, or names all of RAM a thousand times; the whole ring full of it. */
  flood(): void {
    const { random } = this;
    const d = random.below(this.fronts.length);
    const q = random.below(QUEUES_PER_DEVICE);
    const ring = this.rings[d]![q]!;
    const entries = random.pick([1, 2, 254, 1024, 4096]);
    const isWritten = random.chance(0.5);
    const length = random.pick([1, 512, 4096, 64 * 1024, MIB, RAM_BYTES]);
    const buffer = random.chance(0.7) ? RAM : ring.avail & ~15;
    for (let i = 0; i < entries; i++) {
      const isHeader = i === 0 && random.chance(0.9);
      const isLast = i === entries - 1;
      const flags =
        (isLast ? 0 : F_NEXT) |
        ((isWritten && !isHeader) || isLast ? F_WRITE : 0) |
        (random.chance(0.0003) ? F_INDIRECT : 0);
      const next = random.chance(0.999) ? i + 1 : random.below(entries);
      const at = isHeader ? BUFFERS : buffer;
      this.descriptor(TABLES, i, at, isHeader ? 16 : isLast ? 1 : length, flags, next);
    }
    this.blkHeader(BUFFERS, random.pick([0, 0, 1, 1, 8, 11, 13]), 0);
    const count = random.chance(0.5) ? ring.size : 1;
    for (let i = 0; i < count && i < 300; i++) {
      this.descriptor(ring.desc, i, TABLES, 16 * entries, F_INDIRECT, 0);
      this.write16(ring.avail + 4 + 2 * i, i);
    }
    ring.availIdx = (ring.availIdx + count) & 0xffff;
    this.write16(ring.avail + 2, ring.availIdx);
    this.fronts[d]!.notify(q);
  }

  /** fw_cfg: a structure that may be anything, anywhere. */
  firmwareDma(): void {
    const { random, machine } = this;
    const at = random.chance(0.8) ? BUFFERS + 8 * random.below(64) : random.address();
    const control = (random.below(0x48) << 16) | random.pick([2, 8, 10, 10, 12, 16, 24, random.below(64)]);
    const address = random.address();
    const words = [control, random.length(), Math.floor(address / 2 ** 32), address % 2 ** 32];
    words.forEach((word, i) => this.write32(at + 4 * i, bigEndian(word)));
    machine.bus.write(FW_CFG_DMA, 8, bigEndian(Math.floor(at / 2 ** 32)), bigEndian(at % 2 ** 32));
  }

  /** Flash: a command, and what may follow it. */
  flash(): void {
    const { random, machine } = this;
    const width = random.pick([1, 2, 4, 4, 8] as const);
    const near = random.pick([0, 0x4_0000, FLASH_BANK, FLASH_BANK + 0x1000, 2 * FLASH_BANK - 0x100]);
    const at = FLASH + near + width * random.below(0x100 / width);
    const value = (): number =>
      random.pick([0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x90, 0x98, 0xe8, 0xff, random.word()]);
    machine.bus.write(at, width, value(), 0);
    for (let n = random.below(5); n > 0; n--) {
      if (random.chance(0.5)) machine.bus.read(at, width);
      else machine.bus.write(at, width, random.pick([0xd0, 0, 1, 3, 0xffff, value()]), random.word());
    }
  }

  notify(): void {
    this.anyFront().notify(this.random.pick([0, 0, 0, 1, 1, 2, 0xffff]));
  }

  deviceReset(): void {
    this.anyFront().reset();
  }

  memory(): void {
    const { random } = this;
    const at = random.address();
    for (let i = 0; i < 16; i++) this.write32(at + 4 * i, random.word());
  }

  /** The guest runs, whatever stands in its memory by now. */
  time(): void {
    this.machine.advance(this.random.pick([1, 50, 50, 2000]));
  }

  fromHost(): void {
    const { random, machine } = this;
    const bytes = Uint8Array.from({ length: random.below(300) }, () => random.below(256));
    if (random.chance(0.5)) machine.type(bytes);
    else machine.sendToAgent(bytes);
  }

  saveAndLoad(): void {
    const { machine } = this;
    const state = machine.saveState();
    machine.loadState(state);
    assert.deepEqual(machine.saveState(), state);
  }

  powerCycle(): void {
    this.machine.requestReset();
    this.machine.advance(10);
  }

  /** After all that, every device serves an honest driver. */
  private recover(): void {
    const { machine } = this;
    this.now = 'recovery';
    this.powerCycle();
    if (machine.exitCode !== undefined) machine.loadState(this.pristine);
    this.fronts.forEach((front, d) => {
      this.bringUpHonestly(d, 8);
      const q = d === NET || d === CONSOLE ? 1 : 0;
      const isRequest = d < CONSOLE;
      if (isRequest) this.blkHeader(BUFFERS, 0, 1);
      this.offer(d, q, [
        ...(d === RNG ? [] : [{ pa: BUFFERS, length: isRequest ? 16 : 64, flags: 0 }]),
        ...(q === 1 ? [] : [{ pa: BUFFERS + 4096, length: isRequest ? 513 : 64, flags: F_WRITE }]),
      ]);
      front.notify(q);
      assert.equal(this.read16(this.rings[d]![q]!.used + 2), 1, `device ${d} does not serve an honest driver`);
    });
  }

  private bringUpHonestly(d: number, size: number): void {
    const front = this.fronts[d]!;
    front.spoil = value => value;
    front.isSkipped = () => false;
    front.negotiate([0, 1]);
    const rings = Array.from({ length: QUEUES_PER_DEVICE }, (_, q) => this.honestRing(d, q, size));
    rings.forEach((ring, q) => {
      this.clear(ring);
      front.placeQueue(q, ring);
    });
    front.run();
    this.rings[d] = rings;
  }

  private likelyChain(d: number, q: number): { pa: number; length: number; flags: number }[] {
    const { random } = this;
    const data = Array.from({ length: random.below(4) }, () => ({
      pa: random.chance(0.9) ? BUFFERS + 0x1000 + random.below(MIB) : random.address(),
      length: random.chance(0.9) ? random.pick([1, 64, 512, 1024, 1514, 4096]) : random.length(),
      flags: 0,
    }));
    const written = data.map(s => ({ ...s, flags: F_WRITE }));
    const header = { pa: BUFFERS, length: d < CONSOLE ? 16 : 12, flags: 0 };
    const status = { pa: BUFFERS + 0x800, length: 1, flags: F_WRITE };
    if (d < CONSOLE) {
      const type = random.pick([0, 0, 1, 1, 4, 8, 11, 13, random.word()]);
      this.blkHeader(BUFFERS, type, random.chance(0.9) ? random.below(DISK_BYTES / 512) : random.word());
      const isRead = type === 0 || type === 8;
      return random.chance(0.95) ? [header, ...(isRead ? written : data), status] : [...written, ...data];
    }
    if (d === NET && q === 1) {
      this.frame(BUFFERS);
      return [
        header,
        { pa: BUFFERS + 12, length: random.pick([42, 60, 200, 1514]), flags: 0 },
        ...(random.chance(0.1) ? data : []),
      ];
    }
    return q === 1 ? data : written;
  }

  /** virtio_net_hdr and a frame that the network's machines may look into. */
  private frame(at: number): void {
    const { random } = this;
    for (let i = 0; i < 128; i += 4) this.write32(at + i, random.word());
    this.machine.ram.write(at + 12, Uint8Array.of(0x52, 0x55, 10, 0, 2, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56));
    const isArp = random.chance(0.3);
    this.machine.ram.write(at + 24, Uint8Array.of(8, isArp ? 6 : 0));
    if (isArp) this.machine.ram.write(at + 26, Uint8Array.of(0, 1, 8, 0, 6, 4, 0, random.pick([1, 2])));
    else this.machine.ram.write(at + 26, Uint8Array.of(0x45, 0, 0, random.below(200)));
    if (!isArp) this.machine.ram.write(at + 35, Uint8Array.of(random.pick([1, 6, 17, 99])));
  }

  private blkHeader(at: number, type: number, sector: number): void {
    this.write32(at, type);
    this.write32(at + 8, sector);
    this.write32(at + 12, this.random.chance(0.98) ? 0 : this.random.word());
  }

  private offer(d: number, q: number, chain: readonly { pa: number; length: number; flags: number }[]): void {
    const ring = this.rings[d]![q]!;
    const head = (ring.availIdx * 5) % ring.size;
    chain.forEach(({ pa, length, flags }, i) => {
      const isLast = i === chain.length - 1;
      this.descriptor(
        ring.desc,
        (head + i) % ring.size,
        pa,
        length,
        flags | (isLast ? 0 : F_NEXT),
        (head + i + 1) % ring.size,
      );
    });
    this.write16(ring.avail + 4 + 2 * (ring.availIdx % ring.size), head);
    ring.availIdx = (ring.availIdx + 1) & 0xffff;
    this.write16(ring.avail + 2, ring.availIdx);
  }

  private descriptor(table: number, index: number, pa: number, length: number, flags: number, next: number): void {
    const at = table + 16 * index;
    this.write32(at, pa % 2 ** 32);
    this.write32(at + 4, Math.floor(pa / 2 ** 32));
    this.write32(at + 8, length);
    this.write16(at + 12, flags);
    this.write16(at + 14, next);
  }

  /** Laid out so that a legacy device agrees about where it is. */
  private honestRing(d: number, q: number, size: number): Ring {
    const desc = RINGS + (d * QUEUES_PER_DEVICE + q) * QUEUE_STRIDE;
    const avail = desc + 16 * size;
    return { desc, avail, used: Math.ceil((avail + 6 + 2 * size) / 4096) * 4096, size, availIdx: 0 };
  }

  private clear(ring: Ring): void {
    for (const at of [ring.avail, ring.used]) this.write32(at, 0);
  }

  private anyFront(): Front {
    return this.random.pick(this.fronts);
  }
  private anyRing(): Ring {
    return this.random.pick(this.random.pick(this.rings));
  }

  // The driver's own memory accesses: where its ring is nowhere, they do nothing.

  private read16(pa: number): number {
    const { ram } = this.machine;
    return ram.contains(pa, 2) ? ram.read16(pa) : 0;
  }
  private write16(pa: number, value: number): void {
    const { ram } = this.machine;
    if (ram.contains(pa, 2)) ram.write16(pa, value & 0xffff);
  }
  private write32(pa: number, value: number): void {
    const { ram } = this.machine;
    if (ram.contains(pa, 4)) ram.write32(pa, value >>> 0);
  }
}

function flashImage(): FlashSpec {
  return { bank: 1, backend: new CowLayer(new MemoryBackend(new Uint8Array(FLASH_BANK), true)) };
}

function bigEndian(word: number): number {
  const bytes = [24, 16, 8, 0].map(shift => (word >>> shift) & 0xff);
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

/** Of this process: a busy host makes no operation slow. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Indices of the devices above: two disks, then these. */
const CONSOLE = 2;
const RNG = 3;
const NET = 4;

const OPERATIONS = {
  request: 30,
  access: 14,
  registerAccess: 16,
  bringUp: 10,
  garbageDescriptors: 4,
  garbageAvailable: 5,
  notify: 8,
  firmwareDma: 3,
  flash: 3,
  time: 5,
  memory: 2,
  fromHost: 3,
  deviceReset: 2,
  flood: 0.4,
  saveAndLoad: 0.4,
  powerCycle: 0.2,
} as const satisfies Partial<Record<keyof DeviceFuzz, number>>;
