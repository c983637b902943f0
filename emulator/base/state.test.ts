import { expect, test } from 'vitest';
import { StateReader, StateWriter } from './state.ts';

test('everything written is read back in order', () => {
  const out = new StateWriter();
  out.tag('part');
  out.u8(200);
  out.bool(true);
  out.u16(0xbeef);
  out.u32(0xdead_beef);
  out.u53(2 ** 53 - 1);
  out.u64(0xffff_ffff_ffff_fffen);
  out.f64(-0.5);
  out.bytes(new Uint8Array(5000).fill(7)); // more than the first buffer holds
  out.text('tür');
  const from = new StateReader(out.finish());
  from.tag('part');
  expect(from.u8()).toBe(200);
  expect(from.bool()).toBe(true);
  expect(from.u16()).toBe(0xbeef);
  expect(from.u32()).toBe(0xdead_beef);
  expect(from.u53()).toBe(2 ** 53 - 1);
  expect(from.u64()).toBe(0xffff_ffff_ffff_fffen);
  expect(from.f64()).toBe(-0.5);
  expect(from.bytes()).toEqual(new Uint8Array(5000).fill(7));
  expect(from.text()).toBe('tür');
  expect(from.isAtEnd).toBe(true);
});

test('a wrong part or a short stream is an error that names the place', () => {
  const out = new StateWriter();
  out.tag('uart');
  out.u8(1);
  expect(() => new StateReader(out.finish()).tag('plic')).toThrow('expected part plic, found uart');
  const from = new StateReader(out.finish());
  from.tag('uart');
  expect(() => from.u32()).toThrow('ends at byte 9, needs 12');
});

test('the buffer may grow in the middle of any kind of value', () => {
  for (let before = 4088; before <= 4096; before++) {
    const kinds: readonly ((out: StateWriter) => void)[] = [
      out => out.u8(1),
      out => out.u16(1),
      out => out.u32(1),
      out => out.u64(1n),
      out => out.f64(1),
      out => out.u53(1),
    ];
    for (const write of kinds) {
      const out = new StateWriter();
      for (let i = 0; i < before; i++) out.u8(7);
      write(out);
      out.u8(9);
      const bytes = out.finish();
      const value = bytes.subarray(before, -1);
      expect([bytes.subarray(0, before).every(b => b === 7), value.some(b => b !== 0), bytes.at(-1)]).toEqual([
        true,
        true,
        9,
      ]);
    }
  }
});
