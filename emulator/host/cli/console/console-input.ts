/**
 * Standard input to the serial console. A terminal is raw: keys go to the guest, Ctrl-A to us. Anything else is typed as
 * it comes; its end is passed on as Ctrl-D, and again after each quarter of a second of guest time in which the guest printed
 * nothing: the shell and whatever reads in front of it then end one by one, as at the end of a script.
 */
import type { MonitorHost } from '../../../debug/monitor.ts';
import type { Timer } from '../../../bus/clock.ts';
import { TIMEBASE_HZ } from '../../../bus/clock.ts';
import { RawTerminal } from '../../node/terminal.ts';
import { EscapeKeys, type EscapeKey } from './escape-keys.ts';
import { keysText } from '../flags/help.ts';
import { LineEditor } from './line-editor.ts';

const CTRL_D = Uint8Array.of(0x04);
const EOF_PERIOD_TICKS = TIMEBASE_HZ / 4;
const PROMPT = '(strata) ';

export class ConsoleInput {
  private readonly terminal: RawTerminal | undefined;
  private readonly eofTimer: Timer;
  private isMonitor = false;
  private monitor: Promise<(line: string) => string> | undefined;
  /** The guest printed since the last look. */
  private isGuestActive = false;

  constructor(
    private readonly host: MonitorHost,
    private readonly input: NodeJS.ReadStream,
    /** Ours, beside the guest's console: stderr. */
    private readonly say: (text: string) => void,
    private readonly openMonitor: () => Promise<(line: string) => string>,
  ) {
    const { machine } = host;
    this.eofTimer = machine.timers.timer(() => this.repeatEof());
    machine.isPaced = true;
    if (input.isTTY) {
      this.terminal = new RawTerminal(input);
      this.readTerminal();
    } else {
      this.readStream();
    }
  }

  /** The guest has printed something. */
  noteOutput(): void {
    this.isGuestActive = true;
  }

  close(): void {
    this.terminal?.restore();
    this.eofTimer.set(Infinity);
    this.input.pause();
  }

  private readTerminal(): void {
    const editor = new LineEditor(
      text => this.say(text),
      line => void this.command(line),
    );
    const keys = new EscapeKeys({
      onText: bytes => (this.isMonitor ? editor.push(bytes) : this.host.machine.type(bytes)),
      onKey: key => this.escape(key),
    });
    this.input.on('data', bytes => keys.push(toBytes(bytes)));
    // The terminal went away.
    this.input.on('end', () => this.host.quit());
  }

  private readStream(): void {
    const { machine } = this.host;
    this.input.on('data', bytes => machine.type(toBytes(bytes)));
    const onEnd = (): void => {
      machine.isPaced = false;
      this.repeatEof();
    };
    this.input.on('end', onEnd);
    this.input.on('error', onEnd);
  }

  private escape(key: EscapeKey): void {
    switch (key) {
      case 'quit':
        this.host.quit();
        break;
      case 'help':
        this.sayLines(`\n${keysText()}`);
        break;
      case 'monitor':
        this.isMonitor = !this.isMonitor;
        this.say(this.isMonitor ? `\r\nstrata monitor: help, quit, Ctrl-A c to return\r\n${PROMPT}` : '\r\n');
    }
  }

  private async command(line: string): Promise<void> {
    this.monitor ??= this.openMonitor();
    const answer = await this.monitor;
    this.sayLines(answer(line));
    if (this.host.machine.exitCode === undefined) this.say(PROMPT);
  }

  private repeatEof(): void {
    const { machine } = this.host;
    if (!this.isGuestActive) machine.type(CTRL_D);
    this.isGuestActive = false;
    this.eofTimer.set(machine.timers.now() + EOF_PERIOD_TICKS);
  }

  /** On a raw terminal a new line needs its carriage return. */
  private sayLines(text: string): void {
    this.say(text.replaceAll('\n', '\r\n'));
  }
}

function toBytes(data: Buffer | string): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data;
}
