/**
 * `asrv`: builds a program for the guest from AssemblyScript: asc, then wasm2rv. The program exports `main` and uses the
 * library in guest-kernel/user/libc, which it imports as "guest-kernel/user/libc/…".
 */
import asc from 'assemblyscript/asc';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UserError } from '../../emulator/base/user-error.ts';
import { runProgram } from '../run-program.ts';
import { compile } from './compile.ts';
import { BASES } from './layout.ts';
import { link } from './link.ts';
import { parseSourceMap } from './source-map.ts';

const HELP = `usage: asrv prog.ts -o prog

Builds an AssemblyScript program for the guest. It exports function main(sp: u64): void and may import from
"guest-kernel/user/libc/..." (program: arguments; out: printing; sys: system calls).
`;

/** The package's root: this program is bundled into dist/. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const EXECUTABLE = 0o755;

runProgram(async () => {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [input, ...more] = positionals;
  if (input === undefined || more.length > 0 || values.output === undefined) {
    throw new UserError('asrv wants one program and -o FILE', 'asrv prog.ts -o prog');
  }
  if (!existsSync(input)) throw new UserError(`${input}: no such file`, 'name an AssemblyScript program');
  writeFileSync(values.output, await build(input), { mode: EXECUTABLE });
});

function parse() {
  try {
    return parseArgs({
      options: { output: { type: 'string', short: 'o' }, help: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
  } catch (e) {
    throw new UserError(e instanceof Error ? e.message : String(e), 'see asrv --help');
  }
}

async function build(input: string): Promise<Uint8Array> {
  const dir = mkdtempSync(join(tmpdir(), 'asrv-'));
  try {
    const wasm = join(dir, `${basename(input)}.wasm`);
    // asc joins paths to its base directory, so they are relative to it.
    const here = process.cwd();
    const { error, stderr } = await asc.main([
      relative(here, input),
      ...['-o', relative(here, wasm), '--path', relative(here, ROOT) || '.'],
      ...['-O3', '--runtime', 'minimal', '--exportStart', 'start', '--exportTable', '--use', 'abort=', '--debug'],
      ...['--memoryBase', String(BASES.user.memory), '--sourceMap'],
    ]);
    if (error) throw new UserError(`${stderr.toString().trim()}\n${input}: ${error.message}`, 'correct the program');
    const map = parseSourceMap(readFileSync(`${wasm}.map`, 'utf8'), `${wasm}.map`);
    return link(compile(readFileSync(wasm)), { target: 'user', unit: basename(input), sourceMap: map }).elf;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
