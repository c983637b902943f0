/** A hart with RAM and no devices, for directed tests: code at CODE_BASE, a recording bus, page tables on request. */
import { Ram } from '../../emulator/bus/ram.ts';
import { Cpu, Privilege } from '../../emulator/cpu/cpu.ts';
import type { MmioBus } from '../../emulator/cpu/engine.ts';
import { Assembly, CODE_BASE } from './random-program.ts';

export const RAM_BASE = 0x8000_0000;
export const HANDLER = 0x8002_0000;
export const PAGE_TABLES = 0x8020_0000;
export const DEVICE = 0x1000_0000;

/** jal zero, . */
const SPIN = 0x6f;

export const PTE = { V: 1, R: 2, W: 4, X: 8, U: 16, A: 64, D: 128 } as const;

/** One register at DEVICE; everything else faults. */
class RecordingBus implements MmioBus {
  hi = 0;
  fault = false;
  readonly log: string[] = [];
  value = 0x1122_3344;
  onAccess: (() => void) | undefined;

  read(pa: number, width: number): number {
    this.log.push(`read ${pa.toString(16)} ${width}`);
    return this.answer(pa);
  }
  write(pa: number, width: number, lo: number, hi: number): void {
    this.log.push(`write ${pa.toString(16)} ${width} ${hi.toString(16)}:${lo.toString(16)}`);
    this.answer(pa);
  }
  private answer(pa: number): number {
    this.fault = pa < DEVICE || pa >= DEVICE + 8;
    if (this.fault) return 0;
    this.onAccess?.();
    this.hi = 0x5566_7788;
    return this.value;
  }
}

export interface Hart {
  readonly cpu: Cpu;
  readonly ram: Ram;
  readonly bus: RecordingBus;
}

/** Loads what `write` assembles and resets to its start. At HANDLER, every vector spins. */
export function hartWith(write: (out: Assembly) => void, mode: Privilege = Privilege.M): Hart {
  const ram = new Ram(4 << 20);
  const bus = new RecordingBus();
  const cpu: Cpu = new Cpu({ ram, bus, hartid: 3, time: () => 1000 + cpu.instret });
  const out = new Assembly();
  write(out);
  ram.write(CODE_BASE, Uint8Array.from(out.bytes));
  for (let vector = 0; vector < 16; vector++) ram.write32(HANDLER + 4 * vector, SPIN);
  cpu.reset(CODE_BASE, mode);
  return { cpu, ram, bus };
}

/**
 * Sv39 tables: identity gigapage for RAM (supervisor, all rights), then 4 KiB pages as told, which are also to be found
 * at the same distance above 0xffff_ffff_c000_0000. Returns satp.
 */
export function sv39(ram: Ram, pages: readonly { va: number; pa: number; flags: number }[]): bigint {
  const table = (index: number): number => PAGE_TABLES + 4096 * index;
  const set = (pa: number, pte: bigint): void => {
    ram.write32(pa, Number(pte & 0xffff_ffffn));
    ram.write32(pa + 4, Number(pte >> 32n));
  };
  const pointer = (pa: number): bigint => (BigInt(pa) >> 2n) | 1n;
  const { V, R, W, X, A, D } = PTE;
  set(table(0) + 8 * 2, (BigInt(RAM_BASE) >> 2n) | BigInt(V | R | W | X | A | D));
  // All small pages share one 2 MiB region at virtual 0x4000_0000.
  set(table(0) + 8, pointer(table(1)));
  set(table(0) + 8 * 511, pointer(table(1)));
  set(table(1), pointer(table(2)));
  for (const { va, pa, flags } of pages) {
    set(table(2) + 8 * ((va >>> 12) & 511), (BigInt(pa) >> 2n) | BigInt(flags));
  }
  return (8n << 60n) | (BigInt(table(0)) >> 12n);
}
