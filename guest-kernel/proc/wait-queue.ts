/**
 * Wait queues: who sleeps until something may have changed. Waking only says "look again": the sleeper's system call is
 * restarted from its beginning (docs/kernel-model.md) and sleeps once more when it still cannot go on.
 */

import { removeAt } from "../lib/array";

/** Something that can sleep on queues; a Task. */
export abstract class Waiter {
  /** The queues that it sleeps on now. */
  queues: Array<WaitQueue> = [];
  /** The last sleep was ended by a queue, not by a deadline or a signal. */
  wasWoken: bool = false;

  /** Called once when one of the queues is woken; it has left all of them. */
  abstract wake(): void;

  /** Leaves every queue. */
  leaveQueues(): void {
    const qs = this.queues;
    for (let i = 0; i < qs.length; i++) qs[i].remove(this);
    qs.length = 0;
  }
}

@final
export class WaitQueue {
  private waiters: Array<Waiter> = [];

  get isEmpty(): bool {
    return this.waiters.length == 0;
  }

  /** Wakes whoever sleeps here. Cheap when nobody does; may be called from anywhere. */
  wakeAll(): void {
    while (this.waiters.length > 0) {
      const w = this.waiters[this.waiters.length - 1];
      w.leaveQueues();
      w.wasWoken = true;
      w.wake();
    }
  }

  /** Wakes at most `n`, the longest sleeper first; returns how many. */
  wake(n: i32): i32 {
    let done = 0;
    while (done < n && this.waiters.length > 0) {
      const w = this.waiters[0];
      w.leaveQueues();
      w.wasWoken = true;
      w.wake();
      done++;
    }
    return done;
  }

  /** For park() alone. */
  add(w: Waiter): void {
    this.waiters.push(w);
    w.queues.push(this);
  }

  /** For Waiter.leaveQueues alone. */
  remove(w: Waiter): void {
    const i = this.waiters.indexOf(w);
    if (i >= 0) removeAt<Waiter>(this.waiters, i);
  }
}
