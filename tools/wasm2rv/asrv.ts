/**
 * `asrv`: builds a program for the guest from AssemblyScript: asc, then wasm2rv. The program exports `main` and uses the
 * library in guest-kernel/user/libc, which it imports as "guest-kernel/user/libc/…".
 */
import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UserError } from '../../emulator/base/user-error.ts';
import { runProgram } from '../run-program.ts';
import { runAsc } from './assembly-script.ts';
import { compile } from './compile.ts';
import { link } from './link/link.ts';

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
  const { wasm, map } = await runAsc(input, 'user', ROOT);
  return link(compile(wasm), { target: 'user', unit: basename(input), sourceMap: map }).elf;
}
