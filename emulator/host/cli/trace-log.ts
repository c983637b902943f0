/** `-d` items to stderr or to `-D FILE`, one line each. */
import { writeSync } from 'node:fs';
import { hex } from '../../base/bytes.ts';
import type { Cpu, PageWalk } from '../../cpu/cpu.ts';
import { readMemory } from '../../debug/memory.ts';
import { disassemble } from '../../isa/disasm.ts';
import type { Machine } from '../../machine/machine.ts';
import { openToWrite } from '../node/files.ts';

const STDERR_FD = 2;
const BUFFER_CHARACTERS = 1 << 16;
/** Most-significant bit of a cause: an interrupt. */
const INTERRUPT = 1n << 63n;
const LONG_INSTRUCTION = 4;
/** Bits 1:0 of an instruction that is not compressed. */
const IS_LONG = 3;

export class TraceLog {
  private readonly fd: number;
  private readonly items: ReadonlySet<string>;
  private buffer = '';

  constructor(items: readonly string[], file: string | undefined) {
    this.items = new Set(items);
    this.fd = file === undefined ? STDERR_FD : openToWrite('-D', file);
  }

  /** For the machine's configuration. */
  readonly guestError = (what: string): void => {
    if (this.items.has('guest_errors')) this.line(`guest error: ${what}`);
  };

  attach(machine: Machine): void {
    const { harts, cpu } = machine;
    // Decoded code is shared by all harts.
    if (this.items.has('in_asm')) cpu.onDecode = (pa, text) => this.line(`${hex(pa)}: ${text}`);
    harts.forEach((hart, id) => this.attachHart(machine, hart, harts.length === 1 ? '' : `hart ${id}: `));
  }

  private attachHart(machine: Machine, hart: Cpu, prefix: string): void {
    if (this.items.has('int')) {
      hart.onTrap = (cause, epc, tval, to) => {
        const kind = cause & INTERRUPT ? `interrupt ${cause & ~INTERRUPT}` : `exception ${cause}`;
        this.line(`${prefix}${kind} to mode ${to}: epc ${hex(epc)} tval ${hex(tval)}`);
      };
    }
    if (this.items.has('page')) hart.onWalk = walk => this.line(`${prefix}${describeWalk(walk)}`);
    if (this.items.has('exec')) {
      hart.onExecute = pc => this.line(`${prefix}${hex(pc)}: ${instructionAt(machine, hart, pc)}`);
    }
  }

  /** Writes what is still held back. */
  close(): void {
    if (this.buffer !== '') writeSync(this.fd, this.buffer);
    this.buffer = '';
  }

  private line(text: string): void {
    this.buffer += `${text}\n`;
    if (this.buffer.length > BUFFER_CHARACTERS || this.fd === STDERR_FD) this.close();
  }
}

function instructionAt({ ram }: Machine, hart: Cpu, pc: bigint): string {
  const bytes = readMemory(hart, ram, pc, LONG_INSTRUCTION, 'virtual');
  if (bytes.length < 2) return 'cannot be fetched';
  const word = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  return disassemble(word % 4 === IS_LONG ? word : word & 0xffff, pc);
}

function describeWalk({ va, access, pa, pageBytes }: PageWalk): string {
  const to = pa === undefined ? 'fault' : `${hex(pa)} in a page of ${pageBytes / 1024} KiB`;
  return `page: ${access} ${hex(va)} -> ${to}`;
}
