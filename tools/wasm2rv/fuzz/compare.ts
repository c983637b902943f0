/** Compiles and runs batches of trees, and compares each run with the reference. */
import { hex } from '../../../emulator/base/bytes.ts';
import { compile } from '../compile.ts';
import type { Target } from '../link/layout.ts';
import type { Linked } from '../link/link.ts';
import { link } from '../link/link.ts';
import type { MProgram } from '../asm/minsn.ts';
import { joinModules, readOutcomes } from './batch.ts';
import { emitModule } from './emit.ts';
import type { Outcome } from './reference.ts';
import { ARGUMENTS, runReference } from './reference.ts';
import type { Runner } from './runners.ts';
import type { Tree } from './tree.ts';

/** A module for a target, with the exports that emitModule describes. */
export type EmitModule = (target: Target) => Uint8Array<ArrayBuffer>;

/** For each tree: null if all its runs agree, else what is wrong. */
export function compareAll(trees: readonly Tree[], runner: Runner): (string | null)[] {
  return compareModules(
    trees.map(tree => target => emitModule(tree, target)),
    runner,
  );
}

export function compareModules(modules: readonly EmitModule[], runner: Runner): (string | null)[] {
  const verdicts: (string | null)[] = [];
  const { batch } = runner;
  for (let at = 0; at < modules.length; at += batch) {
    verdicts.push(...compareBatch(modules.slice(at, at + batch), runner));
  }
  return verdicts;
}

function compareBatch(modules: readonly EmitModule[], runner: Runner): (string | null)[] {
  const verdicts: (string | null)[] = modules.map(() => null);
  const { target } = runner;
  let pending: { index: number; program: MProgram }[] = [];
  modules.forEach((emit, index) => {
    try {
      pending.push({ index, program: compile(emit(target)) });
    } catch (e) {
      verdicts[index] = `compile: ${e instanceof Error ? e.stack : String(e)}`;
    }
  });
  while (pending.length > 0) {
    let linked: Linked;
    try {
      linked = link(
        joinModules(
          pending.map(({ program }) => program),
          target,
        ),
        { target, unit: 'fuzz' },
      );
    } catch (e) {
      if (pending.length > 1) {
        // One of them does not link: find it alone.
        for (const one of pending) verdicts[one.index] = compareBatch([modules[one.index]!], runner)[0]!;
        return verdicts;
      }
      verdicts[pending[0]!.index] = `link: ${e instanceof Error ? e.stack : String(e)}`;
      return verdicts;
    }
    const { records, end } = runner.run(linked.elf);
    const outcomes = readOutcomes(records, linked, target);
    const finished = Math.floor(outcomes.length / ARGUMENTS.length);
    pending.forEach(({ index }, i) => {
      if (i < finished) {
        const own = outcomes.slice(i * ARGUMENTS.length, (i + 1) * ARGUMENTS.length);
        verdicts[index] = difference(runReference(modules[index]!('user')), own);
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
    if (byte >= 0) return `${at}byte ${hex(byte)} of the window is ${got.image[byte]}, not ${want.image[byte]}`;
  }
  return null;
}
