/**
 * The speed of our interpreter on integer code (the compiler's kernels, Sv39 on), and of qemu-system-riscv64 on the very
 * same image where it is installed. Each is timed from power-on to the finisher, so QEMU's figure includes its start.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineConfig } from '../../emulator/host/node/boot.ts';
import { Machine, Stop } from '../../emulator/machine/machine.ts';
import { runAsc } from '../wasm2rv/assembly-script.ts';
import { compile } from '../wasm2rv/compile.ts';
import { link } from '../wasm2rv/link.ts';
import type { Figure } from './figures.ts';

const KERNELS = 'tools/bench/kernels';
const QEMU = 'qemu-system-riscv64';
const QEMU_ARGS = ['-M', 'virt', '-m', '128M', '-bios', 'default', '-display', 'none', '-serial', 'null'];
const TIMEOUT_MS = 60_000;
const SLICE = 10_000_000;
const RUNS = 3;
const TARGET_MIPS = 150;

export async function interpreterFigures(): Promise<Figure[]> {
  const { wasm, map } = await runAsc(`${KERNELS}/speed.ts`, 'kernel', '.');
  const elf = link(compile(wasm), { target: 'kernel', unit: 'speed', sourceMap: map }).elf;
  const runs = Array.from({ length: RUNS }, () => runOurs(elf));
  const best = runs.reduce((a, b) => (a.ms < b.ms ? a : b));
  const mips = (ms: number): number => best.instructions / ms / 1000;
  const figure: Figure = {
    group: 'interpreter',
    name: 'integer kernels, Sv39',
    value: mips(best.ms),
    unit: 'MIPS',
    target: { atLeast: TARGET_MIPS },
  };
  if (spawnSync(QEMU, ['--version']).status === 0) figure.peer = { name: 'qemu', value: mips(runQemu(elf)) };
  return [figure];
}

function runOurs(elf: Uint8Array): { instructions: number; ms: number } {
  const machine = new Machine(machineConfig({ kernel: { name: 'speed', bytes: elf }, drives: [] }));
  machine.powerOn();
  const start = performance.now();
  for (;;) {
    const stop = machine.advance(SLICE);
    if (stop === Stop.Budget) continue;
    if (stop !== Stop.Ended || machine.exitCode !== 0) throw new Error(`the kernels failed: ${machine.exitCode}`);
    return { instructions: machine.cpu.instret, ms: performance.now() - start };
  }
}

/** ms */
function runQemu(elf: Uint8Array): number {
  const dir = mkdtempSync(join(tmpdir(), 'strata-speed-'));
  try {
    const image = join(dir, 'speed.elf');
    writeFileSync(image, elf);
    const start = performance.now();
    const { status } = spawnSync(QEMU, [...QEMU_ARGS, '-kernel', image], { timeout: TIMEOUT_MS });
    if (status !== 0) throw new Error(`${QEMU} ended the kernels with status ${status}`);
    return performance.now() - start;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
