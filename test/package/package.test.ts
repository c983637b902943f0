/** What `npm pack` makes, installed in a folder of its own: it boots there, its types hold, and it brings no other file. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { elf, Program } from '../../emulator/machine/test-kernel.ts';

const TSC = resolve('node_modules/typescript/bin/tsc');
const folder = mkdtempSync(join(tmpdir(), 'strata-package-'));
const npm = (...args: string[]): string => execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

beforeAll(() => {
  // Built already: what `prepack` would do again.
  npm('pack', resolve('.'), '--ignore-scripts', '--silent');
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  const [tarball] = readdirSync(folder).filter(name => name.endsWith('.tgz'));
  npm('install', `./${tarball}`, '--prefer-offline', '--no-audit', '--no-fund');
  cpSync('examples', join(folder, 'examples'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the ten-line example boots, forks and goes back', () => {
  const output = execFileSync(process.execPath, ['examples/boot.mjs'], { cwd: folder, encoding: 'utf8' });
  expect(output).toMatch(/^Linux .* riscv64\noverlay on \/ type overlay/);
  const [, inTwin, here] = /twin still has (\d+) programs\nand so have we: (\d+)/.exec(output)!;
  expect(Number(inTwin)).toBeGreaterThan(50);
  expect(here).toBe(inTwin);
});

test("the example for one's own kernel passes console and status on", () => {
  const kernel = join(folder, 'hello.elf');
  writeFileSync(kernel, elf(new Program().print('hello, library\r\n').finish(0x0007_3333).bytes()));
  const run = spawnSync(process.execPath, ['examples/machine.mjs', kernel], {
    cwd: folder,
    encoding: 'utf8',
    input: '',
  });
  expect(run).toMatchObject({ stdout: 'hello, library\r\n', status: 7 });
});

test('its qemu-like runs a command in the guest', () => {
  const bin = join('node_modules', '.bin', 'qemu-like');
  const run = spawnSync(bin, ['--', 'uname -m; exit 3'], { cwd: folder, encoding: 'utf8' });
  expect(run).toMatchObject({ stdout: 'riscv64\n', status: 3 });
});

/** Each program of the page, and what stands there that it prints. */
const PAGE_EXAMPLES = [
  ...readFileSync('docs/library.md', 'utf8').matchAll(/^```js\n([^]*?)^```\n\n```text\n([^]*?)^```$/gm),
].map(([, program, printed]) => ({ program: program!, printed: printed! }));

test('the page about the library has examples', () => expect(PAGE_EXAMPLES.length).toBeGreaterThan(5));

test.each(PAGE_EXAMPLES)('an example of docs/library.md prints $printed', ({ program, printed }) => {
  writeFileSync(join(folder, 'example.mjs'), program);
  expect(execFileSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' })).toBe(printed);
});

const CONSUMER = `
import { boot, Machine, machineConfig, Vm, UserError, type MachineConfig, type CommandResult } from 'strata';
const config: MachineConfig = machineConfig({ kernel: new Uint8Array(4), memoryMiB: 64 });
export const machine: Machine = new Machine(config);
export const result: Promise<CommandResult> = boot({ append: 'quiet' }).then((vm: Vm) => vm.sh('true'));
// @ts-expect-error: memory is a number
machineConfig({ kernel: new Uint8Array(4), memoryMiB: '64M' });
export const isOurs = (error: unknown): boolean => error instanceof UserError && error.hint.length > 0;
`;

test.each([
  ['NodeNext', 'NodeNext', []],
  ['ESNext', 'bundler', []],
  ['ESNext', 'bundler', ['--customConditions', 'browser']],
])('a strict TypeScript program sees the types: module %s, resolution %s %j', (module, resolution, more) => {
  const source = more.length === 0 ? CONSUMER : CONSUMER.replace("append: 'quiet'", 'kernel: new Uint8Array(4)');
  writeFileSync(join(folder, 'consumer.ts'), source);
  const flags = ['--noEmit', '--strict', '--target', 'ES2023', '--lib', 'ES2023,DOM'];
  const run = spawnSync(
    process.execPath,
    [TSC, ...flags, '--module', module, '--moduleResolution', resolution, ...more, 'consumer.ts'],
    { cwd: folder, encoding: 'utf8' },
  );
  expect(run.stdout).toBe('');
  expect(run.status).toBe(0);
});

test('it holds what a user needs and nothing of the workshop', () => {
  const files = readdirSync(join(folder, 'node_modules', 'strata'), { recursive: true }).map(String);
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'images/out/kernel.elf', 'dist/web/page.js']));
  // A bundle brings the licence texts of what is in it.
  const licences = (file: string): string =>
    readFileSync(join(folder, 'node_modules', 'strata', 'dist', file), 'utf8').toLowerCase();
  expect(licences('strata.browser.LICENSES.txt')).toMatch(/^fflate\n\nmit license\n/);
  expect(licences('web/LICENSES.txt')).toContain('@xterm/xterm\n\n');
  expect(files.filter(name => /\.test\.|\.as\.ts$|^guest-kernel|^test\b/.test(name))).toEqual([]);
});
