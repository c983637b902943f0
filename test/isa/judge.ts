/** Runs a program of random-program.ts: under qemu-riscv64 (the judge) and on our CPU. Both return the data area. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { viewOf } from '../../emulator/base/bytes.ts';
import { Ram } from '../../emulator/bus/ram.ts';
import { Cpu, ExitReason, Privilege, type MmioBus } from '../../emulator/cpu/cpu.ts';
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
  const PAGE = 4096;
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

const shared = new Ram(4 << 20);
const cpu = new Cpu({ ram: shared, bus: nothing, hartid: 0, time: () => 0 });

/** In S-mode without paging; the first ecall ends it. */
export function runOnCpu({ code, data }: Program, maxInstructions = 10_000_000): Uint8Array {
  shared.write(CODE_BASE, code);
  shared.write(DATA_BASE, data);
  cpu.isSbiEnabled = true;
  cpu.reset(CODE_BASE, Privilege.S);
  cpu.setCsr(0x100, 0x6000n); // sstatus.FS: dirty
  const reason = cpu.run(maxInstructions);
  if (reason !== ExitReason.SbiCall) throw new Error(`stopped with ${reason} at ${cpu.pc.toString(16)}`);
  return shared.bytes(DATA_BASE, data.length).slice();
}
