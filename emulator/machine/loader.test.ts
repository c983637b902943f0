import { expect, test } from 'vitest';
import type { LoaderSpec } from './config.ts';
import { Machine } from './machine.ts';
import { elf, Program, R, testConfig } from './test-kernel.ts';

const DATA = 0x8040_0000;

/** Where hart 0 starts, and its a1. */
function start(...loaders: LoaderSpec[]): [pc: bigint, a1: number] {
  const machine = new Machine({ ...testConfig(new Program().spin()), bios: 'none', loaders });
  machine.powerOn();
  return [machine.cpu.pc, machine.cpu.getRegNumber(R.a1)];
}

test("cpu-num: the hart starts at the file's entry or at addr, past the reset code that sets a1", () => {
  const file = { name: 'f', bytes: elf(new Program().spin().bytes(), DATA) };
  expect(start({ file, hart: 0 })).toEqual([BigInt(DATA), 0]);
  expect(start({ address: DATA, hart: 0 })).toEqual([BigInt(DATA), 0]);
  const [pc, a1] = start({ file });
  expect(pc).toBe(0x8000_0000n);
  expect(a1).toBeGreaterThan(DATA);
  expect(() => start({ address: DATA, hart: 1 })).toThrow('no hart 1');
});

test('-bios none needs no -kernel where the loader brings one', () => {
  const { kernel: _none, ...config } = testConfig(new Program().spin());
  const loaders = [{ file: { name: 'f', bytes: new Program().spin().bytes() } }];
  expect(() => new Machine({ ...config, bios: 'none', loaders }).powerOn()).not.toThrow();
  expect(() => new Machine({ ...config, bios: 'none' }).powerOn()).toThrow('no kernel to start');
});
