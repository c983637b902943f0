/** What device tests share: a clock that stands where it is put, and a wire that remembers its level. */
import { StateReader, StateWriter } from '../base/state.ts';
import { TimerQueue } from '../bus/clock.ts';
import type { Device, IrqLine } from '../bus/device.ts';

export class ManualClock extends TimerQueue {
  ticks: { now: number };

  constructor() {
    const ticks = { now: 0 };
    super(
      () => ticks.now,
      () => {},
    );
    this.ticks = ticks;
  }
  advance(ticks: number): void {
    this.ticks.now += ticks;
    this.expire();
  }
}

export class Wire {
  level = false;
  readonly line: IrqLine = level => (this.level = level);
}

/** Saves `from` and loads it into `to`. */
export function transplant(from: Device, to: Device): void {
  const out = new StateWriter();
  from.save(out);
  const reader = new StateReader(out.finish());
  to.load(reader);
  if (!reader.isAtEnd) throw new Error(`${from.name}: load reads less than save writes`);
}
