/**
 * One RV64GC hart as the board sees it. CONTRACT: the bodies follow; code against these signatures.
 */
import type { StateReader, StateWriter } from '../base/state.ts';
import type { Ram } from '../bus/ram.ts';

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

/** Why `run` returned. */
export const ExitReason = {
  /** All the instructions were retired. */
  Budget: 0,
  /** A `wfi` retired and no enabled interrupt is pending. The board advances time to its next event. */
  Wfi: 1,
  /** An `ecall` from S-mode retired while `isSbiEnabled`; pc is behind it. Read a7, a6, a0…a5; set a0, a1; run again. */
  SbiCall: 2,
  /** `requestExit` was called; the instruction that led to it has retired. */
  Requested: 3,
  /** pc is at a breakpoint; that instruction has not run. */
  Breakpoint: 4,
} as const;
export type ExitReason = (typeof ExitReason)[keyof typeof ExitReason];

/** Bits of mip, for `setInterruptPending`. */
export const Interrupt = { SSIP: 1, MSIP: 3, STIP: 5, MTIP: 7, SEIP: 9, MEIP: 11 } as const;
export type Interrupt = (typeof Interrupt)[keyof typeof Interrupt];

/** `mode` values, as mstatus.MPP encodes them. */
export const Privilege = { U: 0, S: 1, M: 3 } as const;
export type Privilege = (typeof Privilege)[keyof typeof Privilege];

export interface CpuOptions {
  readonly ram: Ram;
  readonly bus: MmioBus;
  readonly hartid: number;
  /**
   * The value of `time` in timebase ticks. Called for every read of the time CSR while `instret` is exact (it counts the
   * instructions retired before the reading one), so under -icount it should be a pure function of `cpu.instret`.
   * The ACLINT's mtime should be the same function.
   */
  readonly time: () => number;
  /** stimecmp or menvcfg.STCE changed: the board plans its next timer event again (`cpu.stimecmp`). */
  readonly onTimerChange?: () => void;
}

export declare class Cpu {
  constructor(options: CpuOptions);

  /**
   * Retires at most `maxInstructions` (exactly that many when nothing ends the run earlier) and says why it stopped.
   * An instruction that traps is not retired; taking a trap or interrupt costs nothing. 1 <= maxInstructions < 2^31.
   */
  run(maxInstructions: number): ExitReason;
  /** Ends the current run after the instruction in progress. Called from bus or time callbacks. */
  requestExit(): void;

  /** Instructions retired since reset, exact at any callback. (The guest's own minstret may differ: it can write it.) */
  readonly instret: number;

  /** Level of one wire into mip, from ACLINT or PLIC. Takes effect before the next instruction. */
  setInterruptPending(bit: Interrupt, level: boolean): void;
  /** Sstc: the tick at which STIP rises; Infinity when off. The board raises it: `setInterruptPending(STIP, …)`. */
  readonly stimecmp: number;
  /** True when an interrupt that mie enables is pending: a wfi would not wait. */
  readonly hasPendingInterrupt: boolean;

  /** With it on, ecall from S-mode leaves `run` instead of trapping to M-mode (`-bios default`). */
  isSbiEnabled: boolean;

  /** Power-on state, then pc, mode and a0…a2. In S-mode with SBI: medeleg, mideleg, counteren as OpenSBI leaves them. */
  reset(pc: number, mode: Privilege, a0?: number, a1?: number, a2?: number): void;

  getReg(index: number): bigint;
  setReg(index: number, value: bigint): void;
  /** a0…a7 as numbers modulo 2^64, exact below 2^53: for the SBI. */
  getRegNumber(index: number): number;
  getFreg(index: number): bigint;
  setFreg(index: number, value: bigint): void;
  pc: bigint;
  privilege: Privilege;
  /** By number, without side effects and without privilege checks: for the debugger. */
  getCsr(number: number): bigint | undefined;
  setCsr(number: number, value: bigint): void;

  /** Translates as the given access would, without faults or A/D updates; undefined when unmapped. For the debugger. */
  translate(va: bigint, access: 'read' | 'write' | 'execute'): number | undefined;

  /** RFENCE and sfence.vma: forget translations. */
  flushTlb(): void;

  /** Stop before executing at these virtual addresses (gdb). */
  setBreakpoints(addresses: readonly bigint[]): void;

  /** Called for each trap and interrupt taken, for `-d int`. */
  onTrap: ((cause: bigint, epc: bigint, tval: bigint, to: Privilege) => void) | undefined;
  /** Called before each block of decoded code first runs, for `-d in_asm`. */
  onDecode: ((pa: number, text: string) => void) | undefined;

  /** Architectural state only: TLB and decoded code are rebuilt. */
  save(out: StateWriter): void;
  load(from: StateReader): void;
}
