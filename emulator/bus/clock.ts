/**
 * Guest time for devices: the 10 MHz timebase and timers on it. The machine decides what time is (host clock or
 * instruction count) and calls `expire`; a device only asks and arms. A deadline of Infinity is "off".
 */

/** What the device tree calls timebase-frequency; QEMU's virt has the same. */
export const TIMEBASE_HZ = 10_000_000;
export const NS_PER_TICK = 100;

export interface Timer {
  /** The tick at which it fires once; Infinity when it is not armed. */
  readonly deadline: number;
  set(deadline: number): void;
}

export interface Clock {
  /** Ticks since power-on. */
  now(): number;
  timer(onExpire: () => void): Timer;
}

class QueueTimer implements Timer {
  deadline = Infinity;

  constructor(
    private readonly queue: TimerQueue,
    readonly onExpire: () => void,
  ) {}

  set(deadline: number): void {
    this.deadline = deadline;
    this.queue.plan();
  }
}

/** A handful of timers, searched in order: two that are due at the same tick fire in the order of their creation. */
export class TimerQueue implements Clock {
  private readonly timers: QueueTimer[] = [];
  private next = Infinity;

  /**
   * @param now ticks since power-on
   * @param onSooner the earliest deadline moved forward: a run planned for a later one must end
   */
  constructor(
    readonly now: () => number,
    private readonly onSooner: () => void,
  ) {}

  timer(onExpire: () => void): Timer {
    const timer = new QueueTimer(this, onExpire);
    this.timers.push(timer);
    return timer;
  }

  get nextDeadline(): number {
    return this.next;
  }

  /** Looks again for the earliest deadline. */
  plan(): void {
    let next = Infinity;
    for (const timer of this.timers) if (timer.deadline < next) next = timer.deadline;
    const isSooner = next < this.next;
    this.next = next;
    if (isSooner) this.onSooner();
  }

  /** Fires whatever is due. A timer that arms itself in the past again fires at the next call, not in this one. */
  expire(): void {
    const now = this.now();
    if (now < this.next) return;
    const due = this.timers.filter(timer => timer.deadline <= now);
    for (const timer of due) {
      if (timer.deadline > now) continue;
      timer.deadline = Infinity;
      timer.onExpire();
    }
    this.plan();
  }
}
