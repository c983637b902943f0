/**
 * Where a hart stops for the debugger: breakpoints, which code-marks.ts makes the interpreter ask for, and watchpoints, which
 * slow/watch.ts finds. A run that starts where the last one stopped goes on, so what was stopped at is remembered here.
 */
import { assert } from '../base/assert.ts';
import { PAGE_BITS } from '../bus/memory-map.ts';
import type { Engine } from './engine.ts';
import { ExitReason } from './exit-reason.ts';
import * as layout from './layout.ts';

/** A range of virtual addresses that the debugger watches. */
export interface Watchpoint {
  readonly address: bigint;
  readonly length: number;
  readonly onRead: boolean;
  readonly onWrite: boolean;
}
export const WATCHPOINTS_MAX = layout.WATCH_MAX;

/** The first watchpoint that an instruction hit, and whether it is a store. */
export interface WatchHit {
  readonly watchpoint: Watchpoint;
  readonly isWrite: boolean;
}

/** The hart, as its stops see it. */
export interface StoppableHart {
  readonly pc: bigint;
  readonly instret: number;
  /** Its state, where it is now. */
  readonly words: Int32Array;
  /** As `Cpu.run`, stopping wherever it has to. */
  runFree(maxInstructions: number): ExitReason;
  /** The last instruction was counted and has not run. */
  uncount(): void;
}

const TWO_64 = 1n << 64n;

export class Stops {
  private breakpoints: ReadonlySet<bigint> = new Set();
  private watchpoints: readonly Watchpoint[] = [];
  /** Where the last run stopped at a breakpoint. */
  private brokenAt: bigint | undefined;
  /** Where the last run stopped at a watchpoint. */
  private watchedAt: bigint | undefined;

  constructor(
    private readonly hart: StoppableHart,
    private readonly engine: Pick<Engine, 'marks' | 'bottom'>,
  ) {}

  setBreakpoints(addresses: readonly bigint[]): void {
    this.breakpoints = new Set(addresses.map(address => BigInt.asUintN(64, address)));
    const offsets = addresses.map(address => Number(BigInt.asUintN(PAGE_BITS, address)));
    this.engine.marks.want('debugger', new Set(offsets));
  }
  clearBreakpoints(): void {
    this.breakpoints = new Set();
    this.engine.marks.clear('debugger');
  }

  /** The caller forgets translations. Precondition: at most `WATCHPOINTS_MAX`, and the same for every hart. */
  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    assert(watchpoints.length <= WATCHPOINTS_MAX, `${watchpoints.length} watchpoints`);
    this.watchpoints = watchpoints;
    this.hart.words[layout.WATCH_COUNT >> 2] = watchpoints.length;
    const { i32, u64 } = this.engine.bottom;
    watchpoints.forEach(({ address, length, onRead, onWrite }, i) => {
      const at = layout.WATCHES + i * layout.WATCH_BYTES;
      const last = address + BigInt(Math.max(1, length)) - 1n;
      u64[at >> 3] = address;
      u64[(at + layout.WATCH_LAST) >> 3] = last < TWO_64 ? last : TWO_64 - 1n;
      i32[(at + layout.WATCH_ACCESS) >> 2] = (onRead ? 1 : 0) | (onWrite ? 2 : 0);
    });
  }

  get watchHit(): WatchHit | undefined {
    const hit = this.hart.words[layout.WATCH_HIT >> 2]!;
    const watchpoint = this.watchpoints[(hit & 0xffff) - 1];
    return watchpoint && { watchpoint, isWrite: hit >> 16 !== 0 };
  }

  /** The hart is somewhere else now: it stops there too. */
  forget(): void {
    this.brokenAt = undefined;
    this.watchedAt = undefined;
  }

  /** The next run goes on even if there is a breakpoint. */
  passBreakpoint(): void {
    this.brokenAt = this.hart.pc;
  }

  /** Does the hart stop at the marked instruction that it is at? It goes on when it stopped there last. */
  stopsAtMark(): boolean {
    const { pc } = this.hart;
    if (this.breakpoints.has(pc) && pc !== this.brokenAt) return true;
    this.brokenAt = undefined;
    return false;
  }

  /** After a run of the whole. @param before the instructions that had begun before it */
  ran(reason: ExitReason, before: number): void {
    if (reason === ExitReason.Breakpoint) this.brokenAt = this.hart.pc;
    else if (this.hart.instret !== before) this.brokenAt = undefined;
  }

  /** Runs; the instruction that a watchpoint stopped in front of passes. */
  run(maxInstructions: number): ExitReason {
    const { hart } = this;
    const isPassing = this.watchedAt === hart.pc;
    this.watchedAt = undefined;
    let left = maxInstructions;
    if (isPassing) {
      const { instret: before, pc: at } = hart;
      hart.words[layout.WATCH_PASS >> 2] = 1;
      const reason = hart.runFree(1);
      hart.words[layout.WATCH_PASS >> 2] = 0;
      // Cut short before it began: it has yet to pass.
      if (hart.instret === before && hart.pc === at) this.watchedAt = at;
      left--;
      if (reason !== ExitReason.Budget || left === 0) return reason;
    }
    const reason = hart.runFree(left);
    if (reason === ExitReason.Watchpoint) {
      this.watchedAt = hart.pc;
      hart.uncount();
    }
    return reason;
  }
}
