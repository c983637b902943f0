/** Compiles and runs batches of trees under qemu-riscv64, and compares each run with the reference. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hex } from '../../../emulator/base/bytes.ts';
import { compile } from '../compile.ts';
import type { Linked } from '../link.ts';
import { link } from '../link.ts';
import type { MProgram } from '../minsn.ts';
import { BATCH, joinModules, readOutcomes } from './batch.ts';
import { emitModule, WINDOW } from './emit.ts';
import type { Outcome } from './reference.ts';
import { ARGUMENTS, runReference } from './reference.ts';
import type { Tree } from './tree.ts';

/** Runs an executable of batch.ts; returns what it wrote until it ended, however it did. */
export type Runner = (elf: Uint8Array) => { stdout: Uint8Array; end: string };

const TIMEOUT_MS = 60_000;

export function hasQemu(): boolean {
  return spawnSync('qemu-riscv64', ['--version']).status === 0;
}

export const runQemu: Runner = elf => {
  const dir = mkdtempSync(join(tmpdir(), 'wasm-fuzz-'));
  try {
    const path = join(dir, 'batch.elf');
    writeFileSync(path, elf, { mode: 0o755 });
    const { stdout, status, signal, error } = spawnSync('qemu-riscv64', [path], {
      timeout: TIMEOUT_MS,
      maxBuffer: 1 << 27,
    });
    return { stdout, end: error ? error.message : signal ? `signal ${signal}` : `status ${status}` };
  } finally {
    rmSync(dir, { recursive: true });
  }
};

/** For each tree: null if all its runs agree, else what is wrong. */
export function compareAll(trees: readonly Tree[], runner: Runner): (string | null)[] {
  const verdicts: (string | null)[] = [];
  for (let at = 0; at < trees.length; at += BATCH) verdicts.push(...compareBatch(trees.slice(at, at + BATCH), runner));
  return verdicts;
}

function compareBatch(trees: readonly Tree[], runner: Runner): (string | null)[] {
  const verdicts: (string | null)[] = trees.map(() => null);
  const bytes = trees.map(emitModule);
  let pending: { index: number; program: MProgram }[] = [];
  bytes.forEach((module, index) => {
    try {
      pending.push({ index, program: compile(module) });
    } catch (e) {
      verdicts[index] = `compile: ${e instanceof Error ? e.stack : String(e)}`;
    }
  });
  while (pending.length > 0) {
    let linked: Linked;
    try {
      linked = link(joinModules(pending.map(({ program }) => program)), { target: 'user', unit: 'fuzz' });
    } catch (e) {
      if (pending.length > 1) {
        // One of them does not link: find it alone.
        for (const one of pending) verdicts[one.index] = compareBatch([trees[one.index]!], runner)[0]!;
        return verdicts;
      }
      verdicts[pending[0]!.index] = `link: ${e instanceof Error ? e.stack : String(e)}`;
      return verdicts;
    }
    const { stdout, end } = runner(linked.elf);
    const outcomes = readOutcomes(stdout, linked);
    const finished = Math.floor(outcomes.length / ARGUMENTS.length);
    pending.forEach(({ index }, i) => {
      if (i < finished) {
        const own = outcomes.slice(i * ARGUMENTS.length, (i + 1) * ARGUMENTS.length);
        verdicts[index] = difference(runReference(bytes[index]!), own);
      }
    });
    // Where the process died, the next module did it; those behind it have not run yet.
    const culprit = pending[finished];
    if (culprit) verdicts[culprit.index] = `ended with ${end} in run ${outcomes.length % ARGUMENTS.length}`;
    pending = pending.slice(finished + 1);
  }
  return verdicts;
}

function difference(expected: readonly Outcome[], actual: readonly Outcome[]): string | null {
  for (const [run, want] of expected.entries()) {
    const got = actual[run]!;
    const at = `run ${run}: `;
    if (want.trap !== got.trap) return `${at}trap ${got.trap}, not ${want.trap}`;
    if (want.result !== got.result) return `${at}result ${hex(got.result)}, not ${hex(want.result)}`;
    const byte = want.image.findIndex((value, i) => got.image[i] !== value);
    if (byte >= 0) return `${at}byte at ${hex(WINDOW + byte)} is ${got.image[byte]}, not ${want.image[byte]}`;
  }
  return null;
}
