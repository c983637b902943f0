/**
 * The speed of our interpreter (programs of our own on the bare machine, Sv39 on), and of qemu-system-riscv64 on the very
 * same images where it is installed. Each is timed from power-on to the finisher, so QEMU's figure includes its start.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineConfig } from '../../emulator/session/machine-options.ts';
import { Machine, Stop } from '../../emulator/machine/machine.ts';
import { runAsc } from '../wasm2rv/assembly-script.ts';
import { compile } from '../wasm2rv/compile.ts';
import { link } from '../wasm2rv/link/link.ts';
import { FLOAT_LOOPS, floatLoopImage } from './float.ts';
import type { Figure } from './figures.ts';

const KERNELS = 'tools/bench/kernels';
const QEMU = 'qemu-system-riscv64';
const QEMU_ARGS = ['-M', 'virt', '-m', '128M', '-display', 'none', '-serial', 'null'];
const TIMEOUT_MS = 60_000;
const SLICE = 10_000_000;
const RUNS = 3;

/** A file in kernels/, and what the issue asks of it. */
const PROGRAMS: readonly { readonly name: string; readonly file: string; readonly atLeast?: number }[] = [
  { name: "the compiler's kernels", file: 'speed', atLeast: 300 },
  { name: 'lists, matrices, states (as CoreMark)', file: 'lists', atLeast: 300 },
  { name: 'records, strings, calls (as Dhrystone)', file: 'records', atLeast: 300 },
  { name: 'pointers through 16 MiB', file: 'chase' },
  { name: 'doubles', file: 'numeric' },
  { name: 'indirect calls', file: 'dispatch' },
];

export async function interpreterFigures(): Promise<Figure[]> {
  const hasQemu = spawnSync(QEMU, ['--version']).status === 0;
  const figures: Figure[] = [];
  for (const { name, file, atLeast } of PROGRAMS) {
    const { wasm, map } = await runAsc(`${KERNELS}/${file}.ts`, 'kernel', '.');
    const elf = link(compile(wasm), { target: 'kernel', unit: file, sourceMap: map }).elf;
    figures.push({
      ...figureOf(name, elf, 'kernel', hasQemu),
      ...(atLeast === undefined ? {} : { target: { atLeast } }),
    });
  }
  for (const loop of FLOAT_LOOPS) figures.push(figureOf(loop.name, floatLoopImage(loop), 'bios', hasQemu));
  return figures;
}

/** @param as what the image is to the machine: a kernel, or firmware in M-mode. */
function figureOf(name: string, image: Uint8Array, as: 'kernel' | 'bios', hasQemu: boolean): Figure {
  const runs = Array.from({ length: RUNS }, () => runOurs(image, as));
  const best = runs.reduce((a, b) => (a.ms < b.ms ? a : b));
  const mips = (ms: number): number => best.instructions / ms / 1000;
  const peer = hasQemu ? { peer: { name: 'qemu', value: mips(runQemu(image, as)) } } : {};
  return { group: 'interpreter', name, value: mips(best.ms), unit: 'MIPS', ...peer };
}

function runOurs(image: Uint8Array, as: 'kernel' | 'bios'): { instructions: number; ms: number } {
  const machine = new Machine(machineConfig({ [as]: { name: 'speed', bytes: image }, drives: [] }));
  machine.powerOn();
  const start = performance.now();
  for (;;) {
    const stop = machine.advance(SLICE);
    if (stop === Stop.Budget) continue;
    if (stop !== Stop.Ended || machine.exitCode !== 0) throw new Error(`the program failed: ${machine.exitCode}`);
    return { instructions: machine.instret, ms: performance.now() - start };
  }
}

/** ms */
function runQemu(bytes: Uint8Array, as: 'kernel' | 'bios'): number {
  const dir = mkdtempSync(join(tmpdir(), 'strata-speed-'));
  try {
    const image = join(dir, 'speed');
    writeFileSync(image, bytes);
    const start = performance.now();
    const { status } = spawnSync(QEMU, [...QEMU_ARGS, `-${as}`, image], { timeout: TIMEOUT_MS });
    if (status !== 0) throw new Error(`${QEMU} ended the program with status ${status}`);
    return performance.now() - start;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
