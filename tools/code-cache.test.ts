/** bin/code-cache.cjs: kept code is used for the very program it was made of, and for no other. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Script } from 'node:vm';
import { afterAll, expect, test } from 'vitest';

const CODE_CACHE = resolve('bin/code-cache.cjs');
const { compile, save } = createRequire(import.meta.url)(CODE_CACHE) as {
  compile(program: string): Script | undefined;
  save(program: string, script: Script): void;
};

const folder = mkdtempSync(join(tmpdir(), 'strata-code-'));
const program = join(folder, 'program.cjs');
afterAll(() => rmSync(folder, { recursive: true }));

/** @param stamp a digit that stands for what is in it */
function write(answer: number, stamp: number): void {
  writeFileSync(program, `require.answer = ${answer};\n// ${`${stamp}`.repeat(64)}\n`);
}
/** In a process of its own: V8 remembers what it has compiled in this one. */
function run(): { answer: number; isRejected?: boolean } {
  const source = `
    const script = require(${JSON.stringify(CODE_CACHE)}).compile(${JSON.stringify(program)});
    const result = {};
    script.runInThisContext()(result, '');
    console.log(JSON.stringify({ answer: result.answer, isRejected: script.cachedDataRejected }));`;
  return JSON.parse(execFileSync(process.execPath, ['-e', source], { encoding: 'utf8' })) as ReturnType<typeof run>;
}

test('without kept code, with it, and with that of another program', () => {
  expect(compile(program)).toBeUndefined();
  write(1, 1);
  expect(run()).toEqual({ answer: 1 });
  save(program, compile(program)!);
  expect(run()).toEqual({ answer: 1, isRejected: false });
  // Of the same length, so that V8 would take it.
  write(2, 2);
  expect(run()).toEqual({ answer: 2 });
});

test('kept code that is cut short is refused by V8', () => {
  write(3, 3);
  save(program, compile(program)!);
  const kept = readFileSync(`${program}.cache`);
  writeFileSync(`${program}.cache`, kept.subarray(0, kept.length - 16));
  expect(run()).toEqual({ answer: 3, isRejected: true });
});

test.each([
  ['Node', process.version],
  ['processor', process.arch],
])('code of another %s is not used', (_, name) => {
  write(4, 4);
  save(program, compile(program)!);
  const kept = readFileSync(`${program}.cache`);
  kept.write('?', kept.indexOf(name));
  writeFileSync(`${program}.cache`, kept);
  expect(run()).toEqual({ answer: 4 });
});
