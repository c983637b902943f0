/** `npm run lint`: oxlint, prettier --check, tsc --noEmit, the import-order check, the pages' links; all run, any failure fails. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const SOURCES = ['emulator', 'guest-kernel', 'tools', 'test', 'docs', '*.md', '*.json', '*.ts'];

const checks = [
  ['oxlint', ['node_modules/.bin/oxlint', '--deny-warnings']],
  ['prettier', ['node_modules/.bin/prettier', '--check', '--log-level', 'warn', ...SOURCES]],
  ['tsc', ['node_modules/.bin/tsc', '--noEmit']],
  ['layers', [process.execPath, 'tools/layers.mjs']],
  ['pages', [process.execPath, 'tools/pages.mjs']],
  ['gen', [process.execPath, 'dist/gen.mjs', '--check']],
];
let failed = 0;
for (const [name, [program, ...args]] of checks) {
  const { status } = spawnSync(program, args, { stdio: 'inherit' });
  if (status !== 0) failed++;
  console.log(`lint: ${name} ${status === 0 ? 'ok' : 'FAILED'}`);
}
process.exitCode = failed ? 1 : 0;
