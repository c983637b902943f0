/**
 * Our machine in step with QEMU's log. Both begin with the same registers and device tree. What is bound to differ is
 * taken over from QEMU and counted: what a clock says, and when an interrupt comes.
 */
import { Interrupt, Privilege } from '../../emulator/cpu/cpu.ts';
import { decode, type Decoded } from '../../emulator/isa/decode.ts';
import { disassemble } from '../../emulator/isa/disasm.ts';
import type { Machine } from '../../emulator/machine/machine.ts';
import type { LogRow } from './qemu-log.ts';

const REGISTERS = 32;
const A1 = 11;
/** cycle, time, instret, mcycle, minstret, and the pending bits, which depend on them. */
const CLOCK_CSRS = new Set([0xc00, 0xc01, 0xc02, 0xb00, 0xb02, 0x344, 0x144]);
/** Where they went different ways, the reason is often a trap of one of them. */
const TRAP_CSRS = { mcause: 0x342, mepc: 0x341, mtval: 0x343, scause: 0x142, sepc: 0x141, stval: 0x143, satp: 0x180 };
const MTIME = 0x0200_bff8;
const INTERRUPT = 1n << 63n;
const HISTORY = 16;
/** More than QEMU's device tree, less than what lies in front of it. */
const DEVICE_TREE_ROOM = 0x1_0000;

export interface Step {
  readonly pc: bigint;
  readonly text: string;
}
export interface Difference {
  /** The instruction after which the machines differ; the last of `history`. Undefined: they never agreed. */
  readonly after: Step | undefined;
  /** What ran before, oldest first. */
  readonly history: readonly Step[];
  readonly fields: readonly { readonly name: string; readonly ours: bigint; readonly theirs: bigint }[];
}
export interface LockstepOptions {
  /** QEMU's device tree, for where its a1 points. */
  readonly deviceTree: Uint8Array;
  readonly limit: number;
}

export class Lockstep {
  /** Instructions that were the same. */
  same = 0;
  clocks = 0;
  interrupts = 0;
  difference: Difference | undefined;
  private isStarted = false;
  private last: Decoded | undefined;
  private lastAddress = 0n;
  private readonly history: { pc: bigint; word: number }[] = [];

  constructor(
    private readonly machine: Machine,
    private readonly options: LockstepOptions,
  ) {}

  /** What QEMU is about to run. False when there is nothing more to find out. */
  row(row: LogRow): boolean {
    const { cpu } = this.machine;
    if (!this.isStarted) {
      if (row.pc !== cpu.pc) return true;
      this.start(row);
    }
    if (!this.agrees(row)) {
      this.takeClock(row);
      if (!this.agrees(row)) {
        if (row.isRepeated || this.takeInterrupt(row)) return true;
        this.difference = this.describe(row);
        return false;
      }
    }
    if (this.same >= this.options.limit || this.machine.exitCode !== undefined) return false;
    this.step();
    this.same++;
    return true;
  }

  private start(row: LogRow): void {
    const { cpu, ram } = this.machine;
    this.isStarted = true;
    for (let x = 1; x < REGISTERS; x++) cpu.setReg(x, row.x[x]!);
    const at = Number(row.x[A1]!);
    const { deviceTree } = this.options;
    if (!ram.contains(at, DEVICE_TREE_ROOM)) return;
    ram.fill(at, DEVICE_TREE_ROOM, 0);
    ram.write(at, deviceTree);
  }

  private agrees(row: LogRow): boolean {
    const { cpu } = this.machine;
    if (row.pc !== cpu.pc) return false;
    for (let x = 1; x < REGISTERS; x++) if (cpu.getReg(x) !== row.x[x]) return false;
    return true;
  }

  private step(): void {
    const { cpu } = this.machine;
    const word = this.wordAt(cpu.pc);
    this.last = decode(word);
    this.lastAddress = this.last ? cpu.getReg(this.last.rs1) + BigInt(this.last.imm) : 0n;
    this.history.push({ pc: cpu.pc, word });
    if (this.history.length > HISTORY) this.history.shift();
    this.machine.advance(1);
  }

  /** The last instruction read a clock: QEMU's value is as good as ours. */
  private takeClock({ x }: LogRow): void {
    const { last } = this;
    if (!last) return;
    const isCsr = ['Csr', 'CsrImm'].includes(last.insn.format) && CLOCK_CSRS.has(last.imm);
    const isLoad = last.insn.format === 'Load' || last.insn.format === 'CLd';
    const { cpu } = this.machine;
    if (!isCsr && !(isLoad && (cpu.translate(this.lastAddress, 'read') ?? 0) === MTIME)) return;
    if (cpu.getReg(last.rd) === x[last.rd]) return;
    cpu.setReg(last.rd, x[last.rd]!);
    this.clocks++;
  }

  /** QEMU is at the first instruction of a handler and we are where it was interrupted: so are we, then. */
  private takeInterrupt(row: LogRow): boolean {
    const { cpu } = this.machine;
    const [cause, epc] =
      row.privilege === Privilege.M ? [row.csr('mcause'), row.csr('mepc')] : [row.csr('scause'), row.csr('sepc')];
    if ((cause & INTERRUPT) === 0n || epc !== cpu.pc || row.pc === cpu.pc) return false;
    const bit = Object.values(Interrupt).find(number => BigInt(number) === (cause & 63n));
    if (bit === undefined) return false;
    cpu.setInterruptPending(bit, true);
    this.history.push({ pc: row.pc, word: this.wordAt(row.pc) });
    this.last = undefined;
    this.machine.advance(1);
    this.interrupts++;
    this.same++;
    return true;
  }

  private describe(row: LogRow): Difference {
    const { cpu } = this.machine;
    const fields = [{ name: 'pc', ours: cpu.pc, theirs: row.pc }];
    for (let x = 1; x < REGISTERS; x++) fields.push({ name: `x${x}`, ours: cpu.getReg(x), theirs: row.x[x]! });
    if (row.pc !== cpu.pc) {
      for (const [name, csr] of Object.entries(TRAP_CSRS)) {
        fields.push({ name, ours: cpu.getCsr(csr) ?? 0n, theirs: row.csr(name) });
      }
    }
    const history = this.history.map(({ pc, word }) => ({ pc, text: disassemble(word, pc) }));
    return { after: history.at(-1), history, fields: fields.filter(({ ours, theirs }) => ours !== theirs) };
  }

  /** 0, which is illegal, where nothing can be read. */
  private wordAt(va: bigint): number {
    const halfword = (at: bigint): number => {
      const pa = this.machine.cpu.translate(at, 'execute');
      if (pa === undefined || !this.machine.ram.contains(pa, 2)) return 0;
      const bytes = this.machine.ram.bytes(pa, 2);
      return bytes[0]! | (bytes[1]! << 8);
    };
    const low = halfword(va);
    return (low & 3) === 3 ? (low | (halfword(va + 2n) << 16)) >>> 0 : low;
  }
}
