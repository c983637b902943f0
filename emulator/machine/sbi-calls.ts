/**
 * The built-in SBI on this machine: an ecall's registers in and out (SBI specification 2.0, chapter 3), and what the calls
 * of sbi/ come to here.
 */
import { joinWords } from '../base/bytes.ts';
import type { Ram } from '../bus/ram.ts';
import type { Uart16550 } from '../device/uart16550.ts';
import { marchid, mimpid, mvendorid } from '../isa/csr-numbers.ts';
import { answerSbi, type SbiHost } from '../sbi/sbi.ts';
import type { Hart } from './hart.ts';

const A0 = 10;
const A1 = 11;
const A6 = 16;
const A7 = 17;
const ARGUMENTS = 6;
const LSR = 5;
const LSR_DR = 1;

/** What only the machine as a whole can do. */
export interface SbiMachine {
  readonly ram: Ram;
  readonly harts: readonly Hart[];
  readonly uart: Uart16550;
  setSoftwareInterrupt(hart: number, level: boolean): void;
  print(byte: number): void;
  end(code: number): void;
  requestReset(): void;
}

export class SbiCalls {
  private readonly host: SbiHost;

  constructor(machine: SbiMachine) {
    this.host = sbiHost(machine);
  }

  /** The hart is behind an ecall from S-mode. */
  answer({ cpu, id }: Hart): void {
    const args = Array.from({ length: ARGUMENTS }, (_, i) => cpu.getRegNumber(A0 + i));
    const call = { hart: id, extension: cpu.getRegNumber(A7), fid: cpu.getRegNumber(A6), args };
    const { error, value, isLegacy } = answerSbi(this.host, call);
    cpu.setReg(A0, BigInt.asUintN(64, BigInt(error)));
    if (!isLegacy) cpu.setReg(A1, BigInt.asUintN(64, BigInt(value)));
  }
}

function sbiHost(machine: SbiMachine): SbiHost {
  const { ram, harts, uart } = machine;
  const idOf = (number: number): number => Number(harts[0]!.cpu.getCsr(number) ?? 0n);
  return {
    harts: harts.length,
    machineIds: [idOf(mvendorid), idOf(marchid), idOf(mimpid)],
    setTimer: (hart, tick) => harts[hart]!.setTimer(tick),
    setSoftwareInterrupt: (hart, level) => machine.setSoftwareInterrupt(hart, level),
    flushTranslations: hart => harts[hart]!.cpu.flushTlb(),
    hartState: hart => harts[hart]!.state,
    startHart: (hart, address, opaque) => harts[hart]!.start(address, opaque),
    stopHart: hart => harts[hart]!.stop(),
    suspendHart: (hart, resume) => harts[hart]!.suspend(resume),
    loadVirtual: (hart, va) => {
      const pa = harts[hart]!.cpu.translate(BigInt(va), 'read');
      if (pa === undefined || !ram.contains(pa, 8)) return undefined;
      return joinWords(ram.read32(pa), ram.read32(pa + 4));
    },
    consoleWrite: byte => machine.print(byte),
    consoleRead: () => (uart.read(LSR) & LSR_DR ? uart.read(0) : -1),
    memory: (pa, length) => (ram.contains(pa, length) ? ram.bytes(pa, length) : undefined),
    memoryChanged: (pa, length) => ram.markDirty(pa, length),
    shutdown: isFailure => machine.end(isFailure ? 1 : 0),
    reboot: () => machine.requestReset(),
  };
}
