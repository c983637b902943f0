import { defineConfig } from 'vitest/config';

/** Two workers: the reference machine has two cores, and a guest test is CPU-bound. CI counts from the JSON report. */
export default defineConfig({
  test: {
    include: ['{emulator,tools,guest-kernel,test}/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default', ['json', { outputFile: 'dist/test-results.json' }]],
  },
});
