import { expect, test } from 'vitest';
import { parseKtap } from './ktap.ts';

test('reads results, skips and diagnostics', () => {
  const r = parseKtap('KTAP version 1\n1..3\nok 1 - A1 fine\n# got 3\nnot ok 2 - A2 bad\nok 3 - A3 # SKIP no xattr\n');
  expect(r.problem).toBeNull();
  expect(r.cases.map(c => c.status)).toEqual(['pass', 'fail', 'skip']);
  expect(r.cases[1]).toMatchObject({ name: 'A2 bad', detail: '# got 3' });
  expect(r.cases[2]).toMatchObject({ name: 'A3', detail: 'no xattr' });
});

test('a script that died is a problem, with its last words', () => {
  expect(parseKtap('KTAP version 1\n1..2\nok 1 - x\nmount: no such device\n').problem).toMatch(
    /saw 1[^]*no such device/,
  );
  expect(parseKtap('').problem).toMatch(/no KTAP version/);
  expect(parseKtap('KTAP version 1\nok 1 - x\n').problem).toBe('no plan');
  expect(parseKtap('KTAP version 1\n1..2\nok 1 - x\nok 3 - y\n').problem).toMatch(/out of order/);
});
