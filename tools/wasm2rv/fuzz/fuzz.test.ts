/** 300 random programs with fixed seeds agree; the comparison notices a miscompiled one; the shrinker shrinks it. */
import { expect, test } from 'vitest';
import { compareAll } from './compare.ts';
import { generate } from './generate.ts';
import { emitModule } from './emit.ts';
import { printTree } from './print.ts';
import { runReference } from './reference.ts';
import type { Runner } from './runners.ts';
import { hasQemu, OUR_MACHINE, QEMU } from './runners.ts';
import { shrink } from './shrink.ts';
import type { Node, Tree } from './tree.ts';

const FIRST_SEED = 1;
const COUNT = 300;
const seeds = Array.from({ length: COUNT }, (_, i) => FIRST_SEED + i);

test('the generator is deterministic and makes valid modules, most of which run to their end', () => {
  let traps = 0;
  for (const seed of seeds.slice(0, 60)) {
    const bytes = emitModule(generate(seed));
    expect(emitModule(generate(seed))).toEqual(bytes);
    expect(WebAssembly.validate(bytes)).toBe(true);
    for (const outcome of runReference(bytes)) if (outcome.trap !== 0) traps++;
  }
  expect(traps).toBeGreaterThan(5);
  expect(traps).toBeLessThan(90);
});

function disagreements(runner: Runner, chosen: readonly number[], size: number): string[] {
  const verdicts = compareAll(
    chosen.map(seed => generate(seed, size)),
    runner,
  );
  return verdicts.flatMap((verdict, i) => (verdict === null ? [] : [`seed ${chosen[i]}: ${verdict}`]));
}

const NAME = `seeds ${FIRST_SEED} to ${FIRST_SEED + COUNT - 1} agree`;
const TIMEOUT_MS = 120_000;

test(`${NAME} on our machine`, () => expect(disagreements(OUR_MACHINE, seeds, 1)).toEqual([]), TIMEOUT_MS);

test(
  'large programs agree on our machine',
  () => expect(disagreements(OUR_MACHINE, seeds.slice(0, 20), 6)).toEqual([]),
  TIMEOUT_MS,
);

test.skipIf(!hasQemu())(
  `${NAME} under qemu-riscv64 (Debian package qemu-user)`,
  () => expect(disagreements(QEMU, seeds, 1)).toEqual([]),
  TIMEOUT_MS,
);

test('a run that dies is put down to its program, and the others still run', () => {
  const trees = seeds.slice(0, 6).map(seed => generate(seed));
  let isFirst = true;
  const verdicts = compareAll(trees, {
    ...OUR_MACHINE,
    run(elf) {
      const { records, end } = OUR_MACHINE.run(elf);
      if (!isFirst) return { records, end };
      isFirst = false;
      // The third program never gets to deliver its second record.
      return { records: records.subarray(0, Math.floor((records.length / trees.length) * 2.4)), end: 'signal SIGSEGV' };
    },
  });
  expect(verdicts).toEqual([null, null, expect.stringContaining('SIGSEGV'), null, null, null]);
});

test('the shrinker finds the operation that is to blame', () => {
  const I64_REM_U = 0x82;
  const contains = (n: Node): boolean => (n.op === 'simple' && n.imm === I64_REM_U) || n.kids.some(contains);
  const isBad = (tree: Tree): boolean => tree.functions.some(fn => contains(fn.body));
  const seed = seeds.find(s => isBad(generate(s)))!;
  const small = shrink(generate(seed), trees => trees.map(isBad));
  expect(isBad(small)).toBe(true);
  const count = (n: Node): number => n.kids.reduce((sum, kid) => sum + count(kid), 1);
  expect(small.functions.reduce((sum, fn) => sum + count(fn.body), 0)).toBeLessThan(25);
  expect(printTree({ ...small, table: small.functions.map((_, i) => i) })).toContain('global 0');
});
