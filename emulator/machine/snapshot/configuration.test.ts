import { expect, test } from 'vitest';
import { UserError } from '../../base/user-error.ts';
import { configurationText, parseConfiguration } from './configuration.ts';
import { Program, testConfig } from '../test-kernel.ts';

const ADDR = '{"slot":31,"fn":7}';
const TEXT = configurationText(
  testConfig(new Program().spin(), {
    devices: [{ kind: 'rng', bus: 'pci', addr: { slot: 31, fn: 7 }, isModernOnly: true }],
  }),
);

test('where a device sits is part of the configuration', () => {
  expect(parseConfiguration(TEXT)['devices']).toEqual([
    { kind: 'rng', bus: 'pci', addr: { slot: 31, fn: 7 }, isModernOnly: true },
  ]);
});

test.each([
  ['"pci"', '"isa"'],
  ['"isModernOnly":true', '"isModernOnly":1'],
  [ADDR, '{"slot":32,"fn":0}'],
  [ADDR, '{"slot":-1,"fn":0}'],
  [ADDR, '{"slot":1,"fn":8}'],
  [ADDR, '{"slot":"1","fn":0}'],
  [ADDR, '{"slot":1}'],
  [ADDR, '[1,0]'],
  [ADDR, '"1.0"'],
  [ADDR, 'null'],
])('%s as %s is no place for a device', (from, to) => {
  expect(TEXT).toContain(from);
  expect(() => parseConfiguration(TEXT.replace(from, to))).toThrow(UserError);
});
