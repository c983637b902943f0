/**
 * Corners of wasm's semantics, each as a module whose `run(a, b)` is compared with this engine on our machine and, where
 * installed, under qemu-riscv64. WINDOW stands for the address of 1 KiB of usable memory.
 */
import binaryen from 'binaryen';
import { expect, test } from 'vitest';
import { compareModules } from './fuzz/compare.ts';
import { OUR_MACHINE, QEMU, hasQemu } from './fuzz/runners.ts';
import { BASES } from './link/layout.ts';
import type { Target } from './link/layout.ts';

/** Name → the body of run (params a, b: i64; result i64), and what the module needs besides. */
const CASES: Readonly<Record<string, string | { body: string; more: string }>> = {
  'i32.div_s overflow traps':
    '(i64.extend_i32_s (i32.div_s (i32.const 0x80000000) (i32.sub (i32.const 0) (i32.wrap_i64 (local.get $b)))))',
  'i64.div_s overflow traps':
    '(i64.div_s (i64.const 0x8000000000000000) (i64.sub (i64.const 0) (i64.and (local.get $b) (i64.const 1))))',
  'division by zero traps': '(i64.rem_u (local.get $b) (local.get $a))',
  'rem_s by -1 is 0':
    '(i64.extend_i32_s (i32.rem_s (i32.const 0x80000000) (i32.sub (i32.wrap_i64 (local.get $a)) (i32.const 1))))',
  'shift counts wrap': '(i64.shl (local.get $b) (i64.add (local.get $a) (i64.const 65)))',
  'shr_u of a negative i32':
    '(i64.extend_i32_u (i32.shr_u (i32.wrap_i64 (local.get $b)) (i32.wrap_i64 (local.get $a))))',
  'rotations by variables':
    '(i64.xor (i64.rotl (local.get $b) (local.get $a)) (i64.extend_i32_u (i32.rotr (i32.wrap_i64 (local.get $b)) (i32.const 7))))',
  'bit counts, of zero too':
    '(i64.add (i64.add (i64.clz (local.get $a)) (i64.mul (i64.ctz (local.get $a)) (i64.const 100))) (i64.extend_i32_u (i32.add (i32.popcnt (i32.wrap_i64 (local.get $b))) (i32.mul (i32.const 1000) (i32.add (i32.clz (i32.wrap_i64 (local.get $a))) (i32.mul (i32.const 100) (i32.ctz (i32.wrap_i64 (local.get $a)))))))))',
  'sign extensions':
    '(i64.xor (i64.extend8_s (local.get $a)) (i64.xor (i64.extend16_s (local.get $b)) (i64.extend32_s (local.get $b))))',
  'wrap then compare unsigned':
    '(i64.extend_i32_u (i32.lt_u (i32.wrap_i64 (local.get $a)) (i32.wrap_i64 (local.get $b))))',
  'f64.min of -0 and NaN':
    '(i64.xor (i64.reinterpret_f64 (f64.min (f64.const -0) (f64.const 0))) (i64.reinterpret_f64 (f64.abs (f64.max (f64.convert_i64_s (local.get $a)) (f64.const nan)))))',
  'f32 rounding keeps the sign of zero':
    '(i64.extend_i32_u (i32.xor (i32.reinterpret_f32 (f32.ceil (f32.const -0.5))) (i32.reinterpret_f32 (f32.nearest (f32.div (f32.convert_i64_s (local.get $b)) (f32.const 2))))))',
  'f64 rounding beyond 2^52':
    '(i64.reinterpret_f64 (f64.floor (f64.mul (f64.convert_i64_s (local.get $a)) (f64.const 1.5))))',
  'trunc of a too large float traps': '(i64.extend_i32_s (i32.trunc_f64_s (f64.convert_i64_s (local.get $a))))',
  'trunc of NaN traps': '(i64.trunc_f32_u (f32.sqrt (f32.convert_i64_s (local.get $a))))',
  'trunc_u just above -1': '(i64.trunc_f64_u (f64.const -0.9))',
  'saturating conversions':
    '(i64.xor (i64.trunc_sat_f64_s (f64.sqrt (f64.convert_i64_s (local.get $a)))) (i64.extend_i32_u (i32.trunc_sat_f32_u (f32.convert_i64_s (local.get $b)))))',
  'u64 to float and back': '(i64.trunc_sat_f64_u (f64.convert_i64_u (local.get $b)))',
  'demotion rounds': '(i64.reinterpret_f64 (f64.promote_f32 (f32.demote_f64 (f64.convert_i64_s (local.get $b)))))',
  'unaligned and partial memory': `(i64.store offset=3 (i32.const WINDOW) (local.get $b))
     (i64.store16 offset=7 (i32.const WINDOW) (local.get $a))
     (i64.add (i64.load32_s offset=5 (i32.const WINDOW)) (i64.load8_u offset=3 (i32.const WINDOW)))`,
  'offsets beyond 12 bits': `(i32.store offset=1000 (i32.const WINDOW) (i32.const 7))
     (i64.load32_u offset=101000 (i32.sub (i32.const WINDOW) (i32.const 100000)))`,
  'memory.copy of overlapping ranges': `(memory.copy (i32.const WINDOW_3) (i32.const WINDOW) (i32.const 500))
     (memory.copy (i32.const WINDOW) (i32.const WINDOW_1) (i32.const 300)) (i64.load (i32.const WINDOW_3))`,
  'memory.fill': `(memory.fill (i32.const WINDOW_1) (i32.wrap_i64 (local.get $b)) (i32.const 77)) (i64.load (i32.const WINDOW))`,
  'memory.init and data.drop': {
    body: `(memory.init $d (i32.const WINDOW_1) (i32.const 2) (i32.const 5)) (data.drop $d) (i64.load (i32.const WINDOW))`,
    more: '(data $d "passive bytes")',
  },
  br_table: {
    body: '(i64.add (call $pick (i32.wrap_i64 (local.get $a))) (i64.mul (i64.const 10) (call $pick (i32.wrap_i64 (local.get $b)))))',
    more: `(func $pick (param i32) (result i64)
      (block $d (block $c (block $b (block $a (br_table $a $b $c $b $d (local.get 0))) (return (i64.const 1)))
      (return (i64.const 2))) (return (i64.const 3))) (i64.const 4))`,
  },
  'call with many arguments': {
    body: `(call $many (local.get $a) (f64.const 1) (i32.const -2) (f32.const 3) (local.get $b) (i64.const 5) (i64.const 6)
      (i64.const 7) (i64.const 8) (i64.const 9) (i32.const -10) (f64.const 11) (f64.const 12) (f64.const 13) (f64.const 14)
      (f64.const 15) (f64.const 16) (f64.const 17) (f64.const 18) (f64.const 19))`,
    more: `(func $many (param i64 f64 i32 f32 i64 i64 i64 i64 i64 i64 i32 f64 f64 f64 f64 f64 f64 f64 f64 f64) (result i64)
      (i64.add (i64.add (i64.mul (local.get 0) (i64.const 3)) (i64.sub (local.get 9) (i64.extend_i32_s (local.get 10))))
      (i64.add (i64.trunc_f64_s (f64.sub (local.get 19) (f64.mul (local.get 17) (local.get 18))))
      (i64.add (local.get 8) (i64.extend_i32_s (i32.mul (local.get 2) (i32.const 7)))))))`,
  },
  'call_indirect checks bounds': indirect('(i32.add (i32.wrap_i64 (local.get $a)) (i32.const 4))'),
  'call_indirect checks the signature': indirect('(i32.const 2)'),
  'call_indirect of a null entry': indirect('(i32.const 3)'),
  call_indirect: indirect('(i32.and (i32.wrap_i64 (local.get $b)) (i32.const 1))'),
  'deep tail recursion': {
    body: '(call $count (i64.const 3000000) (local.get $b))',
    more: `(func $count (param i64 i64) (result i64) (if (result i64) (i64.eqz (local.get 0)) (then (local.get 1))
      (else (return_call $count (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (i64.const 3))))))`,
  },
  'select of floats and of its own condition':
    '(i64.add (select (local.get $a) (local.get $b) (i32.wrap_i64 (local.get $a))) (i64.trunc_sat_f64_s (select (f64.const 2.5) (f64.const 7.5) (i64.lt_s (local.get $a) (local.get $b)))))',
  'phis that swap': `(local $x i64) (local $y i64) (local $t i64) (local $i i32)
     (local.set $x (local.get $a)) (local.set $y (local.get $b)) (local.set $i (i32.const 7))
     (loop $l (local.set $t (local.get $x)) (local.set $x (local.get $y)) (local.set $y (local.get $t))
       (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br_if $l (local.get $i)))
     (i64.sub (local.get $x) (i64.mul (local.get $y) (i64.const 3)))`,
  'more values than registers': manyLive(40),
  'a frame that is probed': manyLive(400),
};

function indirect(index: string): { body: string; more: string } {
  return {
    body: `(call_indirect (type $binary) (local.get $a) (local.get $b) ${index})`,
    more: `(type $binary (func (param i64 i64) (result i64))) (table 4 funcref) (elem (i32.const 0) $add $sub $nothing)
      (func $add (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
      (func $sub (param i64 i64) (result i64) (i64.sub (local.get 0) (local.get 1)))
      (func $nothing)`,
  };
}

/** `count` values that all live across calls. */
function manyLive(count: number): { body: string; more: string } {
  const n = Array.from({ length: count }, (_, i) => i);
  const locals = n.map(i => `(local $v${i} i64)`).join('');
  const sets = n.map(i => `(local.set $v${i} (call $next (i64.add (local.get $a) (i64.const ${i}))))`).join('');
  const sum = n.reduce((text, i) => `(i64.add (i64.mul ${text} (i64.const 3)) (local.get $v${i}))`, '(local.get $b)');
  return {
    body: `${locals} ${sets} ${sum}`,
    more: `(global $state (mut i64) (i64.const 1)) (func $next (param i64) (result i64) (local $i i32)
      (local.set $i (i32.const 3)) (loop $l (global.set $state (i64.xor (local.get 0) (i64.mul (global.get $state) (i64.const 25214903917))))
      (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br_if $l (local.get $i))) (global.get $state))`,
  };
}

function assemble(source: string | { body: string; more: string }, target: Target): Uint8Array<ArrayBuffer> {
  const { body, more } = typeof source === 'string' ? { body: source, more: '' } : source;
  const window = BASES[target].memory;
  const text = `(module (memory (export "memory") ${window < 0 ? 1 : window / 65536 + 4}) ${more}
    (func (export "run") (param $a i64) (param $b i64) (result i64) ${body}) (func (export "dump")))`;
  const module = binaryen.parseText(
    text.replaceAll(/WINDOW(?:_(\d))?/g, (_, plus?: string) => String((window + Number(plus ?? 0)) | 0)),
  );
  module.setFeatures(binaryen.Features.All);
  const bytes = new Uint8Array(module.emitBinary());
  module.dispose();
  return bytes;
}

function verdicts(runner: typeof QEMU): string[] {
  const names = Object.keys(CASES);
  const all = compareModules(
    names.map(name => target => assemble(CASES[name]!, target)),
    runner,
  );
  return all.flatMap((verdict, i) => (verdict === null ? [] : [`${names[i]}: ${verdict}`]));
}

test('wasm semantics on our machine', () => expect(verdicts(OUR_MACHINE)).toEqual([]));

test.skipIf(!hasQemu())('wasm semantics under qemu-riscv64 (Debian package qemu-user)', () => {
  expect(verdicts(QEMU)).toEqual([]);
});
