/** `wasm-fuzz`: random wasm programs, run in Node and as RV64 code, must agree. */
import { parseArgs } from 'node:util';
import { UserError } from '../../../emulator/base/user-error.ts';
import { runProgram } from '../../run-program.ts';
import { compareAll } from './compare.ts';
import { generate } from './generate.ts';
import { printTree } from './print.ts';
import type { Runner } from './runners.ts';
import { hasQemu, OUR_MACHINE, QEMU } from './runners.ts';
import { shrink } from './shrink.ts';
import type { Tree } from './tree.ts';

const HELP = `usage: wasm-fuzz [--seed N] [--count N] [--size N] [--on machine|qemu] [--no-shrink]

Runs random programs with seeds N, N+1, ... in this WebAssembly engine and, compiled by wasm2rv, on our machine (default)
or under qemu-riscv64. Prints each one that differs, made small, and ends with status 1 if there was any.

  --seed N     the first seed; default: from the clock
  --count N    how many programs; default 300
  --size N     how large functions are; default 1
  --on WHERE   machine or qemu
  --no-shrink  print failures as they are found
`;

const CHUNK = 300;

runProgram(() => {
  const { values } = parse();
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const runner = runnerNamed(values.on);
  const first = values.seed === undefined ? Date.now() % 1_000_000_000 : natural(values.seed);
  const count = natural(values.count);
  const size = natural(values.size);
  const make = (seed: number): Tree => generate(seed, size);
  let failures = 0;
  for (let done = 0; done < count; done += CHUNK) {
    const seeds = Array.from({ length: Math.min(CHUNK, count - done) }, (_, i) => first + done + i);
    compareAll(seeds.map(make), runner).forEach((verdict, i) => {
      if (verdict === null) return;
      failures++;
      process.stdout.write(`seed ${seeds[i]}: ${verdict}\n`);
      if (!values['no-shrink']) reportSmall(make(seeds[i]!), runner);
    });
  }
  process.stdout.write(`seeds ${first} to ${first + count - 1}: ${count} programs, ${failures} differ\n`);
  if (failures > 0) process.exitCode = 1;
});

function parse() {
  try {
    return parseArgs({
      options: {
        seed: { type: 'string' },
        count: { type: 'string', default: '300' },
        size: { type: 'string', default: '1' },
        on: { type: 'string', default: 'machine' },
        'no-shrink': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (e) {
    throw new UserError(e instanceof Error ? e.message : String(e), 'see wasm-fuzz --help');
  }
}

function natural(text: string): number {
  if (!/^\d+$/.test(text)) throw new UserError(`${text} is not a number`, 'see wasm-fuzz --help');
  return Number(text);
}

function runnerNamed(name: string): Runner {
  if (name === 'machine') return OUR_MACHINE;
  if (name !== 'qemu') throw new UserError(`--on ${name}: no such place`, 'use machine or qemu');
  if (!hasQemu()) throw new UserError('qemu-riscv64 is not installed', 'install the Debian package qemu-user');
  return QEMU;
}

function reportSmall(tree: Tree, runner: Runner): void {
  const small = shrink(tree, trees => compareAll(trees, runner).map(v => v !== null));
  const [now] = compareAll([small], runner);
  process.stdout.write(`made small (${now ?? 'no longer fails'}):\n${printTree(small)}\n\n`);
}
