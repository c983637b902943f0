/** Where batches run: under qemu-riscv64 as a Linux program, and on our own machine without an operating system. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { viewOf } from '../../../emulator/base/bytes.ts';
import { VIRTUAL_EPOCH_MS } from '../../../emulator/machine/config.ts';
import { Machine, Stop } from '../../../emulator/machine/machine.ts';
import type { Target } from '../link/layout.ts';
import { BATCH } from './batch.ts';
import { placesOf, STATE } from './harness.ts';

/** Runs an executable of batch.ts; returns the records that it delivered until it ended, however it did. */
export interface Runner {
  readonly target: Target;
  /** Modules in one executable. */
  readonly batch: number;
  run(elf: Uint8Array): { records: Uint8Array; end: string };
}

const TIMEOUT_MS = 60_000;
const MEMORY_MIB = 64;
const MAX_INSTRUCTIONS = 100_000_000;

export function hasQemu(): boolean {
  return spawnSync('qemu-riscv64', ['--version']).status === 0;
}

export const QEMU: Runner = {
  target: 'user',
  batch: BATCH,
  run(elf) {
    const dir = mkdtempSync(join(tmpdir(), 'wasm-fuzz-'));
    try {
      const path = join(dir, 'batch.elf');
      writeFileSync(path, elf, { mode: 0o755 });
      const { stdout, status, signal, error } = spawnSync('qemu-riscv64', [path], {
        timeout: TIMEOUT_MS,
        maxBuffer: 1 << 27,
      });
      return { records: stdout, end: error ? error.message : signal ? `signal ${signal}` : `status ${status}` };
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
};

export const OUR_MACHINE: Runner = {
  target: 'kernel',
  // Code and constants have 2 MiB.
  batch: 100,
  run(elf) {
    const machine = new Machine({
      memoryMiB: MEMORY_MIB,
      bios: 'default',
      kernel: { name: 'batch', bytes: elf },
      append: '',
      devices: [],
      isVirtioLegacy: false,
      icountShift: 0,
      isRebootRefused: true,
      epochMs: VIRTUAL_EPOCH_MS,
      seed: 1,
      guestError: () => {},
    });
    machine.powerOn();
    const stop = machine.advance(MAX_INSTRUCTIONS);
    const { state, records } = placesOf('kernel');
    const reached = viewOf(machine.ram.bytes(state, 32)).getUint32(STATE.record, true);
    return {
      records: machine.ram.bytes(records, Math.max(0, reached - records)).slice(),
      end: stop === Stop.Ended ? `status ${machine.exitCode}` : `no end after ${MAX_INSTRUCTIONS} instructions`,
    };
  },
};
