/**
 * Boots our system once and keeps the code that V8 made of the program meanwhile: bin/code-cache.cjs. Run alone:
 * `node tools/code-cache.mjs`.
 */
import { createRequire } from 'node:module';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = `${ROOT}dist/qemu-like.cjs`;
/** What most starts do, in guest time: to the prompt. */
const FLAGS = ['-timeout', '1s'];

const require = createRequire(import.meta.url);
const { compile, save } = require('../bin/code-cache.cjs');

if (argv.includes('--help')) {
  console.log('usage: node tools/code-cache.mjs\nWrites dist/qemu-like.cjs.cache.');
} else {
  const script = compile(PROGRAM);
  process.once('exit', () => save(PROGRAM, script));
  process.argv.splice(2, Infinity, ...FLAGS);
  script.runInThisContext()(require, PROGRAM);
}
