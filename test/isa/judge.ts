/** Runs a program of random-program.ts: under qemu-riscv64 (the judge), on our CPU and on the oracle. All return the data area. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../../emulator/base/assert.ts';
import { viewOf } from '../../emulator/base/bytes.ts';
import { Ram } from '../../emulator/bus/ram.ts';
import { Cpu, Privilege } from '../../emulator/cpu/cpu.ts';
import { ExitReason } from '../../emulator/cpu/exit-reason.ts';
import type { MmioBus } from '../../emulator/cpu/engine.ts';
import { generateInterpreter } from '../../emulator/cpu/gen/module.ts';
import type { WasmTemplate } from '../../emulator/wasm/encoder.ts';
import { Oracle } from './oracle.ts';
import { CODE_BASE, DATA_BASE } from './random-program.ts';

export interface Program {
  readonly code: Uint8Array;
  readonly data: Uint8Array;
}

export const hasQemu = ((): boolean => {
  try {
    execFileSync('qemu-riscv64', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** A static ELF of two segments (ELF-64 object file format, chapters 1 and 5). */
function elf({ code, data }: Program): Uint8Array {
  const segments = [
    { va: CODE_BASE, bytes: code, flags: 5, off: PAGE },
    { va: DATA_BASE, bytes: data, flags: 6, off: PAGE + Math.ceil(code.length / PAGE) * PAGE },
  ];
  const out = new Uint8Array(PAGE + segments.reduce((n, s) => n + Math.ceil(s.bytes.length / PAGE) * PAGE, 0));
  const view = viewOf(out);
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 243, true); // EM_RISCV
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(CODE_BASE), true);
  view.setBigUint64(32, 64n, true);
  view.setUint32(48, 5, true); // RVC, double-float ABI
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  segments.forEach(({ va, bytes, flags, off }, i) => {
    const at = 64 + 56 * i;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, flags, true);
    for (const [field, value] of [off, va, va, bytes.length, bytes.length, PAGE].entries()) {
      view.setBigUint64(at + 8 + 8 * field, BigInt(value), true);
    }
    out.set(bytes, off);
  });
  return out;
}

export function runOnQemu(program: Program): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'strata-isa-'));
  try {
    const file = join(folder, 'program');
    writeFileSync(file, elf(program));
    chmodSync(file, 0o755);
    return execFileSync('qemu-riscv64', [file], { timeout: 20_000, maxBuffer: 1 << 24 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const nothing: MmioBus = {
  hi: 0,
  fault: true,
  read: () => 0,
  write: () => {},
};

const RAM_BYTES = 8 << 20;
/** Where data pages are under paging, in reverse order, and the tables that say so. */
const PAGED_DATA_END = CODE_BASE - 0x1000 + RAM_BYTES;
const TABLES = DATA_BASE - 0x8000;
const PAGE = 4096;
const USUAL = 0xcf; // D, A, X, W, R, V

/** How the CPU is to run a program; all must come to the same. */
export const Mode = {
  /** The fast loop, physical addresses. */
  Bare: 'bare',
  /** The fast loop under Sv39: neighbouring data pages are no neighbours in memory. */
  Paged: 'paged',
  /** Every instruction by the step function. */
  Step: 'step',
} as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

function makeCpu(interpreter?: WasmTemplate): { cpu: Cpu; ram: Ram } {
  const ram = new Ram(RAM_BYTES);
  return {
    ram,
    cpu: new Cpu({ ram, bus: nothing, hartid: 0, time: () => 0, ...(interpreter ? { interpreter } : {}) }),
  };
}
const fast = makeCpu();
const stepping = makeCpu(generateInterpreter(true));

/** To the first ecall. */
export function runOnOracle({ code, data }: Program): Uint8Array {
  const bytes = data.slice();
  const segments = [
    { base: CODE_BASE, bytes: code },
    { base: DATA_BASE, bytes },
  ];
  const oracle = new Oracle(segments, BigInt(CODE_BASE));
  while (!oracle.isDone) oracle.step();
  return bytes;
}

let ran = 0;
/** Instructions of the last `runOnCpu`. */
export function instructionsRun(): number {
  return ran;
}

/** In S-mode; the first ecall ends it. */
export function runOnCpu({ code, data }: Program, mode: Mode = Mode.Bare, maxInstructions = 10_000_000): Uint8Array {
  const { cpu, ram } = mode === Mode.Step ? stepping : fast;
  assert(CODE_BASE + code.length <= TABLES, 'the code reaches the page tables');
  ram.write(CODE_BASE, code);
  const pages = Math.ceil(data.length / PAGE);
  const placeOf = (page: number): number =>
    mode === Mode.Paged ? PAGED_DATA_END - (page + 1) * PAGE : DATA_BASE + page * PAGE;
  for (let i = 0; i < pages; i++) ram.write(placeOf(i), data.subarray(i * PAGE, (i + 1) * PAGE));
  cpu.isSbiEnabled = true;
  cpu.reset(CODE_BASE, Privilege.S);
  cpu.setCsr(0x100, 0x6000n); // sstatus.FS: dirty
  if (mode === Mode.Paged) cpu.setCsr(0x180, pageTables(ram, pages, placeOf));
  const before = cpu.instret;
  const reason = cpu.run(maxInstructions);
  ran = cpu.instret - before;
  if (reason !== ExitReason.SbiCall) throw new Error(`stopped with ${reason} at ${cpu.pc.toString(16)}`);
  const out = new Uint8Array(data.length);
  for (let i = 0; i < pages; i++) {
    out.set(ram.bytes(placeOf(i), Math.min(PAGE, data.length - i * PAGE)), i * PAGE);
  }
  return out;
}

/** Sv39 for the region of 8 MiB at 2 GiB: code where it is, data pages as told. Returns satp. */
function pageTables(ram: Ram, pages: number, placeOf: (page: number) => number): bigint {
  const set = (pa: number, target: number, flags: number): void => ram.write32(pa, ((target >>> 12) << 10) | flags);
  ram.fill(TABLES, 6 * PAGE, 0);
  set(TABLES + 8 * 2, TABLES + PAGE, 1);
  for (let i = 0; i < 4; i++) set(TABLES + PAGE + 8 * i, TABLES + (2 + i) * PAGE, 1);
  const leaf = (va: number, pa: number): void => set(TABLES + 2 * PAGE + 8 * ((va - ram.base) / PAGE), pa, USUAL);
  for (let va = ram.base; va < TABLES; va += PAGE) leaf(va, va);
  for (let i = 0; i < pages; i++) leaf(DATA_BASE + i * PAGE, placeOf(i));
  return (8n << 60n) | BigInt(TABLES / PAGE);
}
