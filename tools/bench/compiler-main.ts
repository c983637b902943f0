/** `npx tsx tools/bench/compiler-main.ts [--json]`: the compiler's figures alone. */
import { runProgram } from '../run-program.ts';
import { benchCompiler, formatCompilerFigures, whyNoCompilerBench } from './compiler.ts';

runProgram(async () => {
  const obstacle = whyNoCompilerBench();
  if (obstacle) throw obstacle;
  const figures = await benchCompiler();
  const text = process.argv.includes('--json') ? JSON.stringify(figures, null, 2) : formatCompilerFigures(figures);
  process.stdout.write(`${text}\n`);
});
