/** Whose turn it is: harts run one after the other, each for a number of instructions (docs/smp.md). */
import type { StateReader, StateWriter } from '../base/state.ts';
import type { Hart } from './hart.ts';

/**
 * How many instructions a hart runs before the next one does: short enough that one that spins for another one's lock
 * does not spin for long, long enough that changing harts costs little.
 */
const TURN_INSTRUCTIONS = 10_000;

/** Turns are counted in instructions, so who runs when is a function of what the guest does. */
export class Turns {
  /** The hart whose turn it is, and how many instructions of its turn are left. */
  private hart = 0;
  private left = TURN_INSTRUCTIONS;

  constructor(private readonly harts: readonly Hart[]) {}

  /** The id of the hart whose turn it is. */
  get current(): number {
    return this.hart;
  }

  /** How many instructions the current hart may run: alone, it may run for ever. */
  get instructions(): number {
    return this.harts.length === 1 ? Infinity : this.left;
  }

  /** The hart to run: the one whose turn it is until its turn is used up, then the next one that has anything to do. */
  next(): Hart | undefined {
    const { harts } = this;
    const isOver = this.left <= 0;
    for (let i = isOver ? 1 : 0; i < harts.length + (isOver ? 1 : 0); i++) {
      const id = (this.hart + i) % harts.length;
      const hart = harts[id]!;
      if (!hart.isRunnable) continue;
      if (i > 0) this.give(id);
      hart.wake();
      return hart;
    }
    return undefined;
  }

  /** The current hart has run so many. */
  use(instructions: number): void {
    this.left -= instructions;
  }

  /** The current hart's turn is over: another one has something to do. */
  end(): void {
    this.left = 0;
  }

  /** Out of order, as the debugger steps; what is left of the turn stays. */
  goTo(hart: number): void {
    this.hart = hart;
  }

  reset(): void {
    this.give(0);
  }

  save(out: StateWriter): void {
    out.u32(this.hart);
    out.f64(this.left);
  }

  load(from: StateReader): void {
    this.hart = from.u32() % this.harts.length;
    this.left = from.f64();
  }

  private give(hart: number): void {
    this.hart = hart;
    this.left = TURN_INSTRUCTIONS;
  }
}
