/** The compiler's budget: at most 1.5 times gcc -O2's instructions, bounds checks on. Counts do not vary from run to run. */
import { expect, test } from 'vitest';
import { benchCompiler, canBenchCompiler, formatCompilerFigures, whyNoCompilerBench } from './compiler.ts';

test.skipIf(!canBenchCompiler())(
  'six kernels stay below 1.5 times gcc -O2 (Debian packages gcc-riscv64-linux-gnu, qemu-system-misc)',
  async () => {
    const figures = await benchCompiler();
    expect(figures.kernels).toHaveLength(6);
    expect(figures.geometricMean, formatCompilerFigures(figures)).toBeLessThan(1.5);
  },
);

test('where a compiler is missing, the bench says which and what to install', () => {
  expect(whyNoCompilerBench([])).toBeUndefined();
  expect(whyNoCompilerBench(['riscv64-linux-gnu-gcc'])).toMatchObject({
    message: 'the comparison of compilers needs riscv64-linux-gnu-gcc',
    hint: expect.stringContaining('gcc-riscv64-linux-gnu'),
  });
});
