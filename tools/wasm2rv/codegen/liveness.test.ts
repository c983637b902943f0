import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIRST_VIRTUAL } from '../ir/abi.ts';
import { type LBlock, type LFunction, type LInsn, insn } from './lir.ts';
import { type Ranges, computeLiveness, intersects, unite } from './liveness.ts';

const V = FIRST_VIRTUAL;

function block(id: number, insns: LInsn[]): LBlock {
  return { id, insns, succs: [], freq: 1, isCold: false, isHeader: false, depth: 0 };
}

function fnOf(blocks: LBlock[], registers: number): LFunction {
  return { name: 'f', blocks, isFloat: new Array<boolean>(registers).fill(false), outgoingSize: 0, off: 0 };
}

test('a value is not live in the hole between its last use and its next definition', () => {
  // 0: v0 = ; 1: use v0 ; 2: nothing ; 3: v0 = ; 4: use v0
  const only = block(0, [
    insn('li', [V], [], 0),
    insn('sd', [], [2, V], 0),
    insn('fence', [], [], 0),
    insn('li', [V], [], 0),
    insn('sd', [], [2, V], 0),
  ]);
  expect(computeLiveness(fnOf([only], 1)).virtual[0]).toEqual([1, 3, 7, 9]);
});

test('a value used in a loop lives through the whole loop', () => {
  const before = block(0, [insn('li', [V], [], 0), insn('jump', [], [], 0)]);
  const loop = block(1, [insn('sd', [], [2, V], 0), insn('branch', [], [5, 0], 0)]);
  const after = block(2, [insn('ret', [], [], 0)]);
  before.succs = [loop];
  loop.succs = [loop, after];
  expect(computeLiveness(fnOf([before, loop, after], 1)).virtual[0]).toEqual([1, 8]);
});

test('a late use keeps the definition out of its register, an ordinary one does not', () => {
  const select = insn('select', [V + 2], [V, 0, V + 1, V + 1], 0);
  select.lateUses = 2;
  const only = block(0, [insn('li', [V], [], 0), insn('li', [V + 1], [], 0), select, insn('sd', [], [2, V + 2], 0)]);
  const { virtual } = computeLiveness(fnOf([only], 3));
  expect(intersects(virtual[0]!, virtual[2]!)).toBe(true);
  expect(intersects(virtual[1]!, virtual[2]!)).toBe(false);
});

test('a call clobbers what it names, just there', () => {
  const call = insn('call', [10], [11], 0);
  call.clobbers = [10, 11, 12];
  const only = block(0, [insn('li', [11], [], 0), call, insn('pcopy', [V], [10], 0)]);
  const { fixed } = computeLiveness(fnOf([only], 1));
  expect(fixed[10]).toEqual([3, 5]);
  expect(fixed[11]).toEqual([1, 4]);
  expect(fixed[12]).toEqual([3, 4]);
});

/** Any list of ranges, as a set of points below 60. */
const ranges = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { maxLength: 20 }).map(points => {
  const out: Ranges = [];
  for (const p of points.sort((a, b) => a - b)) {
    if (out.length > 0 && out[out.length - 1] === p) out[out.length - 1] = p + 1;
    else out.push(p, p + 1);
  }
  return out;
});
const points = (list: Ranges): Set<number> => {
  const out = new Set<number>();
  for (let i = 0; i < list.length; i += 2) for (let p = list[i]!; p < list[i + 1]!; p++) out.add(p);
  return out;
};

test('intersects and unite agree with sets of points', () => {
  fc.assert(
    fc.property(ranges, ranges, (a, b) => {
      const [x, y] = [points(a), points(b)];
      expect(intersects(a, b)).toBe([...x].some(p => y.has(p)));
      expect(points(unite(a, b))).toEqual(new Set([...x, ...y].sort((p, q) => p - q)));
    }),
    { seed: 11, numRuns: 1000 },
  );
});
