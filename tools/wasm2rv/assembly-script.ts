/** Runs asc with the flags that programs for the guest share (docs/wasm2rv.md). */
import { main as asc } from 'assemblyscript/asc';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { UserError } from '../../emulator/base/user-error.ts';
import type { Target } from './link/layout.ts';
import { BASES } from './link/layout.ts';
import type { SourceMap } from './wasm/source-map.ts';
import { parseSourceMap } from './wasm/source-map.ts';

const FLAGS = ['-O3', '--runtime', 'minimal', '--exportStart', 'start', '--exportTable', '--use', 'abort='];

export interface AscResult {
  wasm: Uint8Array;
  map: SourceMap;
}

/** Compiles `entry`; imports that are not relative are looked up in `packages`. What is wrong with it is a UserError. */
export async function runAsc(entry: string, target: Target, packages: string): Promise<AscResult> {
  const dir = mkdtempSync(join(tmpdir(), 'asc-'));
  try {
    const wasm = join(dir, 'out.wasm');
    // asc joins paths to its base directory, so they are relative to it.
    const local = (path: string): string => relative(process.cwd(), path) || '.';
    const { error, stderr } = await asc([
      local(entry),
      '-o',
      local(wasm),
      '--path',
      local(packages),
      ...FLAGS,
      // --debug: function names.
      ...['--memoryBase', String(BASES[target].memory), '--sourceMap', '--debug'],
    ]);
    if (error) throw new UserError(`${stderr.toString().trim()}\n${entry}: ${error.message}`, 'correct the program');
    return {
      wasm: readFileSync(wasm),
      map: parseSourceMap(readFileSync(`${wasm}.map`, 'utf8'), `${entry}: source map`),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
