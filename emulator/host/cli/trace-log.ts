/** `-d` items to stderr or to `-D FILE`, one line each. */
import { writeSync } from 'node:fs';
import type { Machine } from '../../machine/machine.ts';
import { openToWrite } from '../node/files.ts';

const STDERR_FD = 2;
/** Most-significant bit of a cause: an interrupt. */
const INTERRUPT = 1n << 63n;

export class TraceLog {
  private readonly fd: number;
  private readonly items: ReadonlySet<string>;

  constructor(items: readonly string[], file: string | undefined) {
    this.items = new Set(items);
    this.fd = file === undefined ? STDERR_FD : openToWrite('-D', file);
  }

  /** For the machine's configuration. */
  readonly guestError = (what: string): void => {
    if (this.items.has('guest_errors')) this.line(`guest error: ${what}`);
  };

  attach(machine: Machine): void {
    const { cpu } = machine;
    if (this.items.has('in_asm')) cpu.onDecode = (pa, text) => this.line(`0x${pa.toString(16)}: ${text}`);
    if (!this.items.has('int')) return;
    cpu.onTrap = (cause, epc, tval, to) => {
      const kind = cause & INTERRUPT ? `interrupt ${cause & ~INTERRUPT}` : `exception ${cause}`;
      this.line(`${kind} to mode ${to}: epc 0x${epc.toString(16)} tval 0x${tval.toString(16)}`);
    };
  }

  private line(text: string): void {
    writeSync(this.fd, `${text}\n`);
  }
}
