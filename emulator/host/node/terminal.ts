/** The user's terminal: raw while the machine runs, and as it was on every way out. */
import type { ReadStream } from 'node:tty';

export class RawTerminal {
  private readonly wasRaw: boolean;
  private readonly restoreAtExit = (): void => this.restore();

  constructor(private readonly input: ReadStream) {
    this.wasRaw = input.isRaw;
    input.setRawMode(true);
    // Also when an exception ends the process.
    process.on('exit', this.restoreAtExit);
  }

  restore(): void {
    process.off('exit', this.restoreAtExit);
    if (!this.input.destroyed) this.input.setRawMode(this.wasRaw);
  }
}
