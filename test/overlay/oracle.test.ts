/** The overlay scripts on this machine's own Linux: a script counts as a test of ours once Linux passes it. */
import { describe, expect, test } from 'vitest';
import { oracleProblem, runOnLinux } from '../lib/linux-oracle.ts';
import { overlayScripts } from './scripts.ts';

const problem = oracleProblem();

if (problem) test.skip(`Linux as the oracle: ${problem}`, () => {});
else {
  for (const { name, url } of overlayScripts()) {
    const report = await runOnLinux(url);
    describe(name, () => {
      test('runs to its end', () => expect(report.problem).toBeNull());
      for (const c of report.cases) {
        test.skipIf(c.status === 'skip')(c.name, () => {
          expect(c.status, c.detail).toBe('pass');
        });
      }
    });
  }
}

test('every group has a script', () => {
  expect(overlayScripts().map(s => s.name[0])).toEqual([...'abcdefghijl']);
});
