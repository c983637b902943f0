/** The whole build from nothing but node_modules, in seconds. Rebuilds what the other groups measure, to the same bytes. */
import { execFileSync } from 'node:child_process';
import type { Figure } from './figures.ts';

export function buildFigures(): Promise<Figure[]> {
  const start = performance.now();
  execFileSync(process.execPath, ['tools/build.mjs', '--force'], { stdio: 'ignore' });
  const seconds = (performance.now() - start) / 1000;
  const target = { atMost: 60 };
  return Promise.resolve([{ group: 'build', name: 'npm run build -- --force', value: seconds, unit: 's', target }]);
}
