/** What time it is in the guest, in ns since power-on: from instructions retired, or from the host's clock. */
import type { StateReader, StateWriter } from '../base/state.ts';
import { NS_PER_TICK } from '../bus/clock.ts';

/** How far the host's clock is looked ahead: so many instructions run between two looks at it. */
const REAL_SLICE_INSTRUCTIONS = 100_000;
const MAX_RUN = 2 ** 30;

export interface GuestTime {
  readonly isVirtual: boolean;
  nowNs(): number;
  /** How many instructions may run before `deadlineTick` has to be looked at; at least 1. */
  instructionsUntil(deadlineTick: number): number;
  /** No hart has anything to do before `tick`: virtual time jumps there; real time does not. */
  skipTo(tick: number): void;
  /** Real time passes only between start and stop. */
  start(): void;
  stop(): void;
  save(out: StateWriter): void;
  load(from: StateReader): void;
}

/** -icount: a function of the instructions retired, and of the jumps while there was nothing to do. */
export class VirtualTime implements GuestTime {
  readonly isVirtual = true;
  private baseNs = 0;
  private readonly nsPerInstruction: number;

  constructor(
    shift: number,
    private readonly instret: () => number,
  ) {
    this.nsPerInstruction = 2 ** shift;
  }

  nowNs(): number {
    return this.baseNs + this.instret() * this.nsPerInstruction;
  }
  instructionsUntil(deadlineTick: number): number {
    const ns = deadlineTick * NS_PER_TICK - this.nowNs();
    return Math.max(1, Math.min(MAX_RUN, Math.ceil(ns / this.nsPerInstruction)));
  }
  skipTo(tick: number): void {
    this.baseNs += Math.max(0, tick * NS_PER_TICK - this.nowNs());
  }
  start(): void {}
  stop(): void {}
  save(out: StateWriter): void {
    out.f64(this.baseNs);
  }
  load(from: StateReader): void {
    this.baseNs = from.f64();
  }
}

/** The host's monotonic clock, stopped while the machine is. */
export class RealTime implements GuestTime {
  readonly isVirtual = false;
  private passedNs = 0;
  private startedMs: number | undefined;

  nowNs(): number {
    const runningMs = this.startedMs === undefined ? 0 : performance.now() - this.startedMs;
    return this.passedNs + Math.floor(runningMs * 1e6);
  }
  instructionsUntil(): number {
    return REAL_SLICE_INSTRUCTIONS;
  }
  skipTo(): void {}
  start(): void {
    this.startedMs ??= performance.now();
  }
  stop(): void {
    this.passedNs = this.nowNs();
    this.startedMs = undefined;
  }
  save(out: StateWriter): void {
    out.f64(this.nowNs());
  }
  load(from: StateReader): void {
    this.passedNs = from.f64();
    if (this.startedMs !== undefined) this.startedMs = performance.now();
  }
}
