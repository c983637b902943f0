/**
 * The compiler against gcc: the six kernels of kernels/ in AssemblyScript (bounds checks on) and in C at -O2, in retired
 * instructions. Both run on the bare virt board under qemu-system-riscv64 -icount, where the instret counter is exact and
 * the same on every host.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../emulator/base/user-error.ts';
import { runAsc } from '../wasm2rv/assembly-script.ts';
import { compile } from '../wasm2rv/compile.ts';
import { link } from '../wasm2rv/link/link.ts';
import type { Figure } from './figures.ts';

export interface KernelFigures {
  name: string;
  /** Retired instructions. */
  ours: number;
  gcc: number;
  ratio: number;
}
export interface CompilerFigures {
  kernels: KernelFigures[];
  geometricMean: number;
}

const KERNELS = 'tools/bench/kernels';
const GCC = 'riscv64-linux-gnu-gcc';
const GCC_FLAGS =
  '-O2 -march=rv64gc -mabi=lp64d -mcmodel=medany -ffreestanding -fno-pic -fno-stack-protector -nostdlib -static -no-pie ' +
  '-Wl,--build-id=none,--no-warn-rwx-segments';
const QEMU = 'qemu-system-riscv64';
const TIMEOUT_MS = 60_000;

/** The judges that are not installed. */
function missingJudges(): string[] {
  return [GCC, QEMU].filter(command => spawnSync(command, ['--version']).status !== 0);
}

export function canBenchCompiler(): boolean {
  return missingJudges().length === 0;
}

/** Why there is no comparison on this host, and what to do; nothing where there can be one. */
export function whyNoCompilerBench(missing: readonly string[] = missingJudges()): UserError | undefined {
  if (missing.length === 0) return undefined;
  return new UserError(
    `the comparison of compilers needs ${missing.join(' and ')}`,
    'install the Debian packages gcc-riscv64-linux-gnu and qemu-system-misc',
  );
}

/** Runs from the repository's root. */
export async function benchCompiler(): Promise<CompilerFigures> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-compiler-'));
  try {
    const ours = join(dir, 'ours.elf');
    const { wasm, map } = await runAsc(`${KERNELS}/main.ts`, 'kernel', '.');
    writeFileSync(ours, link(compile(wasm), { target: 'kernel', unit: 'kernels', sourceMap: map }).elf);
    const gcc = join(dir, 'gcc.elf');
    const sources = ['main.c', 'kernels.c'].map(name => `${KERNELS}/${name}`);
    execFileSync(GCC, [...GCC_FLAGS.split(' '), '-T', `${KERNELS}/link.ld`, '-o', gcc, ...sources]);
    return compareCounts(count(ours), count(gcc));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The comparison as rows of the common table; where a judge is not installed, none, and standard error says which. */
export async function compilerFigures(): Promise<Figure[]> {
  const obstacle = whyNoCompilerBench();
  if (obstacle) {
    process.stderr.write(`bench: compiler: left out: ${obstacle.message}; ${obstacle.hint}\n`);
    return [];
  }
  const { kernels, geometricMean } = await benchCompiler();
  return [
    ...kernels.map(({ name, ours, gcc }) => ({
      group: 'compiler',
      name,
      value: ours,
      unit: 'instructions',
      peer: { name: 'gcc -O2', value: gcc },
    })),
    { group: 'compiler', name: 'geometric mean', value: geometricMean, unit: '× gcc -O2', target: { atMost: 1.5 } },
  ];
}

export function formatCompilerFigures({ kernels, geometricMean }: CompilerFigures): string {
  const rows = [
    ['kernel', 'wasm2rv', 'gcc -O2', 'ratio'],
    ...kernels.map(k => [k.name, String(k.ours), String(k.gcc), k.ratio.toFixed(2)]),
    ['geometric mean', '', '', geometricMean.toFixed(2)],
  ];
  return rows.map(([name, ...numbers]) => name!.padEnd(16) + numbers.map(n => n.padStart(12)).join('')).join('\n');
}

interface Count {
  instructions: number;
  result: number;
}

/** Runs an image and reads its `name instructions result` lines. */
function count(image: string): Map<string, Count> {
  const args = ['-M', 'virt', '-m', '128M', '-bios', 'default', '-display', 'none', '-serial', 'stdio'];
  const { stdout } = spawnSync(QEMU, [...args, '-icount', 'shift=0', '-kernel', image], {
    encoding: 'utf8',
    input: '',
    timeout: TIMEOUT_MS,
  });
  const lines = [...stdout.matchAll(/^([a-z0-9-]+) (\d+) (\d+)\r?$/gm)];
  if (lines.length === 0) throw new UserError(`${image} printed no counts: ${stdout.slice(-200)}`, 'run it by hand');
  return new Map(lines.map(([, name, n, result]) => [name!, { instructions: Number(n), result: Number(result) }]));
}

function compareCounts(ours: Map<string, Count>, gcc: Map<string, Count>): CompilerFigures {
  const kernels = [...gcc].map(([name, theirs]) => {
    const mine = ours.get(name);
    if (mine?.result !== theirs.result) throw new Error(`${name}: the twins disagree on the result`);
    const ratio = mine.instructions / theirs.instructions;
    return { name, ours: mine.instructions, gcc: theirs.instructions, ratio };
  });
  const geometricMean = Math.exp(kernels.reduce((sum, k) => sum + Math.log(k.ratio), 0) / kernels.length);
  return { kernels, geometricMean };
}
