/**
 * Runs a machine beside other work of its host: a few milliseconds of guest, then a breath for the event loop; while
 * every hart waits, nothing. Uses only what Node, workers and pages share.
 */
import { Stop, type Machine } from './machine.ts';

const SLICE_INSTRUCTIONS = 250_000;
const BREATH_MS = 8;
/** Longest single sleep: setTimeout's range is limited. */
const SLEEP_MAX_MS = 1000 * 60 * 60;

/** Runs until the machine ends or pauses. */
export async function drive(machine: Machine): Promise<void> {
  const breath = new Breath();
  machine.resume();
  machine.time.start();
  try {
    let lastBreathMs = performance.now();
    for (;;) {
      const stop = machine.advance(SLICE_INSTRUCTIONS);
      if (stop === Stop.Ended || stop === Stop.Paused) return;
      if (stop === Stop.Idle) {
        await idle(machine);
        lastBreathMs = performance.now();
      } else if (performance.now() - lastBreathMs > BREATH_MS) {
        await breath.take();
        lastBreathMs = performance.now();
      }
    }
  } finally {
    machine.time.stop();
    breath.close();
  }
}

/** Sleeps until the next event is due or something is put in. */
async function idle(machine: Machine): Promise<void> {
  const waitMs = Math.min(SLEEP_MAX_MS, machine.idleMs);
  let isWoken = false;
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, Math.max(0, waitMs));
    machine.onWake = () => {
      isWoken = true;
      clearTimeout(timer);
      resolve();
    };
  });
  machine.onWake = () => {};
  if (!isWoken) machine.skipIdle();
}

/**
 * Lets timers, input and output of the host happen, without setTimeout's 4 ms: setImmediate where there is one (Node
 * takes a thousand port messages before it looks at its files again), else a message to ourselves, which comes behind
 * them.
 */
class Breath {
  private readonly channel = typeof setImmediate === 'function' ? undefined : new MessageChannel();
  private resume: () => void = () => {};

  constructor() {
    if (this.channel) this.channel.port1.onmessage = () => this.resume();
  }
  take(): Promise<void> {
    return new Promise(resolve => {
      if (!this.channel) {
        setImmediate(resolve);
        return;
      }
      this.resume = resolve;
      this.channel.port2.postMessage(undefined);
    });
  }
  close(): void {
    this.channel?.port1.close();
  }
}
