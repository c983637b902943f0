import { expect, test } from 'vitest';
import { DEFAULT_FEATURES, isaString, misaOf } from '../../../isa/extensions.ts';
import { parseCpu } from './cpu-flag.ts';

test('rv64 alone is what QEMU 7.2 has without H', () => {
  expect(parseCpu('rv64')).toEqual(DEFAULT_FEATURES);
  expect(parseCpu('rv64,h=off')).toEqual(DEFAULT_FEATURES);
  expect(isaString(DEFAULT_FEATURES)).toBe('rv64imafdc_zicsr_zifencei_zihintpause_zba_zbb_zbc_zbs_sstc');
  expect(misaOf(DEFAULT_FEATURES)).toBe(0x8000_0000_0014_112dn);
});

test('extensions are switched, and the ISA string and misa say so', () => {
  const features = parseCpu('rv64,d=off,f=off,zbb=off,svinval=on');
  expect(isaString(features)).toBe('rv64imac_zicsr_zifencei_zihintpause_zba_zbc_zbs_sstc_svinval');
  expect(misaOf(features)).toBe(0x8000_0000_0014_1105n);
});

test.each([
  ['rv32', 'there is no rv32'],
  ['rv64,zbd=on', 'no extension zbd'],
  ['rv64,zbb', 'zbb is on or off'],
  ['rv64,zbb=maybe', 'zbb is on or off'],
  ['rv64,h=on', 'h is always off here'],
  ['rv64,f=off', 'd needs f'],
  ['rv64,Zicsr=off', 'f needs Zicsr'],
])('-cpu %s: %s', (value, message) => {
  expect(() => parseCpu(value)).toThrow(message);
});
