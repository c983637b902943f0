/** `npm run gen`: the documentation that is printed from tables. With --check, says what is out of date (status 1). */
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { flagsMarkdown } from '../../emulator/host/cli/flags/help.ts';
import { runProgram } from '../run-program.ts';
import { syscallRows, syscallsPage } from './syscalls.ts';

const PAGES: Record<string, () => string> = {
  'docs/SYSCALLS.md': () =>
    syscallsPage(
      syscallRows(
        readFileSync('guest-kernel/syscall/table.ts', 'utf8'),
        readFileSync('guest-kernel/abi/nr.ts', 'utf8'),
      ),
    ),
  'docs/FLAGS.md': flagsMarkdown,
};

runProgram(async () => {
  const isCheck = process.argv.includes('--check');
  for (const [file, make] of Object.entries(PAGES)) {
    const text = await format(make(), { parser: 'markdown', printWidth: 120 });
    if (!isCheck) writeFileSync(file, text);
    else if (readFileSync(file, 'utf8') !== text) {
      console.log(`${file} is out of date: npm run gen`);
      process.exitCode = 1;
    }
  }
});
