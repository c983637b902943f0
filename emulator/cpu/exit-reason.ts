/** Why `Cpu.run` returned. */
export const ExitReason = {
  /** The budget is used up. */
  Budget: 0,
  /** A `wfi` retired and no enabled interrupt is pending. The board advances time to its next event. */
  Wfi: 1,
  /** An `ecall` from S-mode retired while `isSbiEnabled`; pc is behind it. Read a7, a6, a0…a5; set a0, a1; run again. */
  SbiCall: 2,
  /** `requestExit` was called; the instruction that led to it has retired. */
  Requested: 3,
  /** pc is at a breakpoint; that instruction has not run. */
  Breakpoint: 4,
  /** The instruction at pc is about to make an access that a watchpoint waits for: `watchHit`. */
  Watchpoint: 5,
} as const;
export type ExitReason = (typeof ExitReason)[keyof typeof ExitReason];
