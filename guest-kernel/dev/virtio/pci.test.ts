/** PCI functions that say anything at all: the kernel ends its looking, and touches nothing that is not a BAR it placed. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadAs } from "../../../test/lib/as-wasm.ts";

interface Exports {
  cellsAt(): number;
  begin(ecamPa: bigint, ecamSize: bigint): void;
  setRanges(bytes: number): void;
  setInterruptMap(bytes: number): void;
  setInterruptMapMask(bytes: number): void;
  scan(): number;
  at(i: number): number;
  isVirtio(i: number): number;
  startFunction(i: number): number;
  barPa(i: number, bar: number): bigint;
  barSize(i: number, bar: number): bigint;
  probe(i: number): number;
  deviceId(): number;
  bringUp(): number;
  physical(va: bigint): bigint;
}

const ECAM = 0x3000_0000n;
const LOW_WINDOW = 0x4000_0000n;
const LOW_SIZE = 0x4000_0000n;
const HIGH_WINDOW = 0x4_0000_0000n;
const HIGH_SIZE = 0x4_0000_0000n;
const MAPPED = 0xffff_ffff_0000_0000n;
/** More than any honest bring-up needs; a poll that never ends is given up before. */
const ACCESSES_MAX = 1_000_000;

const COMMAND = 4;
const STATUS = 6;
const HEADER_TYPE = 14;
const BARS = 16;
const CAPABILITIES = 0x34;
const PIN = 0x3d;

/** One function: bytes, and the bits of them that can be written. */
class Config {
  readonly bytes = new Uint8Array(4096);
  readonly mask = new Uint8Array(4096);
  readonly view = new DataView(this.bytes.buffer);

  constructor(vendor = 0x1af4, device = 0x1042) {
    this.view.setUint16(0, vendor, true);
    this.view.setUint16(2, device, true);
    this.mask.set([0xff, 0xff], COMMAND);
  }

  bar(index: number, flags: number, size: bigint): this {
    const masks = new DataView(this.mask.buffer);
    this.view.setUint32(BARS + 4 * index, flags, true);
    masks.setUint32(BARS + 4 * index, Number(-size & 0xffff_fff0n), true);
    if (flags & 4) masks.setUint32(BARS + 4 * index + 4, Number((-size >> 32n) & 0xffff_ffffn), true);
    return this;
  }

  cap(at: number, next: number, type: number, bar: number, offset: number, length: number, id = 9): this {
    this.bytes.set([id, next, type === 2 ? 20 : 16, type, bar], at);
    this.view.setUint32(at + 8, offset, true);
    this.view.setUint32(at + 12, length, true);
    if (type === 2) this.view.setUint32(at + 16, 4, true);
    this.view.setUint16(STATUS, 0x10, true);
    return this;
  }

  get isOn(): boolean {
    return (this.bytes[COMMAND]! & 2) !== 0;
  }
}

/** virtio-blk as QEMU lays it out. */
function sane(device = 0x1042): Config {
  const c = new Config(0x1af4, device).bar(0, 1, 0x80n).bar(1, 0, 0x1000n).bar(4, 0xc, 0x4000n);
  c.bytes[CAPABILITIES] = 0x98;
  c.bytes[PIN] = 1;
  // As QEMU: MSI-X first, then PCI_CFG, notify, device, isr, common.
  c.cap(0x98, 0x84, 0, 0, 0, 0, 0x11).cap(0x84, 0x70, 5, 0, 0, 0).cap(0x70, 0x60, 2, 4, 0x3000, 0x1000);
  return c.cap(0x60, 0x50, 4, 4, 0x2000, 0x1000).cap(0x50, 0x40, 3, 4, 0x1000, 0x1000).cap(0x40, 0, 1, 4, 0, 0x1000);
}

/** The hardware around the kernel's code: functions by devfn, and what their registers answer. */
class Board {
  accesses = 0;
  readonly stray: string[] = [];
  readonly written: [pa: bigint, value: bigint][] = [];
  /** What registers in BARs read as. */
  register: (pa: bigint, width: number) => number = () => 0;
  k!: Exports;
  memory!: WebAssembly.Memory;

  constructor(readonly functions: Map<number, Config>) {}

  static async of(functions: Map<number, Config>): Promise<Board> {
    const board = new Board(functions);
    const rv: Record<string, (a: bigint, v: never) => unknown> = {};
    for (const bits of [8, 16, 32] as const) {
      rv[`ld${bits}`] = a => board.read(BigInt.asUintN(64, a), bits / 8);
      rv[`st${bits}`] = (a, v: number) => board.write(BigInt.asUintN(64, a), bits / 8, v);
    }
    const { exports, memory } = await loadAs<Exports>("guest-kernel/dev/virtio/pci.test.as.ts", { rv });
    board.k = exports;
    board.memory = memory;
    board.begin();
    return board;
  }

  begin(): void {
    this.k.begin(ECAM, 0x1000_0000n);
    this.cells([0x0100_0000, 0, 0, 0, 0x300_0000, 0, 0x1_0000]);
    this.k.setRanges(28);
    this.cells([0x0200_0000, 0, LOW_WINDOW, 0, LOW_WINDOW, 0, LOW_SIZE, 0x0300_0000, 4, 0, 4, 0, 4, 0]);
    this.k.setRanges(56);
  }

  /** As QEMU's virt board routes: pin and slot, swizzled over four sources from 0x20 on. */
  route(): void {
    const rows = [0, 1, 2, 3].flatMap(slot =>
      [1, 2, 3, 4].map(pin => [slot << 11, 0, 0, pin, 3, 0x20 + ((pin - 1 + slot) % 4)]),
    );
    this.cells(rows.flat());
    this.k.setInterruptMap(24 * rows.length);
    this.cells([0x1800, 0, 0, 7]);
    this.k.setInterruptMapMask(16);
  }

  cells(values: readonly (number | bigint)[]): void {
    const view = new DataView(this.memory.buffer);
    values.forEach((v, i) => view.setUint32(this.k.cellsAt() + 4 * i, Number(v), false));
  }

  private read(a: bigint, width: number): number {
    if (a < MAPPED) return this.ram(a, width);
    const pa = this.device(a, width);
    const config = this.config(pa);
    if (config === undefined) return width === 4 ? -1 : 2 ** (8 * width) - 1;
    if (config === null) return this.register(pa, width);
    const at = Number(pa & 0xfffn);
    if (width === 1) return config.bytes[at]!;
    return width === 2 ? config.view.getUint16(at, true) : config.view.getUint32(at, true);
  }

  private write(a: bigint, width: number, value: number): void {
    if (a < MAPPED) return this.ramWrite(a, width, value);
    const pa = this.device(a, width);
    const config = this.config(pa);
    if (config === null) this.written.push([pa, BigInt(value)]);
    if (!config) return;
    for (let i = 0; i < width; i++) {
      const at = Number(pa & 0xfffn) + i;
      const mask = config.mask[at]!;
      config.bytes[at] = (config.bytes[at]! & ~mask) | ((value >>> (8 * i)) & mask);
    }
  }

  /** The function whose configuration space is at `pa`; undefined: nobody's; null: a register in a window. */
  private config(pa: bigint): Config | undefined | null {
    if (pa < ECAM || pa >= ECAM + 0x1000_0000n) return null;
    return this.functions.get(Number((pa - ECAM) >> 12n));
  }

  private device(a: bigint, width: number): bigint {
    if (++this.accesses > ACCESSES_MAX) throw new Error("no end");
    const pa = BigInt.asUintN(64, this.k.physical(a));
    const isConfig = pa >= ECAM && pa + BigInt(width) <= ECAM + 0x10_0000n;
    const isLow = pa >= LOW_WINDOW && pa + BigInt(width) <= LOW_WINDOW + LOW_SIZE;
    const isHigh = pa >= HIGH_WINDOW && pa + BigInt(width) <= HIGH_WINDOW + HIGH_SIZE;
    if (!isConfig && !this.isInBar(pa, width)) this.stray.push(`${width} bytes at 0x${pa.toString(16)}`);
    if (!isConfig && !isLow && !isHigh) this.stray.push(`0x${pa.toString(16)} is in no window`);
    return pa;
  }

  /** Inside what some function that is switched on decodes, by its own registers. */
  private isInBar(pa: bigint, width: number): boolean {
    for (const c of this.functions.values()) {
      const masks = new DataView(c.mask.buffer);
      for (let i = 0; c.isOn && i < 6; i++) {
        const low = c.view.getUint32(BARS + 4 * i, true);
        if (low & 1) continue;
        const is64 = (low & 6) === 4 && i < 5;
        const high = is64 ? BigInt(c.view.getUint32(BARS + 4 * i + 4, true)) : 0n;
        const highMask = is64 ? BigInt(masks.getUint32(BARS + 4 * i + 4, true)) : 0xffff_ffffn;
        const size = 0x1_0000_0000_0000_0000n - ((highMask << 32n) | BigInt(masks.getUint32(BARS + 4 * i, true) & ~15));
        const start = (high << 32n) | BigInt((low & ~15) >>> 0);
        if (pa >= start && pa + BigInt(width) <= start + (size & ((1n << 64n) - 1n))) return true;
      }
    }
    return false;
  }

  private ram(a: bigint, width: number): number {
    const view = new DataView(this.memory.buffer);
    const at = Number(a);
    if (width === 1) return view.getUint8(at);
    return width === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  }

  private ramWrite(a: bigint, width: number, value: number): void {
    const view = new DataView(this.memory.buffer);
    const at = Number(a);
    if (width === 1) view.setUint8(at, value);
    else if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
  }
}

const devfn = (device: number, fn = 0): number => device * 8 + fn;

test("an honest function: found, placed, probed", async () => {
  const c = sane();
  const board = await Board.of(new Map([[devfn(1), c]]));
  const { k } = board;
  board.route();
  expect([k.scan(), k.at(0).toString(16), k.isVirtio(0)]).toEqual([1, "1021", 1]);
  expect([k.startFunction(0), c.isOn]).toEqual([1, true]);
  expect([k.barSize(0, 0), k.barSize(0, 1), k.barSize(0, 4)]).toEqual([0n, 0x1000n, 0x4000n]);
  expect([k.barPa(0, 1), k.barPa(0, 4)]).toEqual([LOW_WINDOW, LOW_WINDOW + 0x4000n]);
  expect([c.view.getUint32(BARS + 4, true), c.view.getUint32(BARS + 16, true) & ~15]).toEqual([
    0x4000_0000, 0x4000_4000,
  ]);
  expect([k.probe(0), k.deviceId()]).toEqual([1, 2]);
  const bar = k.barPa(0, 4);
  const common = new Map([
    [bar + 0x14n, 11],
    [bar + 0x18n, 256],
    [bar + 0x1en, 3],
  ]);
  board.register = (pa, _width) => (board.written.length < 2 ? 0 : (common.get(pa) ?? 0));
  expect(k.bringUp()).toBe(1);
  // Queue 0's bell is its notify offset times the multiplier into the notify structure.
  expect(board.written).toContainEqual([bar + 0x3000n + 12n, 0n]);
  expect(board.written).toContainEqual([bar + 0x18n, 64n]);
  expect(board.stray).toEqual([]);
});

test("a transitional device tells its kind in the subsystem id", async () => {
  const c = sane(0x1001);
  c.view.setUint16(0x2e, 2, true);
  const { k } = await Board.of(new Map([[devfn(7), c]]));
  expect([k.scan(), k.isVirtio(0), k.startFunction(0), k.probe(0), k.deviceId()]).toEqual([1, 1, 1, 1, 2]);
});

test("functions are found in order; one without function 0 is none; bridges and unrouted pins are left alone", async () => {
  const multi = sane();
  multi.bytes[HEADER_TYPE] = 0x80;
  const bridge = sane();
  bridge.bytes[HEADER_TYPE] = 1;
  const functions = new Map([
    [devfn(31), sane()],
    [devfn(4), multi],
    [devfn(4, 7), sane()],
    [devfn(4, 2), sane()],
    [devfn(5, 1), sane()],
    [devfn(6), bridge],
    [devfn(9), sane()],
    [devfn(9, 1), sane()],
  ]);
  const board = await Board.of(functions);
  const { k } = board;
  functions.get(devfn(9))!.bytes[PIN] = 6;
  board.route();
  const found = Array.from({ length: k.scan() }, (_, i) => k.at(i).toString(16));
  expect(found).toEqual(["4020", "4220", "4720", "9000", "1f023"]);
});

test("two functions never overlap; what has no room in the low window goes to the high one, or is not used", async () => {
  const big = sane().bar(2, 4, 0x8000_0000n);
  const huge = sane().bar(2, 0xc, 1n << 40n);
  const low = sane().bar(2, 0, 0x8000_0000n);
  const board = await Board.of(
    new Map([
      [devfn(1), sane()],
      [devfn(2), big],
      [devfn(3), huge],
      [devfn(4), low],
    ]),
  );
  const { k } = board;
  expect(k.scan()).toBe(4);
  expect([0, 1, 2, 3].map(i => k.startFunction(i))).toEqual([1, 1, 0, 0]);
  expect([huge.isOn, low.isOn]).toEqual([false, false]);
  expect([k.barPa(1, 2), k.barSize(1, 2)]).toEqual([HIGH_WINDOW, 0x8000_0000n]);
  const taken = [0, 1].flatMap(i =>
    [0, 1, 2, 3, 4, 5].map(b => [k.barPa(i, b), k.barPa(i, b) + k.barSize(i, b)] as const),
  );
  const real = taken.filter(([from, to]) => to > from).toSorted(([a], [b]) => Number(a - b));
  real.slice(1).forEach(([from], i) => expect(from).toBeGreaterThanOrEqual(real[i]![1]));
});

test.each<[string, (c: Config) => void]>([
  ["an entry that follows itself", c => void (c.bytes[0x99] = 0x98)],
  ["a list that leads into the header", c => void (c.bytes[0x99] = 0x04)],
  ["no list", c => c.view.setUint16(STATUS, 0, true)],
  ["a structure in BAR 6", c => void (c.bytes[0x44] = 6)],
  ["a structure in an I/O BAR", c => void (c.bytes[0x44] = 0)],
  ["a structure beyond its BAR", c => c.view.setUint32(0x48, 0x4000, true)],
  ["offset and length that wrap", c => c.view.setUint32(0x48, 0xffff_fff0, true)],
  ["a length beyond the BAR", c => c.view.setUint32(0x4c, 0xffff_ffff, true)],
  ["a structure too small", c => c.view.setUint32(0x4c, 8, true)],
  ["a structure out of alignment", c => c.view.setUint32(0x48, 2, true)],
  ["a capability cut off", c => void (c.bytes[0x42] = 8)],
])("%s is not used and not touched", async (_what, spoil) => {
  const c = sane();
  spoil(c);
  const board = await Board.of(new Map([[devfn(1), c]]));
  const { k } = board;
  expect([k.scan(), k.startFunction(0)]).toEqual([1, 1]);
  expect(k.probe(0)).toBe(0);
  expect(board.stray).toEqual([]);
  expect(board.accesses).toBeLessThan(2000);
});

test("a list that loops ends; what it named is used", async () => {
  const c = sane();
  c.bytes[0x41] = 0x98;
  const board = await Board.of(new Map([[devfn(1), c]]));
  const { k } = board;
  expect([k.scan(), k.startFunction(0), k.probe(0)]).toEqual([1, 1, 1]);
  expect(board.accesses).toBeLessThan(4000);
});

test("a bell beyond its structure is no queue", async () => {
  const board = await Board.of(new Map([[devfn(1), sane()]]));
  const { k } = board;
  expect([k.scan(), k.startFunction(0), k.probe(0)]).toEqual([1, 1, 1]);
  board.register = () => 0xffff;
  expect(k.bringUp()).toBe(0);
  expect(board.stray).toEqual([]);
});

test("any bytes as configuration space, any answers as registers", async () => {
  const board = await Board.of(new Map());
  const { k } = board;
  const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
  const cap = fc.record({
    at: fc.integer({ min: 0x40, max: 0xff }),
    next: fc.oneof(fc.integer({ min: 0x40, max: 0xff }), fc.nat(255)),
    type: fc.nat(6),
    bar: fc.nat(7),
    offset: fc.oneof(fc.nat(0x5000), fc.constantFrom(0xffff_ffff, 0x8000_0000, 0xffff_f000)),
    length: fc.oneof(fc.nat(0x5000), fc.constantFrom(0xffff_ffff, 0x8000_0000, 0x1000)),
  });
  const hostile = fc.record({
    base: fc.constantFrom("sane" as const, "noise" as const),
    noise: bytes(256),
    mask: bytes(24),
    isNoisyBar: fc.boolean(),
    caps: fc.array(cap, { maxLength: 4 }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), all => {
      board.functions.clear();
      all.forEach(({ base, noise, mask, isNoisyBar, caps }, i) => {
        const c = base === "sane" ? sane() : new Config();
        if (base === "noise") c.bytes.set(noise.subarray(4), 4);
        c.bytes[HEADER_TYPE]! &= 0x80;
        if (isNoisyBar) c.mask.set(mask, BARS);
        for (const { at, next, type, bar, offset, length } of caps) c.cap(at, next, type, bar, offset, length);
        board.functions.set(devfn(i), c);
      });
      let state = all[0]!.seed;
      board.register = (_pa, width) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        // Half of the answers are such as let a driver go on.
        if (state & 0x8000_0000) return width === 1 ? 8 : (state >>> 8) & 0xff;
        return (state >>> 8) & (width === 1 ? 0xff : 0xffff);
      };
      board.accesses = 0;
      board.stray.length = 0;
      board.written.length = 0;
      board.begin();
      const found = k.scan();
      for (let i = 0; i < found; i++) if (k.isVirtio(i) && k.startFunction(i) && k.probe(i)) k.bringUp();
      expect(board.stray).toEqual([]);
    }),
    { seed: 11, numRuns: 2000 },
  );
});
