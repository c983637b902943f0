/** A program with a serial console on its standard streams, ours or QEMU, watched from outside as a user has it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const DEADLINE_MS = 120_000;
/** Of /proc/PID/stat: USER_HZ is 100 on every Linux. */
const MS_PER_TICK = 10;

export class ConsoleSession {
  private text = '';
  private readonly child: ChildProcess;
  private onText: () => void = () => {};
  private hasEnded = false;

  constructor(
    private readonly command: string,
    args: readonly string[],
  ) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout!.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
      this.onText();
    });
    this.child.on('exit', () => {
      this.hasEnded = true;
      this.onText();
    });
  }

  /** ms until what was printed behind the last match matches. */
  async waitFor(pattern: RegExp): Promise<number> {
    const start = performance.now();
    await new Promise<void>((resolve, reject) => {
      const fail = (what: string): void =>
        reject(new Error(`${this.command}: ${what} ${pattern}:\n${this.text.slice(-1000)}`));
      const deadline = setTimeout(() => fail('never printed'), DEADLINE_MS);
      this.onText = () => {
        const match = pattern.exec(this.text);
        if (!match && !this.hasEnded) return;
        clearTimeout(deadline);
        this.onText = () => {};
        if (!match) return fail('ended before it printed');
        this.text = this.text.slice(match.index + match[0].length);
        resolve();
      };
      this.onText();
    });
    return performance.now() - start;
  }

  /** Types a line; ms until its output ends (told by a mark that the echo of the line does not hold). */
  async run(line: string): Promise<number> {
    this.child.stdin!.write(`${line}; echo do''ne-mark\r`);
    return this.waitFor(/done-mark\r?\n[^]*[#$] $/);
  }

  /** Processor time used so far, in ms, of user and system. */
  get cpuMs(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  }

  /** Resident memory in MiB. */
  get residentMiB(): number {
    const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))!;
    return Number(kib) / 1024;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
