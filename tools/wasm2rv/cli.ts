/** `wasm2rv`: from a wasm file to an RV64 executable. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../../emulator/base/user-error.ts';
import { runProgram } from '../run-program.ts';
import { compile } from './compile.ts';
import type { Target } from './link/layout.ts';
import { link } from './link/link.ts';
import { disassemblyText, mapText } from './link/listing.ts';
import type { SourceMap } from './wasm/source-map.ts';
import { parseSourceMap } from './wasm/source-map.ts';

const HELP = `usage: wasm2rv in.wasm -o out.elf [options]

Compiles a module that asc made into a static RV64GC executable (docs/wasm2rv.md).

  -o FILE            the executable
  --target T         user (default): a Linux program; kernel: boots on the virt board
  --map FILE         write addresses and sizes of all symbols
  --dump-asm         print the disassembly
  --source-map FILE  asc's source map; default in.wasm.map where it exists
  --help             this text
`;

const OPTIONS = {
  output: { type: 'string', short: 'o' },
  target: { type: 'string', default: 'user' },
  map: { type: 'string' },
  'dump-asm': { type: 'boolean', default: false },
  'source-map': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const EXECUTABLE = 0o755;

runProgram(() => {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [input, ...more] = positionals;
  if (input === undefined || more.length > 0 || values.output === undefined) {
    throw new UserError('wasm2rv wants one wasm file and -o FILE', 'see wasm2rv --help');
  }
  if (values.target !== 'user' && values.target !== 'kernel') {
    throw new UserError(`--target ${values.target}: no such target`, 'use user or kernel');
  }
  const sourceMap = readMap(input, values['source-map']);
  const target: Target = values.target;
  const linked = link(compile(read(input)), { target, unit: basename(input), sourceMap });
  write(values.output, linked.elf, EXECUTABLE);
  if (values.map !== undefined) write(values.map, mapText(linked));
  if (values['dump-asm']) process.stdout.write(disassemblyText(linked, sourceMap));
});

function parse() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (e) {
    throw new UserError(e instanceof Error ? e.message : String(e), 'see wasm2rv --help');
  }
}

function readMap(input: string, given: string | undefined): SourceMap | undefined {
  const beside = `${input}.map`;
  const path = given ?? (existsSync(beside) ? beside : undefined);
  return path === undefined ? undefined : parseSourceMap(new TextDecoder().decode(read(path)), path);
}

function read(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (e) {
    throw new UserError(`${path}: cannot be read: ${reason(e)}`, 'name a file that exists');
  }
}

function write(path: string, data: Uint8Array | string, mode = 0o644): void {
  try {
    writeFileSync(path, data, { mode });
  } catch (e) {
    throw new UserError(`${path}: cannot be written: ${reason(e)}`, 'name a file in a folder that exists');
  }
}

function reason(e: unknown): string {
  return e instanceof Error && 'code' in e ? String(e.code) : String(e);
}
