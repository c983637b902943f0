/** What the optimiser is there for, seen in the instructions that come out; that they are right is semantics.test.ts. */
import binaryen from 'binaryen';
import { expect, test } from 'vitest';
import { compile } from '../compile.ts';
import type { MInsn } from '../asm/minsn.ts';

/** Instructions of function `f` of a module with one page of memory. */
function compiled(text: string, name = 'f'): MInsn[] {
  const module = binaryen.parseText(`(module
    (import "rv" "ld32" (func $ld32 (param i64) (result i32)))
    (import "rv" "csrr_time" (func $time (result i64)))
    (memory 1) ${text})`);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  return [...compile(bytes).functions.find(fn => fn.name === name)!.insns];
}

const ops = (insns: readonly MInsn[]): string[] => insns.map(i => i.op).filter(op => op !== 'label' && op !== 'frame');
const count = (insns: readonly MInsn[], op: string): number => ops(insns).filter(o => o === op).length;

/** What runs each time round: from a label to the last branch back to it. */
function loopOf(insns: readonly MInsn[]): MInsn[] {
  const position = new Map(insns.flatMap((insn, i) => (insn.op === 'label' ? [[insn.target!, i] as const] : [])));
  const last = insns.findLastIndex((insn, i) => insn.op !== 'label' && position.get(insn.target ?? -1)! < i);
  return insns.slice(position.get(insns[last]!.target!)!, last + 1);
}

const SUM = `(func (export "f") (param $p i32) (param $n i32) (result i32) (local $i i32) (local $s i32)
  (block $out (loop $l
    (br_if $out (i32.ge_s (local.get $i) (local.get $n)))
    (if (i32.ge_u (local.get $i) (i32.load offset=16 (i32.sub (local.get $p) (i32.const 20)))) (then (unreachable)))
    (local.set $s (i32.add (local.get $s) (i32.load8_u (i32.add (local.get $p) (local.get $i)))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $l)))
  (local.get $s))`;

test('a while loop tests at its end, with what does not change hoisted', () => {
  // bgeu addw lbu addw addiw blt: the bounds check costs one instruction.
  expect(ops(loopOf(compiled(SUM)))).toHaveLength(6);
});

test('only a store to a header keeps its size from being hoisted', () => {
  const store = (address: string): string =>
    SUM.replace('(br $l)', `(i32.store offset=16 ${address} (local.get $i)) (br $l)`);
  expect(count(loopOf(compiled(store('(local.get $s)'))), 'lw')).toBe(1);
  const elsewhere = SUM.replace('(br $l)', '(i32.store (local.get $s) (local.get $i)) (br $l)');
  expect(count(loopOf(compiled(elsewhere)), 'lw')).toBe(0);
});

test('small functions are inlined, and those that nobody calls any more are dropped', () => {
  const text = `(func $twice (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
    (func (export "f") (param i32) (result i32) (call $twice (call $twice (local.get 0))))`;
  expect(ops(compiled(text))).toEqual(['slliw', 'ret']);
});

test('a call before a return is a jump', () => {
  const insns = compiled(`(func $far (param i32) (result i32) (if (local.get 0) (then (return (call $far
      (i32.load (local.get 0)))))) (loop $l (br_if $l (i32.load (i32.const 8)))) (i32.const 1))
    (func (export "f") (param i32) (result i32) (call $far (i32.add (local.get 0) (i32.const 1))))`);
  expect(ops(insns)).toEqual(['addiw', 'tail']);
});

test('a function whose calls are all behind failing checks has no frame on its way', () => {
  const insns = compiled(`(func $fail (param i32) (loop $l (br_if $l (i32.load (i32.const 8)))))
    (func (export "f") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (call $fail (i32.const 3)) (unreachable))) (i32.load (local.get 0)))`);
  expect(ops(insns).slice(0, 3)).toEqual(['beq', 'lw', 'ret']);
});

test('an early return happens before the frame is made', () => {
  const insns =
    compiled(`(func $far (param i32) (result i32) (loop $l (br_if $l (i32.load (i32.const 8)))) (i32.const 1))
    (func (export "f") (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return (i32.const 5))))
      (i32.add (call $far (i32.const 1)) (local.get 0)))`);
  const first = insns.findIndex(i => i.op === 'addi' && i.rd === 2);
  expect(insns.slice(0, first).some(i => i.op === 'bne' || i.op === 'beq')).toBe(true);
});

test('what was stored is not loaded again, unless something may have changed it', () => {
  const body = (between: string): string => `(func (export "f") (param i32 i32) (result i32)
    (i32.store offset=4 (local.get 0) (i32.const 7)) ${between} (i32.load offset=4 (local.get 0)))`;
  expect(count(compiled(body('')), 'lw')).toBe(0);
  expect(count(compiled(body('(i32.store offset=8 (local.get 0) (i32.const 1))')), 'lw')).toBe(0);
  expect(count(compiled(body('(i32.store (local.get 1) (i32.const 1))')), 'lw')).toBe(1);
  expect(count(compiled(body('(drop (call $time))')), 'lw')).toBe(1);
});

test('intrinsics are neither merged nor dropped', () => {
  const insns = compiled(`(func (export "f") (param i64) (result i32) (drop (call $ld32 (local.get 0)))
    (i32.add (call $ld32 (local.get 0)) (call $ld32 (local.get 0))))`);
  expect(count(insns, 'lw')).toBe(3);
  expect(count(compiled('(func (export "f") (drop (call $time)) (drop (call $time)))'), 'csrrs')).toBe(2);
});

test('a check that has been made is not made again', () => {
  const check = '(if (i32.ge_u (local.get 0) (local.get 1)) (then (unreachable)))';
  const insns = compiled(`(func (export "f") (param i32 i32) (result i32) ${check} ${check} (i32.const 1))`);
  expect(ops(insns)).toEqual(['bgeu', 'li', 'ret', 'trap']);
});

test('extensions of what is extended cost nothing', () => {
  const insns = compiled(`(func (export "f") (param i32) (result i64)
    (i64.add (i64.extend_i32_u (i32.load8_u (local.get 0))) (i64.extend_i32_s (i32.wrap_i64 (i64.load32_s (local.get 0))))))`);
  expect(ops(insns)).toEqual(['lbu', 'lw', 'add', 'ret']);
});

test('division by a power of two is a shift, a dense switch a table', () => {
  expect(ops(compiled('(func (export "f") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 8)))'))).toEqual(
    ['srliw', 'ret'],
  );
  const insns = compiled(`(func (export "f") (param i32) (result i32) (block $d (block $c (block $b (block $a
    (br_table $a $b $c $d (local.get 0))) (return (i32.const 11))) (return (i32.const 22))) (return (i32.const 33))) (i32.const 4))`);
  expect(count(insns, 'jtab')).toBe(1);
});
