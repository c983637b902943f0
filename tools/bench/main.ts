/** `npm run bench [GROUP…]`: figures as a table on standard output, as JSON in dist/bench.json. */
import { writeFileSync } from 'node:fs';
import { runProgram } from '../run-program.ts';
import { UserError } from '../../emulator/base/user-error.ts';
import { bootFigures } from './boot.ts';
import { buildFigures } from './build.ts';
import { callFigures } from './calls.ts';
import { compilerFigures } from './compiler.ts';
import { diskFigures } from './disk.ts';
import { table, type Figure } from './figures.ts';
import { hostFigures } from './host.ts';
import { interpreterFigures } from './interpreter.ts';
import { linuxFigures } from './linux.ts';

const GROUPS: Record<string, () => Promise<Figure[]>> = {
  build: buildFigures,
  boot: bootFigures,
  host: hostFigures,
  disk: diskFigures,
  linux: linuxFigures,
  calls: callFigures,
  compiler: compilerFigures,
  interpreter: interpreterFigures,
};

runProgram(async () => {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find(name => !(name in GROUPS));
  if (unknown !== undefined) {
    throw new UserError(`bench: there is no group ${unknown}`, `groups: ${Object.keys(GROUPS).join(', ')}`);
  }
  const figures: Figure[] = [];
  for (const [name, run] of Object.entries(GROUPS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    figures.push(...(await run()));
  }
  process.stdout.write(`${table(figures)}\n`);
  writeFileSync('dist/bench.json', `${JSON.stringify(figures, null, 2)}\n`);
});
