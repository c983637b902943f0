import { expect, test } from 'vitest';
import { TestFinisher } from './test-finisher.ts';

test.each([
  [0x5555, 'exit 0'],
  [0x0007_3333, 'exit 7'],
  [0x0000_3333, 'exit 1'],
  [0x7777, 'reset'],
  [0x1234, 'nothing'],
])('writing %i', (value, expected) => {
  let heard = 'nothing';
  const device = new TestFinisher(
    code => (heard = `exit ${code}`),
    () => (heard = 'reset'),
  );
  device.write(4, 4, value);
  expect(heard).toBe('nothing');
  device.write(0, 4, value);
  expect(heard).toBe(expected);
});
