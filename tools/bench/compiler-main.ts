/** `npx tsx tools/bench/compiler-main.ts [--json]`: the compiler's figures alone. */
import { UserError } from '../../emulator/base/user-error.ts';
import { runProgram } from '../run-program.ts';
import { benchCompiler, canBenchCompiler, formatCompilerFigures } from './compiler.ts';

runProgram(async () => {
  if (!canBenchCompiler()) {
    throw new UserError(
      'the comparison needs gcc for riscv64 and QEMU',
      'install the Debian packages gcc-riscv64-linux-gnu and qemu-system-misc',
    );
  }
  const figures = await benchCompiler();
  const text = process.argv.includes('--json') ? JSON.stringify(figures, null, 2) : formatCompilerFigures(figures);
  process.stdout.write(`${text}\n`);
});
