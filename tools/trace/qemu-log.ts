/**
 * QEMU's log of single steps (`-singlestep -d exec,cpu,nochain`), read as it comes: a row for each instruction with the
 * registers before it. The columns are those of QEMU 7.2's `riscv_cpu_dump_state`.
 */
import { UserError } from '../../emulator/base/user-error.ts';

export interface LogRow {
  readonly pc: bigint;
  /** pc and registers are those of the row before: a loop to itself, or an access to a device that QEMU began again. */
  readonly isRepeated: boolean;
  /** 0 U, 1 S, 3 M. */
  readonly privilege: number;
  /** x0…x31; the array is used again for the next row. */
  readonly x: readonly bigint[];
  csr(name: string): bigint;
}

const ROW = 'Trace ';
/** "Stopped execution of TB chain before …": the row in front of it did not run. */
const STOPPED = 'Stopped execution';
const FIRST_REGISTER = ' x0/zero ';
const REGISTERS_ON_LINE = 4;
const COLUMN = 26;
const VALUE_AT = 10;
const DIGITS = 16;
const LINE = REGISTERS_ON_LINE * COLUMN + 1;
const LINES = 32 / REGISTERS_ON_LINE;

export class QemuLog {
  private pending = '';
  private lastPc = '';
  private readonly x = new Array<bigint>(32).fill(0n);
  private readonly lines = new Array<string>(LINES).fill('');

  /** @param onRow gets every instruction that ran; says whether to go on */
  constructor(private readonly onRow: (row: LogRow) => boolean) {}

  /** A piece of the log. False when nothing more is wanted. */
  push(piece: string): boolean {
    this.pending += piece;
    let start = this.pending.indexOf(ROW);
    if (start < 0) return true;
    for (;;) {
      const next = this.pending.indexOf(`\n${ROW}`, start + 1);
      if (next < 0) break;
      const text = this.pending.slice(start, next + 1);
      if (!text.includes(STOPPED) && !this.onRow(this.parse(text))) return false;
      start = next + 1;
    }
    this.pending = this.pending.slice(start);
    return true;
  }

  private parse(text: string): LogRow {
    // Trace 0: HOST [CS_BASE/PC/FLAGS/CFLAGS] SYMBOL
    const at = text.indexOf('[');
    const [, pc, flags] = text.slice(at + 1, text.indexOf(']', at)).split('/');
    const first = text.indexOf(FIRST_REGISTER);
    if (pc === undefined || flags === undefined || first < 0) {
      throw new UserError('the log is not the one of QEMU 7.2 that this tool reads', `it has: ${text.slice(0, 200)}`);
    }
    let isRepeated = pc === this.lastPc;
    this.lastPc = pc;
    for (let line = 0; line < LINES; line++) {
      const registers = text.slice(first + line * LINE, first + (line + 1) * LINE);
      if (registers === this.lines[line]) continue;
      isRepeated = false;
      this.lines[line] = registers;
      for (let i = 0; i < REGISTERS_ON_LINE; i++) {
        const value = registers.slice(i * COLUMN + VALUE_AT, i * COLUMN + VALUE_AT + DIGITS);
        this.x[line * REGISTERS_ON_LINE + i] = BigInt(`0x${value}`);
      }
    }
    return {
      pc: BigInt(`0x${pc}`),
      isRepeated,
      privilege: parseInt(flags, 16) & 3,
      x: this.x,
      csr: name => {
        const label = ` ${name.padEnd(8)} `;
        const found = text.indexOf(label);
        return found < 0 ? 0n : BigInt(`0x${text.slice(found + label.length, found + label.length + DIGITS)}`);
      },
    };
  }
}
