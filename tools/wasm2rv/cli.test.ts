/** The command lines end to end: AssemblyScript in, Linux programs out, run under qemu-riscv64; and what bad input gets. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSync } from 'esbuild';

const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const hasQemu = has('qemu-riscv64');
const hasGdb = has('gdb-multiarch');
const GDB_PORT = 20000 + (process.pid % 20000);

let dir = '';
beforeAll(() => {
  // Below the root, so that bundles find node_modules, and the library that asrv brings is one folder up.
  mkdirSync('dist', { recursive: true });
  dir = mkdtempSync(join(process.cwd(), 'dist', 'cli-test-'));
  buildSync({
    entryPoints: { asrv: 'tools/wasm2rv/asrv.ts', wasm2rv: 'tools/wasm2rv/cli.ts' },
    outdir: join(dir, 'dist'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    define: { 'import.meta.url': JSON.stringify(`file://${process.cwd()}/dist/x.mjs`) },
  });
});
afterAll(() => rmSync(dir, { recursive: true }));

function run(tool: 'asrv' | 'wasm2rv', ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(dir, 'dist', `${tool}.mjs`), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
}

const PROGRAM = `
import { args, readStartup } from "guest-kernel/user/libc/program";
import { stdout } from "guest-kernel/user/libc/out";

class Shape {
  constructor(public name: string) {}
  area(): f64 { return 0; }
}
class Square extends Shape {
  constructor(public side: f64) { super("square"); }
  area(): f64 { return this.side * this.side; }
}

function primesBelow(limit: i32): i32 {
  const composite = new Uint8Array(limit);
  let count = 0;
  for (let i = 2; i < limit; i++) {
    if (composite[i]) continue;
    count++;
    for (let k = i * 2; k < limit; k += i) composite[k] = 1;
  }
  return count;
}

export function main(sp: u64): void {
  readStartup(sp);
  for (let i = 1; i < args.length; i++) stdout.bytes(args[i]).line();
  stdout.dec(primesBelow(100000)).line();
  const shapes: Shape[] = [new Square(1.5), new Shape("none")];
  for (let i = 0; i < shapes.length; i++) stdout.text(shapes[i].name).text(shapes[i].area().toString()).line();
  const words = new Map<string, i32>();
  const text = "one two one three two one".split(" ");
  for (let i = 0; i < text.length; i++) words.set(text[i], words.has(text[i]) ? words.get(text[i]) + 1 : 1);
  const keys = words.keys().sort();
  for (let i = 0; i < keys.length; i++) stdout.text(keys[i]).dec(words.get(keys[i]), 3).line();
  stdout.flush();
}
`;

describe.skipIf(!hasQemu)('asrv (needs qemu-riscv64 of Debian package qemu-user)', () => {
  test('builds a program with classes, maps, floats and a growing heap', () => {
    const source = join(dir, 'prog.ts');
    writeFileSync(source, PROGRAM);
    const output = join(dir, 'prog');
    expect(run('asrv', source, '-o', output)).toMatchObject({ status: 0, stderr: '' });
    const { stdout, status } = spawnSync('qemu-riscv64', [output, 'a', 'b c'], { encoding: 'utf8', timeout: 20_000 });
    expect(stdout).toBe('a\nb c\n9592\nsquare2.25\nnone0.0\none  3\nthree  1\ntwo  2\n');
    expect(status).toBe(0);
  });

  test.skipIf(!hasGdb)('gdb breaks on file:line and names the callers (needs gdb-multiarch)', async () => {
    const source = join(dir, 'lines.ts');
    writeFileSync(
      source,
      [
        'function fib(n: u64): u64 {',
        '  if (n < 2)',
        '    return n;',
        '  return fib(n - 1) + fib(n - 2);',
        '}',
        'export function main(sp: u64): void {',
        '  if (fib((sp & 1) + 12) == 0) unreachable();',
        '}',
        '',
      ].join('\n'),
    );
    const output = join(dir, 'lines');
    expect(run('asrv', source, '-o', output)).toMatchObject({ status: 0, stderr: '' });
    const machine = spawn('qemu-riscv64', ['-g', String(GDB_PORT), output], { stdio: 'ignore' });
    try {
      const commands = [
        'set pagination off',
        'set tcp connect-timeout 15',
        `target remote :${GDB_PORT}`,
        'info line fib',
        'break lines.ts:3',
        // Not the first hit: one in the middle of the recursion, wherever inlining has put copies of the line.
        'ignore 1 9',
        'continue',
        'backtrace',
        'kill',
      ].flatMap(command => ['-ex', command]);
      const { stdout } = spawnSync('gdb-multiarch', ['-nx', '-batch', ...commands, output], {
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect(stdout).toMatch(/Line 2 of "[^"]*lines\.ts" starts at address/);
      expect(stdout).toMatch(/Breakpoint 1[.0-9]*, fib \(\) at .*lines\.ts:/);
      expect(stdout).toMatch(/#1 .* fib \(\) at .*lines\.ts:4\n/);
      expect(stdout).toMatch(/#[3-9] .* main \(\) at .*lines\.ts:\d+\n/);
    } finally {
      machine.kill();
    }
  });
});

describe('wasm2rv', () => {
  const wasm = (): string => {
    const path = join(dir, 'empty.wasm');
    // A module with one function, exported as main: (i64) -> ().
    const bytes = [
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      [1, 5, 1, 0x60, 1, 0x7e, 0],
      [3, 2, 1, 0],
      [7, 8, 1, 4, 0x6d, 0x61, 0x69, 0x6e, 0, 0],
      [10, 4, 1, 2, 0, 0x0b],
    ].flat();
    writeFileSync(path, Uint8Array.from(bytes));
    return path;
  };

  test('writes the executable, a map and a disassembly', () => {
    const [elf, map] = [join(dir, 'empty.elf'), join(dir, 'empty.map')];
    const { status, stdout } = run('wasm2rv', wasm(), '-o', elf, '--map', map, '--dump-asm');
    expect(status).toBe(0);
    expect(stdout).toMatch(/<_start>:\n( .*\n)*.* {2}ecall\n/);
    expect(readFileSync(map, 'utf8')).toMatch(/^0{11}10000 +\d+ _start$/m);
    expect(readFileSync(elf).subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  });

  test.each([
    ['no arguments', () => []],
    ['an unknown option', () => ['--frobnicate']],
    ['an unknown target', () => [wasm(), '-o', join(dir, 'x'), '--target', 'toaster']],
    ['a missing file', () => [join(dir, 'absent.wasm'), '-o', join(dir, 'x')]],
    ['a kernel without kmain', () => [wasm(), '-o', join(dir, 'x'), '--target', 'kernel']],
    ['a file that is not wasm', () => [process.execPath, '-o', join(dir, 'x')]],
    ['an unwritable output', () => [wasm(), '-o', join(dir, 'no/such/folder')]],
    ['a source map that is none', () => [wasm(), '-o', join(dir, 'x'), '--source-map', wasm()]],
    ['a truncated module', () => [truncated(), '-o', join(dir, 'x')]],
  ])('%s: two lines and status 125', (_, args) => {
    const { status, stdout, stderr } = run('wasm2rv', ...args());
    expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({
      status: 125,
      stdout: '',
      lines: 2,
    });
  });

  function truncated(): string {
    const path = join(dir, 'truncated.wasm');
    writeFileSync(path, readFileSync(wasm()).subarray(0, 30));
    return path;
  }
});
