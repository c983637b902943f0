import binaryen from 'binaryen';
import { expect, test } from 'vitest';
import { UserError } from '../../../emulator/base/user-error.ts';
import { compile } from '../compile.ts';
import { decodeModule } from './decode.ts';
import { Reader } from './reader.ts';

function assemble(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

test('LEB128 numbers of every length', () => {
  const read = (...bytes: number[]): Reader => new Reader(Uint8Array.from(bytes), 0, bytes.length);
  expect(read(0xff, 0xff, 0xff, 0xff, 0x0f).u32()).toBe(0xffff_ffff);
  expect(read(0x80, 0x80, 0x80, 0x80, 0x78).s32()).toBe(-0x8000_0000);
  expect(read(0x3f).s32()).toBe(63);
  expect(read(0x40).s32()).toBe(-64);
  expect(read(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f).s64()).toBe(-(2n ** 63n));
  expect(read(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00).s64()).toBe(2n ** 63n - 1n);
  expect(read(0xff, 0xff, 0xff, 0xff, 0x07).s64()).toBe(0x7fff_ffffn);
});

test('sections, names and constant expressions', () => {
  const module = decodeModule(
    assemble(`(module (import "rv" "wfi" (func $w)) (memory 3) (table 5 funcref) (elem (i32.const 2) $f)
      (global $g (mut i64) (i64.const -7)) (data (i32.const 100) "abc")
      (func $f (export "out") (param i32 f64) (result i32) (call $w) (global.set $g (i64.const 1)) (local.get 0)))`),
  );
  expect(module.imports).toMatchObject([{ module: 'rv', name: 'wfi' }]);
  expect(module.memoryPages).toBe(3);
  expect(module.tableSize).toBe(5);
  expect(module.elements).toEqual([{ offset: 2, functions: [1] }]);
  expect(module.globals).toEqual([{ type: 'i64', isMutable: true, init: -7n }]);
  expect(module.data).toMatchObject([{ address: 100 }]);
  expect(module.exports).toEqual(new Map([['out', 1]]));
  expect(module.types[module.funcTypes[1]!]).toEqual({ params: ['i32', 'f64'], results: ['i32'] });
});

/** Feature named in the message → a module that uses it. */
const REFUSED: Readonly<Record<string, string>> = {
  SIMD: '(module (func (export "f") (drop (v128.const i32x4 0 0 0 0))))',
  threads: '(module (memory 1 1 shared))',
  'multi-memory': '(module (memory 1) (memory 2))',
  'a second table': '(module (table 1 funcref) (table 2 funcref))',
  'exception handling': '(module (tag $t) (func (export "f") (throw $t)))',
  'multi-value': '(module (func (export "f") (result i32 i32) (i32.const 1) (i32.const 2)))',
  'reference type': '(module (func (export "f") (param externref)))',
  'import env.print': '(module (import "env" "print" (func $p)) (func (export "f") (call $p)))',
  'import rv.csrr_nonsense':
    '(module (import "rv" "csrr_nonsense" (func $p (result i64))) (func (export "f") (drop (call $p))))',
};

test.each(Object.entries(REFUSED))('%s is refused by name and offset', (feature, text) => {
  const attempt = (): unknown => compile(assemble(text));
  expect(attempt).toThrow(UserError);
  expect(attempt).toThrow(feature);
  expect(attempt).toThrow(/^wasm offset \d+: /);
});

test('a damaged file is the user’s error', () => {
  const bytes = assemble('(module (func (export "f") (result i32) (i32.const 1)))');
  expect(() => compile(bytes.subarray(0, bytes.length - 3))).toThrow(UserError);
  expect(() => compile(new Uint8Array(20))).toThrow(/no wasm magic number/);
});
