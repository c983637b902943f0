/**
 * Boots our system once and keeps the code that V8 made of the program meanwhile: bin/code-cache.cjs. Run alone:
 * `node tools/code-cache.mjs`.
 */
import { createRequire } from 'node:module';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = `${ROOT}dist/qemu-like.cjs`;
/** What most starts do: to the prompt. Virtual time, so that a busy host gets as far as an idle one. */
const FLAGS = ['-icount', 'auto', '-timeout', '1s'];
/** Of a shell at the end of its input, or of one that waits for it. */
const GOOD_STATUSES = [0, 124];

const require = createRequire(import.meta.url);
const { compile, save } = require('../bin/code-cache.cjs');

if (argv.includes('--help')) {
  console.log('usage: node tools/code-cache.mjs\nWrites dist/qemu-like.cjs.cache.');
} else {
  const script = compile(PROGRAM);
  process.once('exit', status => {
    if (!GOOD_STATUSES.includes(status)) return;
    save(PROGRAM, script);
    process.exitCode = 0;
  });
  process.argv.splice(2, Infinity, ...FLAGS);
  script.runInThisContext()(require, PROGRAM);
}
