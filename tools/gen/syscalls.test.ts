import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { syscallRows, syscallsPage } from './syscalls.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('every row of the table reaches the page, by number', () => {
  const rows = syscallRows(read('guest-kernel/syscall/table.ts'), read('guest-kernel/abi/nr.ts'));
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.find(r => r.name === 'openat')?.number).toBe(56);
  expect(rows.every((r, i) => r.number >= 0 && (i === 0 || rows[i - 1]!.number < r.number))).toBe(true);
  expect(syscallsPage(rows)).toContain('| 56 | openat |');
});

test('a row that is not understood is an error, not a gap', () => {
  expect(() => syscallRows('def(Nr.x, name(), f);\n', '')).toThrow(/1 rows in the table, 0 understood/);
});
