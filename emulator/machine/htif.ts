/**
 * The host-target interface that RISC-V test programs speak, as the reference simulator answers it: a doubleword at the
 * symbol `tohost` (device, command, 48 bits of payload) ends the program, prints, or points to a system call in memory;
 * `fromhost` takes the answer. Memory is looked at now and then, as there.
 */
import { hex, joinWords, TWO_32 } from '../base/bytes.ts';
import { UserError } from '../base/user-error.ts';
import { elfSymbols } from './elf-file.ts';
import type { NamedBytes } from './config.ts';
import type { Machine } from './machine.ts';

/** How often memory is looked at, in ticks of guest time: 20 µs. */
const POLL_TICKS = 200;
const DEVICE_SYSCALL = 0;
const DEVICE_CONSOLE = 1;
const CONSOLE_PUTCHAR = 1;
/** System calls, numbered as Linux's. */
const SYS_WRITE = 64;
const SYS_EXIT = 93;
const ENOSYS = 38;
const STATUS_MAX = 255;
/** a7, a0…a6 of a system call. */
const SYSCALL_BYTES = 64;
/** Lines of the signature file, unless told otherwise. */
export const SIGNATURE_GRANULARITY = 16;

/** Precondition: the machine runs `kernel`. A file without the symbol `tohost` is a UserError. */
export function attachHtif(machine: Machine, kernel: NamedBytes): void {
  const symbols = elfSymbols(kernel.bytes);
  const tohost = symbols.get('tohost');
  if (tohost === undefined) {
    throw new UserError(`${kernel.name}: no symbol tohost`, 'leave -tohost out, or do not strip the file');
  }
  if (!machine.ram.contains(tohost, 8)) {
    throw new UserError(`${kernel.name}: tohost at ${hex(tohost)} is outside of RAM`, 'link it for RAM');
  }
  const htif = new Htif(machine, tohost, symbols.get('fromhost'));
  const timer = machine.timers.timer(() => {
    htif.poll();
    timer.set(machine.timers.now() + POLL_TICKS);
  });
  timer.set(machine.timers.now() + POLL_TICKS);
}

class Htif {
  constructor(
    private readonly machine: Machine,
    private readonly tohost: number,
    private readonly fromhost: number | undefined,
  ) {}

  poll(): void {
    const { ram } = this.machine;
    const high = ram.read32(this.tohost + 4);
    const low = ram.read32(this.tohost);
    if (low === 0 && high === 0) return;
    this.write64(this.tohost, 0, 0);
    const device = high >>> 24;
    const command = (high >>> 16) & 0xff;
    if (device === DEVICE_SYSCALL && command === 0) this.systemCall(low, high & 0xffff);
    else if (device === DEVICE_CONSOLE && command === CONSOLE_PUTCHAR) this.print(Uint8Array.of(low & 0xff));
  }

  /** An odd payload is an exit status and a one; an even one the address of a system call. */
  private systemCall(low: number, high: number): void {
    const { machine } = this;
    if ((low & 1) !== 0) {
      machine.end(statusOf(Math.floor(joinWords(low, high) / 2)));
      return;
    }
    const at = joinWords(low, high);
    if (machine.ram.contains(at, SYSCALL_BYTES)) {
      const result = this.answer((index: number) => this.read64(at + 8 * index));
      this.write64(at, result | 0, result < 0 ? -1 : Math.floor(result / TWO_32));
    } else machine.config.guestError(`tohost: system call at ${hex(at)}, which is no RAM`);
    if (this.fromhost !== undefined) this.write64(this.fromhost, 1, 0);
  }

  private answer(word: (index: number) => number): number {
    const { machine } = this;
    const number = word(0);
    if (number === SYS_EXIT) {
      machine.end(statusOf(word(1)));
      return 0;
    }
    const [address, bytes] = [word(2), word(3)];
    if (number !== SYS_WRITE || !machine.ram.contains(address, bytes)) return -ENOSYS;
    this.print(machine.ram.bytes(address, bytes).slice());
    return bytes;
  }

  private print(bytes: Uint8Array): void {
    this.machine.flushConsole();
    this.machine.onConsole(bytes);
  }
  private read64(pa: number): number {
    const { ram } = this.machine;
    return joinWords(ram.read32(pa), ram.read32(pa + 4));
  }
  private write64(pa: number, low: number, high: number): void {
    const { ram } = this.machine;
    ram.write32(pa, low);
    ram.write32(pa + 4, high);
  }
}

/** A failure beyond what a process can return must not look like success. */
function statusOf(code: number): number {
  return Math.min(code, STATUS_MAX);
}

/**
 * The memory between `begin_signature` and `end_signature`, as the architectural tests compare it: a line for each
 * `granularity` bytes, most significant byte first.
 */
export function signatureText(machine: Machine, kernel: NamedBytes, granularity: number): string {
  const symbols = elfSymbols(kernel.bytes);
  const begin = symbols.get('begin_signature');
  const end = symbols.get('end_signature');
  if (begin === undefined || end === undefined || !machine.ram.contains(begin, end - begin)) {
    throw new UserError(`${kernel.name}: no symbols begin_signature and end_signature in RAM`, 'leave -signature out');
  }
  const bytes = machine.ram.bytes(begin, end - begin);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += granularity) {
    const word = Array.from({ length: granularity }, (_, i) => bytes[at + granularity - 1 - i] ?? 0);
    lines.push(word.map(byte => byte.toString(16).padStart(2, '0')).join(''));
  }
  return lines.map(line => `${line}\n`).join('');
}
