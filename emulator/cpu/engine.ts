/**
 * What runs instructions, one for all harts of a machine: the generated interpreter (gen/) and the AssemblyScript slow
 * paths (slow/) over one wasm memory. They find the state of the hart that runs at its bottom; when another
 * hart is to run, the engine parks that state in its owner's region and brings the other's (docs/smp.md).
 */
import { assert } from '../base/assert.ts';
import { fromBase64 } from '../base/bytes.ts';
import { ROM_OPEN_OFFSET } from '../bus/memory-map.ts';
import type { Ram } from '../bus/ram.ts';
import type { CpuFeatures } from '../isa/extensions.ts';
import type { WasmTemplate } from '../wasm/encoder.ts';
import * as layout from './layout.ts';
import { CodeMarks } from './code-marks.ts';
import { interpreterModule } from './interpreter.ts';
import { SLOW_WASM } from './slow.gen.ts';

/** Everything that is not RAM. Physical addresses are plain numbers (56 bits at most matter; wild ones stay wild). */
export interface MmioBus {
  /** Returns the low 32 bits (zero-extended or not: the CPU masks to `width`); for width 8 sets `hi`. Sets `fault`. */
  read(pa: number, width: 1 | 2 | 4 | 8): number;
  /** `lo` holds the value for widths 1, 2 and 4; width 8 adds `hi`. Sets `fault`. */
  write(pa: number, width: 1 | 2 | 4 | 8, lo: number, hi: number): void;
  hi: number;
  /** Set by every access: true when nothing claims it, which the guest sees as an access fault. */
  fault: boolean;
}

/** Exports of slow/index.ts that Cpu calls; i64 is BigInt here, for the debugger alone. */
export interface SlowExports {
  updateContext(): void;
  updatePmp(): void;
  updateTriggers(): void;
  isTriggered(pc: bigint): number;
  flushTlb(): void;
  takeInterrupt(): void;
  peekCsr(number: number): bigint;
  isCsrKnown(number: number): number;
  pokeCsr(number: number, value: bigint): void;
  probe(va: bigint, access: number, context: number): number;
  decode(page: number, op: number): void;
  clearMarks(): void;
  addMark(offset: number): void;
  traceDecoding(isOn: number): void;
  unmark(op: number, offset: number): void;
}

/** What the engine asks of the hart that runs. */
export interface EngineUser {
  /** Its number among the harts of this engine: which region is its own. */
  readonly index: number;
  /** Its state has moved to the bottom, or to its parking place. */
  moved(isAtBottom: boolean): void;
  /** The time CSR. */
  time(): number;
  timerChanged(): void;
  /** Its execution triggers are at these page offsets now, -1 where there is none. */
  triggersChanged(offsets: readonly number[]): void;
  trapTaken(): void;
  /** @param pa -1: not mapped, or not for this access; -2: the tables are out of reach */
  walked(access: number, pa: number, pageShift: number): void;
  /** It is at a marked op: the op to run instead, or 0 to stop in front of it. */
  passBreakpoint(op: number): number;
  /** After a device access: forgets what it derived from code or pages that have changed. */
  dropStale(): void;
}

type DecodeListener = (pa: number, word: number) => void;

/** The same bytes as words of each size. */
export interface StateViews {
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;
}

export interface EngineOptions {
  readonly ram: Ram;
  readonly bus: MmioBus;
  readonly features: CpuFeatures;
  /** In place of the usual one, for tests. */
  readonly interpreter?: WasmTemplate;
}

let slowModule: WebAssembly.Module | undefined;

export class Engine {
  readonly ram: Ram;
  readonly features: CpuFeatures;
  readonly marks: CodeMarks;
  readonly slow: SlowExports;
  /** Precondition: the hart whose state is at the bottom is to run. */
  readonly run: (budget: number) => number;
  /** The running hart's state, and behind it what harts share. */
  readonly bottom: StateViews;
  private readonly bytes: Uint8Array;
  private current: EngineUser | undefined;
  private decodeListener: DecodeListener | undefined;

  constructor({ ram, bus, features, interpreter }: EngineOptions) {
    this.ram = ram;
    this.features = features;
    this.bytes = new Uint8Array(ram.memory.buffer);
    this.bottom = this.views(0);
    slowModule ??= new WebAssembly.Module(fromBase64(SLOW_WASM));
    const slow = new WebAssembly.Instance(slowModule, { env: { memory: ram.memory }, host: this.hostFunctions(bus) });
    this.slow = slow.exports as unknown as SlowExports;
    this.marks = new CodeMarks(this.slow, ram);
    const { exports } = new WebAssembly.Instance(interpreterModule(ram.map, interpreter), {
      host: { memory: ram.memory, breakpoint: (op: number) => this.current!.passBreakpoint(op) },
      slow: slow.exports,
    });
    this.run = exports['run'] as (budget: number) => number;
    this.bottom.i32[layout.HARTS >> 2] = ram.map.harts;
    this.bottom.i32[layout.HART_STRIDE >> 2] = ram.map.hartStride;
    assert(layout.ROM_OPEN === ROM_OPEN_OFFSET, 'the places of ROM');
    this.bottom.u64[layout.ROM_BASE >> 3] = BigInt(ram.romBase);
    this.bottom.u64[layout.ROM_SIZE >> 3] = BigInt(ram.rom.length);
  }

  /** Called for each instruction that is decoded, before it first runs. */
  set onDecode(listener: DecodeListener | undefined) {
    this.decodeListener = listener;
    this.slow.traceDecoding(listener ? 1 : 0);
  }

  /** Brings the state of `user` to the bottom. */
  activate(user: EngineUser): void {
    const { current, bytes } = this;
    if (current === user) return;
    if (current) {
      bytes.copyWithin(this.parkedAt(current.index), 0, layout.STATE_BYTES);
      current.moved(false);
    }
    const from = this.parkedAt(user.index);
    bytes.copyWithin(0, from, from + layout.STATE_BYTES);
    this.bottom.i32[layout.RUNNING_HART >> 2] = user.index;
    this.current = user;
    user.moved(true);
  }

  /** Calls with the state of `user` at the bottom; afterwards it is as before, so this may happen inside a run. */
  as<T>(user: EngineUser, call: () => T): T {
    const { current } = this;
    this.activate(user);
    try {
      return call();
    } finally {
      if (current) this.activate(current);
    }
  }

  /** The parking place of a hart. */
  parked(index: number): StateViews {
    return this.views(this.parkedAt(index));
  }

  private parkedAt(index: number): number {
    return index * this.ram.map.hartStride + layout.PARKED_STATE;
  }

  private views(at: number): StateViews {
    const { buffer } = this.ram.memory;
    const bytes = layout.PARKED_STATE;
    return {
      i32: new Int32Array(buffer, at, bytes >> 2),
      u32: new Uint32Array(buffer, at, bytes >> 2),
      u64: new BigUint64Array(buffer, at, bytes >> 3),
    };
  }

  /** slow/host.ts. */
  private hostFunctions(bus: MmioBus): Record<string, (...args: number[]) => number | void> {
    const words = this.bottom.i32;
    const settle = (): void => {
      words[layout.MMIO_FAULT >> 2] = bus.fault ? 1 : 0;
      this.current!.dropStale();
    };
    return {
      mmioRead: (pa, width) => {
        const lo = bus.read(pa!, width as 1 | 2 | 4 | 8);
        words[layout.MMIO_HI >> 2] = bus.hi;
        settle();
        return lo;
      },
      mmioWrite: (pa, width, lo, hi) => {
        bus.write(pa!, width as 1 | 2 | 4 | 8, lo! >>> 0, hi! >>> 0);
        settle();
      },
      time: () => this.current!.time(),
      timerChanged: () => this.current!.timerChanged(),
      triggersChanged: (...offsets) => this.current!.triggersChanged(offsets),
      decoded: (pa, word) => this.decodeListener?.(pa!, word!),
      trapTaken: () => this.current!.trapTaken(),
      walked: (access, pa, pageShift) => this.current!.walked(access!, pa!, pageShift!),
    };
  }
}
