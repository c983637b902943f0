/**
 * One RV64GC hart as the board sees it: its state in the RAM's wasm memory (layout.ts), and what the engine does with it
 * when it runs. At the bottom of that memory while it runs or is the only one, else parked (engine.ts).
 */
import { assert } from '../base/assert.ts';
import { highWord, joinWords, TWO_32 } from '../base/bytes.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import {
  DATA_TLB_OFFSET,
  DECODED_HEADER_BYTES,
  DECODED_PAGE_BYTES,
  DECODED_PAGES,
  EXEC_TLB_ENTRIES,
  EXEC_TLB_OFFSET,
  PAGE_BITS,
  TLB_LIST_ENTRIES,
  TLB_LIST_OFFSET,
} from '../bus/memory-map.ts';
import type { Ram } from '../bus/ram.ts';
import { DEFAULT_FEATURES, featureMask, misaOf, type CpuFeatures } from '../isa/extensions.ts';
import { disassemble } from '../isa/disasm.ts';
import type { WasmTemplate } from '../wasm/encoder.ts';
import * as layout from './layout.ts';
import { Engine, type EngineUser, type MmioBus, type StateViews } from './engine.ts';
import { ExitReason } from './exit-reason.ts';
import { Stops, type StoppableHart, type WatchHit, type Watchpoint } from './stops.ts';

/** Bits of mip, for `setInterruptPending`. */
export const Interrupt = { SSIP: 1, MSIP: 3, STIP: 5, MTIP: 7, SEIP: 9, MEIP: 11 } as const;
export type Interrupt = (typeof Interrupt)[keyof typeof Interrupt];

/** Privilege modes, as mstatus.MPP encodes them. */
export const Privilege = { U: 0, S: 1, M: 3 } as const;
export type Privilege = (typeof Privilege)[keyof typeof Privilege];

/** A translation that the TLBs did not hold. */
export interface PageWalk {
  readonly va: bigint;
  readonly access: 'read' | 'write' | 'execute';
  /** Undefined: not mapped, or not for this access. */
  readonly pa: number | undefined;
  /** Size of the page it ended at. */
  readonly pageBytes: number;
}
type WalkListener = (walk: PageWalk) => void;

export interface CpuOptions {
  readonly ram: Ram;
  readonly bus: MmioBus;
  readonly hartid: number;
  /** What this hart shares with the machine's others; one of its own when absent. */
  readonly engine?: Engine;
  /** Its place in the engine; default 0. */
  readonly index?: number;
  /** Of the engine of its own. Default: DEFAULT_FEATURES. */
  readonly features?: CpuFeatures;
  /**
   * The value of `time` in timebase ticks. Called for every read of the time CSR while `instret` is exact, so under
   * -icount it should be a pure function of the harts' `instret`, and the ACLINT's mtime should be the same function.
   */
  readonly time: () => number;
  /** stimecmp or menvcfg.STCE changed: the board plans its next timer event again (`cpu.stimecmp`). */
  readonly onTimerChange?: () => void;
  /** Of the engine of its own, for tests. */
  readonly interpreter?: WasmTemplate;
}

const ACCESS = { read: 0, write: 1, execute: 2 } as const;
/** Most-significant bit of menvcfg. */
const STCE_HIGH = 0x8000_0000;
/** A PMP entry that lets everybody do everything. */
const PMP_NAPOT_RWX = 0x1f;
const PMP_EVERYTHING = 2 ** 53 - 1;
/** Cells that are architectural state: from, to. */
const SAVED: readonly (readonly [start: number, end: number])[] = [
  [layout.ARCH_START, layout.ARCH_END],
  [layout.PMU_START, layout.PMU_END],
];
/** tdata1 of a trigger that matches addresses and does nothing yet. */
const TRIGGER_TYPE_2 = 2n << 60n;
const A0 = 10;

export class Cpu implements EngineUser, StoppableHart {
  /** Called for each trap and interrupt taken, for `-d int`; set it before `run`. */
  private trapListener: ((cause: bigint, epc: bigint, tval: bigint, to: Privilege) => void) | undefined;
  private walkListener: WalkListener | undefined;
  private readonly ram: Ram;
  readonly features: CpuFeatures;
  readonly index: number;
  private readonly engine: Engine;
  private readonly parked: StateViews;
  /** Of the state, where it is now. */
  private i32!: Int32Array;
  private u32!: Uint32Array;
  private u64!: BigUint64Array;
  private staleGeneration = 0;
  private readonly stops: Stops;

  constructor(private readonly options: CpuOptions) {
    const { ram, bus, features = DEFAULT_FEATURES, interpreter } = options;
    this.ram = ram;
    this.engine = options.engine ?? new Engine({ ram, bus, features, ...(interpreter ? { interpreter } : {}) });
    this.features = this.engine.features;
    this.index = options.index ?? 0;
    this.stops = new Stops(this, this.engine);
    this.parked = this.engine.parked(this.index);
    this.engine.activate(this);
    this.configure();
    this.reset(ram.base, Privilege.M);
  }

  /** For the engine. */
  moved(isAtBottom: boolean): void {
    ({ i32: this.i32, u32: this.u32, u64: this.u64 } = isAtBottom ? this.engine.bottom : this.parked);
  }

  /**
   * Begins at most `maxInstructions` instructions (exactly that many when nothing ends the run earlier) and says why it
   * stopped. An instruction that traps counts; taking an interrupt does not. 1 <= maxInstructions < 2^31.
   */
  run(maxInstructions: number): ExitReason {
    const before = this.instret;
    const reason = this.onExecute ? this.runTraced(maxInstructions, this.onExecute) : this.stops.run(maxInstructions);
    this.stops.ran(reason, before);
    return reason;
  }

  /** One instruction, breakpoint or not. @param keepsInterruptsOut pending ones stay pending */
  step(keepsInterruptsOut: boolean): ExitReason {
    this.stops.passBreakpoint();
    // Whoever wanted the harts to stop has them stopped.
    this.i32[layout.EXIT >> 2] = 0;
    this.i32[layout.NO_INTERRUPTS >> 2] = keepsInterruptsOut ? 1 : 0;
    const reason = this.run(1);
    this.i32[layout.NO_INTERRUPTS >> 2] = 0;
    return reason;
  }

  /** What ended the last run with ExitReason.Watchpoint. */
  get watchHit(): WatchHit | undefined {
    return this.stops.watchHit;
  }

  /** Ends the current run after the instruction in progress. Called from bus or time callbacks. */
  requestExit(): void {
    this.i32[layout.EXIT >> 2] = ExitReason.Requested + 1;
    this.raiseEvent();
  }

  /** Instructions begun since power-on; in a callback it includes the one in progress. Exact at any time. */
  get instret(): number {
    return this.getNumber(layout.INSTRET_BASE) + this.word(layout.BUDGET) - this.word(layout.REMAINING);
  }

  /** Level of one wire into mip, from ACLINT or PLIC. Takes effect before the next instruction. */
  setInterruptPending(bit: Interrupt, level: boolean): void {
    const at = layout.MIP_LINES >> 2;
    const lines = this.u32[at]!;
    this.u32[at] = level ? lines | (1 << bit) : lines & ~(1 << bit);
    this.raiseEvent();
  }

  /** mip.SSIP, which software owns: the SBI's IPIs. A write of mip as a whole would latch the bits of wires that are up. */
  get isSsip(): boolean {
    return (this.word(layout.MIP_SOFT) & (1 << Interrupt.SSIP)) !== 0;
  }
  set isSsip(level: boolean) {
    const at = layout.MIP_SOFT >> 2;
    const bits = this.u32[at]!;
    this.u32[at] = level ? bits | (1 << Interrupt.SSIP) : bits & ~(1 << Interrupt.SSIP);
    this.raiseEvent();
  }

  /** Sstc: the tick at which STIP rises; Infinity when off. The board raises it: `setInterruptPending(STIP, …)`. */
  get stimecmp(): number {
    const isOn = this.features.sstc && (this.u32[(layout.MENVCFG >> 2) + 1]! & STCE_HIGH) !== 0;
    return isOn ? this.getNumber(layout.STIMECMP) : Infinity;
  }

  /** True when an interrupt that mie enables is pending: a wfi would not wait. */
  get hasPendingInterrupt(): boolean {
    return ((this.word(layout.MIP_LINES) | this.word(layout.MIP_SOFT)) & this.word(layout.MIE)) !== 0;
  }

  /** With it on, ecall from S-mode leaves `run` instead of trapping to M-mode (`-bios default`). */
  get isSbiEnabled(): boolean {
    return this.word(layout.SBI_ENABLED) !== 0;
  }
  set isSbiEnabled(isOn: boolean) {
    this.i32[layout.SBI_ENABLED >> 2] = isOn ? 1 : 0;
  }

  /**
   * Power-on state, then pc, mode and a0…a2. Started in S-mode, the hart is as OpenSBI leaves it: everything that S-mode
   * can handle is delegated, counters and the Sstc timer are open. Below M, PMP lets everything through.
   */
  reset(pc: number, mode: Privilege, a0 = 0, a1 = 0, a2 = 0): void {
    const { instret } = this;
    const lines = this.word(layout.MIP_LINES);
    this.u64.fill(0n, layout.ARCH_START >> 3, layout.REMAINING >> 3);
    this.u64.fill(0n, layout.PMU_START >> 3, layout.PMU_END >> 3);
    this.i32.fill(0, layout.REMAINING >> 2, layout.SBI_ENABLED >> 2);
    // Wires: those who drive them know best.
    this.setNumber(layout.MIP_LINES, lines);
    // Time may be counted by it: it goes on, while the guest's counters begin at 0.
    this.setNumber(layout.INSTRET_BASE, instret);
    for (const at of [layout.MINSTRET_OFFSET, layout.MCYCLE_OFFSET])
      this.u64[at >> 3] = BigInt.asUintN(64, -BigInt(instret));
    this.setNumber(layout.PC, pc);
    [a0, a1, a2].forEach((value, i) => this.setNumber(layout.X_REGS + 8 * (A0 + i), value));
    this.setNumber(layout.PRIV, mode);
    if (mode === Privilege.S) {
      this.setNumber(layout.MEDELEG, 0xb1ff);
      this.setNumber(layout.MIDELEG, 0x222);
      this.setNumber(layout.MCOUNTEREN, 7);
      this.setNumber(layout.SCOUNTEREN, 7);
      if (this.features.sstc) this.u32[(layout.MENVCFG >> 2) + 1] = STCE_HIGH;
    }
    if (mode !== Privilege.M) {
      this.setNumber(layout.PMPCFG, PMP_NAPOT_RWX);
      this.setNumber(layout.PMPADDR, PMP_EVERYTHING);
    }
    this.setNumber(layout.STIMECMP, Infinity);
    if (this.features.debug) this.u64.fill(TRIGGER_TYPE_2, layout.TDATA1 >> 3, layout.TDATA2 >> 3);
    this.stateChanged();
  }

  getReg(index: number): bigint {
    return this.u64[(layout.X_REGS >> 3) + index]!;
  }
  setReg(index: number, value: bigint): void {
    if (index !== 0) this.u64[(layout.X_REGS >> 3) + index] = value;
  }
  /** A register as a number modulo 2^64, exact below 2^53: for the SBI. */
  getRegNumber(index: number): number {
    return this.getNumber(layout.X_REGS + 8 * index);
  }
  getFreg(index: number): bigint {
    return this.u64[(layout.F_REGS >> 3) + index]!;
  }
  setFreg(index: number, value: bigint): void {
    this.u64[(layout.F_REGS >> 3) + index] = value;
  }
  get pc(): bigint {
    return this.u64[layout.PC >> 3]!;
  }
  set pc(value: bigint) {
    this.u64[layout.PC >> 3] = value & ~1n;
    this.stops.forget();
  }
  get privilege(): Privilege {
    return this.word(layout.PRIV) as Privilege;
  }
  set privilege(value: Privilege) {
    this.setNumber(layout.PRIV, value);
    this.engine.as(this, () => this.engine.slow.updateContext());
  }

  /** By number, without side effects and without privilege checks: for the debugger. */
  getCsr(number: number): bigint | undefined {
    const { slow } = this.engine;
    return this.engine.as(this, () =>
      slow.isCsrKnown(number) === 0 ? undefined : BigInt.asUintN(64, slow.peekCsr(number)),
    );
  }
  setCsr(number: number, value: bigint): void {
    this.engine.as(this, () => this.engine.slow.pokeCsr(number, value));
  }

  /** Translates as the given access would, without faults or A/D updates; undefined when unmapped. For the debugger. */
  translate(va: bigint, access: 'read' | 'write' | 'execute'): number | undefined {
    const context = this.word(access === 'execute' ? layout.EXEC_CONTEXT : layout.DATA_CONTEXT);
    const pa = this.engine.as(this, () => this.engine.slow.probe(va, ACCESS[access], context));
    return pa < 0 ? undefined : pa;
  }

  /** RFENCE and sfence.vma: forget translations. */
  flushTlb(): void {
    this.engine.as(this, () => this.engine.slow.flushTlb());
  }

  /** Stop before executing at these virtual addresses. A run that starts where the last one stopped goes on. */
  setBreakpoints(addresses: readonly bigint[]): void {
    this.stops.setBreakpoints(addresses);
  }
  /** No breakpoints, and no traces of them. */
  clearBreakpoints(): void {
    this.stops.clearBreakpoints();
  }
  /** Stop in front of accesses to these. Precondition: at most `WATCHPOINTS_MAX`, and the same for every hart. */
  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    this.stops.setWatchpoints(watchpoints);
    this.flushTlb();
  }

  get onTrap(): ((cause: bigint, epc: bigint, tval: bigint, to: Privilege) => void) | undefined {
    return this.trapListener;
  }
  set onTrap(listener: ((cause: bigint, epc: bigint, tval: bigint, to: Privilege) => void) | undefined) {
    this.trapListener = listener;
    this.i32[layout.TRACE_TRAPS >> 2] = listener ? 1 : 0;
  }
  /** Called before each instruction, for `-d exec`: while there is a listener, they run one at a time. */
  onExecute: ((pc: bigint) => void) | undefined;
  /** Called for each page-table walk, for `-d page`; `pa` is undefined where it failed. */
  get onWalk(): WalkListener | undefined {
    return this.walkListener;
  }
  set onWalk(listener: WalkListener | undefined) {
    this.walkListener = listener;
    this.i32[layout.TRACE_WALKS >> 2] = listener ? 1 : 0;
    this.flushTlb();
  }
  /** For the engine. */
  walked(access: number, pa: number, pageShift: number): void {
    const va = this.u64[layout.WALK_VA >> 3]!;
    const kind = (['read', 'write', 'execute'] as const)[access]!;
    this.walkListener?.({ va, access: kind, pa: pa < 0 ? undefined : pa, pageBytes: 2 ** pageShift });
  }

  /** Called for each instruction when it is decoded, before it first runs, for `-d in_asm`. */
  set onDecode(listener: ((pa: number, text: string) => void) | undefined) {
    this.engine.onDecode = listener && ((pa, word) => listener(pa, disassemble(word, BigInt(pa))));
  }

  /** Architectural state only: TLB and decoded code are rebuilt. */
  save(out: StateWriter): void {
    out.tag('cpu');
    for (const [start, end] of SAVED) out.bytes(this.bytes(start, end));
    out.u53(this.instret);
    out.bool(this.isSbiEnabled);
  }
  load(from: StateReader): void {
    from.tag('cpu');
    for (const [start, end] of SAVED) {
      const cells = from.bytes();
      assert(cells.length === end - start, `a hart's state from ${start} on has not ${cells.length} bytes`);
      this.bytes(start, end).set(cells);
    }
    this.i32.fill(0, layout.REMAINING >> 2, layout.SBI_ENABLED >> 2);
    this.setNumber(layout.INSTRET_BASE, from.u53());
    this.isSbiEnabled = from.bool();
    this.stateChanged();
  }

  private bytes(start: number, end: number): Uint8Array {
    return new Uint8Array(this.i32.buffer, this.i32.byteOffset + start, end - start);
  }

  private runTraced(maxInstructions: number, listener: (pc: bigint) => void): ExitReason {
    const end = this.instret + maxInstructions;
    let reason: ExitReason = ExitReason.Budget;
    while (reason === ExitReason.Budget && this.instret < end) {
      // What is going to run is the handler, if an interrupt comes first.
      this.engine.as(this, () => this.engine.slow.takeInterrupt());
      // Somebody wants the run to end first.
      if (this.word(layout.EXIT) === 0) listener(this.pc);
      reason = this.stops.run(1);
    }
    return reason;
  }

  /** For its stops. */
  get words(): Int32Array {
    return this.i32;
  }
  /** For its stops. */
  uncount(): void {
    this.setNumber(layout.INSTRET_BASE, this.getNumber(layout.INSTRET_BASE) - 1);
  }
  /** For its stops. */
  runFree(maxInstructions: number): ExitReason {
    this.engine.activate(this);
    this.dropStale();
    this.i32[layout.WATCH_HIT >> 2] = 0;
    this.i32[layout.BUDGET >> 2] = maxInstructions;
    this.i32[layout.REMAINING >> 2] = maxInstructions;
    const reason = this.engine.run(maxInstructions) as ExitReason;
    this.setNumber(layout.INSTRET_BASE, this.instret);
    this.i32[layout.BUDGET >> 2] = 0;
    this.i32[layout.REMAINING >> 2] = 0;
    return reason;
  }

  /** The hart is at a marked op: the op to run instead, or 0 to stop in front of it. */
  passBreakpoint(op: number): number {
    const { pc } = this;
    // The guest's own comes first, as on QEMU; `enter` takes the trap.
    if (this.engine.slow.isTriggered(pc) !== 0) {
      this.raiseEvent();
      return 0;
    }
    if (this.stops.stopsAtMark()) {
      this.i32[layout.EXIT >> 2] = ExitReason.Breakpoint + 1;
      this.raiseEvent();
      return 0;
    }
    this.engine.slow.unmark(op, Number(BigInt.asUintN(PAGE_BITS, pc)));
    return layout.UNMARKED_OP;
  }

  /** After RAM dropped decoded code or cleared its dirty map behind our back. Precondition: it runs. */
  dropStale(): void {
    const { staleGeneration } = this.ram;
    if (this.staleGeneration === staleGeneration) return;
    this.staleGeneration = staleGeneration;
    this.engine.slow.flushTlb();
  }

  /** For the engine. */
  time(): number {
    return this.options.time();
  }
  /** For the engine. */
  timerChanged(): void {
    this.options.onTimerChange?.();
  }

  /** For the engine. */
  triggersChanged(offsets: readonly number[]): void {
    const wanted = new Set(offsets.filter(offset => offset >= 0));
    if (wanted.size > 0) this.engine.marks.want(this.index, wanted);
    else this.engine.marks.clear(this.index);
    this.dropStale();
  }

  private stateChanged(): void {
    const { slow } = this.engine;
    this.stops.forget();
    this.engine.as(this, () => {
      slow.updatePmp();
      slow.updateContext();
      slow.updateTriggers();
      slow.flushTlb();
    });
  }

  private raiseEvent(): void {
    this.i32[layout.EVENT >> 2] = 1;
  }

  private configure(): void {
    const { map } = this.ram;
    const region = this.index * map.hartStride;
    const words: readonly (readonly [at: number, value: number])[] = [
      [layout.CFG_TLB_LIST, region + TLB_LIST_OFFSET],
      [layout.CFG_TLB_LIST_ENTRIES, TLB_LIST_ENTRIES],
      [layout.CFG_EXEC_TLB, region + EXEC_TLB_OFFSET],
      [layout.CFG_EXEC_TLB_ENTRIES, EXEC_TLB_ENTRIES],
      [layout.CFG_DATA_TLB, region + DATA_TLB_OFFSET],
      [layout.CFG_TLB_BYTES, map.tlbBytes],
      [layout.CFG_ADDRESS_BITS, map.addressBits],
      [layout.CFG_DECODED, map.decodedOffset],
      [layout.CFG_DECODED_PAGES, DECODED_PAGES],
      [layout.CFG_DECODED_PAGE_BYTES, DECODED_PAGE_BYTES],
      [layout.CFG_DECODED_HEADER, DECODED_HEADER_BYTES],
      [layout.CFG_DIRTY, map.dirtyOffset],
      [layout.CFG_CODE, map.codeOffset],
      [layout.CFG_RAM, map.ramOffset],
      [layout.CFG_HARTID, this.options.hartid],
      [layout.CFG_FEATURES, this.featureBits()],
      [layout.CFG_EXTENSIONS, featureMask(this.features)],
    ];
    for (const [at, value] of words) this.i32[at >> 2] = value;
    this.u64[layout.CFG_MISA >> 3] = misaOf(this.features);
    this.setNumber(layout.CFG_RAM_BASE, this.ram.base);
    this.setNumber(layout.CFG_RAM_SIZE, this.ram.size);
  }

  private featureBits(): number {
    const { f, c, sstc, mmu, pmp, debug } = this.features;
    const bits: readonly (readonly [isPresent: boolean, bit: number])[] = [
      [f, layout.FEATURE_F],
      [c, layout.FEATURE_C],
      [sstc, layout.FEATURE_SSTC],
      [mmu, layout.FEATURE_MMU],
      [pmp, layout.FEATURE_PMP],
      [debug, layout.FEATURE_DEBUG],
    ];
    return bits.reduce((all, [isPresent, bit]) => (isPresent ? all | bit : all), 0);
  }

  /** For the engine: Cpu.onTrap hears what the trap CSRs say. */
  trapTaken(): void {
    const to = this.privilege;
    const [cause, epc, tval] =
      to === Privilege.M ? [layout.MCAUSE, layout.MEPC, layout.MTVAL] : [layout.SCAUSE, layout.SEPC, layout.STVAL];
    const cell = (at: number): bigint => this.u64[at >> 3]!;
    this.trapListener?.(cell(cause), cell(epc), cell(tval), to);
  }

  private word(at: number): number {
    return this.i32[at >> 2]!;
  }
  private getNumber(at: number): number {
    return joinWords(this.u32[at >> 2]!, this.u32[(at >> 2) + 1]!);
  }
  /** Infinity stores all ones. */
  private setNumber(at: number, value: number): void {
    const isEndless = value === Infinity;
    this.u32[at >> 2] = isEndless ? TWO_32 - 1 : value >>> 0;
    this.u32[(at >> 2) + 1] = isEndless ? TWO_32 - 1 : highWord(value);
  }
}
