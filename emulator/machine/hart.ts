/**
 * One hart as the machine runs it: whether it has anything to do, its power state (SBI specification 2.0, chapter 9), and
 * the two timers that raise STIP: the SBI's and Sstc's.
 */
import type { StateReader, StateWriter } from '../base/state.ts';
import type { Timer, TimerQueue } from '../bus/clock.ts';
import { Interrupt, Privilege, type Cpu } from '../cpu/cpu.ts';
import { stimecmp } from '../isa/csr-numbers.ts';
import { HartState } from '../sbi/hart-state.ts';

/** Where a hart goes on after a non-retentive suspend. */
interface Resume {
  readonly address: number;
  readonly opaque: number;
}

/** A value of stimecmp that time does not reach, and that numbers hold exactly. */
const NEVER = 2 ** 63;

export class Hart {
  state: HartState = HartState.Started;
  /** The debugger keeps it where it is while others run. */
  isHeld = false;
  /** Behind a wfi: runs again when an interrupt that mie enables is pending. */
  private isWaiting = false;
  private resume: Resume | undefined;
  private readonly sbiTimer: Timer;
  private readonly sstcTimer: Timer;
  private isSbiTimerDue = false;
  private isSstcDue = false;

  /** @param clockTick the clock's tick at which the guest's time reaches a value */
  constructor(
    readonly cpu: Cpu,
    private readonly timers: TimerQueue,
    private readonly clockTick: (time: number) => number,
  ) {
    this.sbiTimer = timers.timer(() => this.setStip(true, this.isSstcDue));
    this.sstcTimer = timers.timer(() => this.setStip(this.isSbiTimerDue, true));
  }

  get id(): number {
    return this.cpu.index;
  }

  /** Is there an instruction to run? */
  get isRunnable(): boolean {
    return !this.isHeld && !this.isHalted;
  }

  /** Stopped, or suspended or behind a wfi with no interrupt pending. */
  get isHalted(): boolean {
    if (this.state === HartState.Started) return this.isWaiting && !this.cpu.hasPendingInterrupt;
    return this.state !== HartState.Suspended || !this.cpu.hasPendingInterrupt;
  }

  /** It is about to run. Precondition: not halted, or behind a wfi, which may end for no reason. */
  wake(): void {
    this.isWaiting = false;
    if (this.state !== HartState.Suspended) return;
    this.state = HartState.Started;
    if (!this.resume) return;
    const { address, opaque } = this.resume;
    this.resume = undefined;
    // What woke it stays pending, or the kernel would not know of it: OpenSBI keeps both as well.
    const { isSsip } = this.cpu;
    const deadline = this.cpu.getCsr(stimecmp);
    this.cpu.reset(address, Privilege.S, this.id, opaque);
    this.cpu.isSsip = isSsip;
    if (deadline !== undefined) this.cpu.setCsr(stimecmp, deadline);
  }

  /** It has retired a wfi. */
  wait(): void {
    this.isWaiting = true;
  }

  /** HSM: from its first instruction at `address`. Precondition: stopped. */
  start(address: number, opaque: number): void {
    this.powerOn();
    this.cpu.reset(address, Privilege.S, this.id, opaque);
  }

  /** HSM: until another hart starts it. */
  stop(): void {
    this.state = HartState.Stopped;
  }

  /** HSM: until an interrupt that sie enables is pending. @param resume absent: it goes on where it is */
  suspend(resume: Resume | undefined): void {
    this.state = HartState.Suspended;
    this.resume = resume;
  }

  /** Started, and nothing is left of before. */
  powerOn(): void {
    this.state = HartState.Started;
    this.isWaiting = false;
    this.resume = undefined;
    this.sbiTimer.set(Infinity);
    this.sstcTimer.set(Infinity);
    this.setStip(false, false);
  }

  /**
   * SBI's set_timer. With Sstc it sets stimecmp, as OpenSBI does: who sets that one afterwards has no other deadline left
   * over. UEFI asks the SBI, and Linux, which it starts, does not.
   */
  setTimer(time: number): void {
    if (this.cpu.features.sstc) {
      this.cpu.setCsr(stimecmp, BigInt(Math.min(time, NEVER)));
      this.compareStimecmp();
      return;
    }
    const deadline = this.clockTick(time);
    const isDue = deadline <= this.timers.now();
    this.setStip(isDue, this.isSstcDue);
    this.sbiTimer.set(isDue || deadline > Number.MAX_SAFE_INTEGER ? Infinity : deadline);
  }

  /** Sstc: stimecmp or the guest's time has moved. */
  compareStimecmp(): void {
    const { stimecmp } = this.cpu;
    const deadline = stimecmp === Infinity ? Infinity : this.clockTick(stimecmp);
    const isDue = deadline <= this.timers.now();
    this.setStip(this.isSbiTimerDue, isDue);
    this.sstcTimer.set(isDue || deadline > Number.MAX_SAFE_INTEGER ? Infinity : deadline);
  }

  save(out: StateWriter): void {
    this.cpu.save(out);
    out.u32(this.state);
    out.bool(this.isWaiting);
    out.bool(this.resume !== undefined);
    out.u53(this.resume?.address ?? 0);
    out.u53(this.resume?.opaque ?? 0);
    out.bool(this.isSbiTimerDue);
    out.f64(this.sbiTimer.deadline);
  }

  /** `compareStimecmp` must follow when the clock is loaded. */
  load(from: StateReader): void {
    this.cpu.load(from);
    this.state = from.u32() as HartState;
    this.isWaiting = from.bool();
    const hasResume = from.bool();
    const resume = { address: from.u53(), opaque: from.u53() };
    this.resume = hasResume ? resume : undefined;
    this.isSbiTimerDue = from.bool();
    this.sbiTimer.set(from.f64());
  }

  private setStip(isSbiTimerDue: boolean, isSstcDue: boolean): void {
    this.isSbiTimerDue = isSbiTimerDue;
    this.isSstcDue = isSstcDue;
    this.cpu.setInterruptPending(Interrupt.STIP, isSbiTimerDue || isSstcDue);
  }
}
