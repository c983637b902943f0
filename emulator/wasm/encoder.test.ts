import { expect, test } from 'vitest';
import {
  block,
  br,
  brIf,
  brTable,
  call,
  choose,
  fillHoles,
  get,
  i32,
  i32Hole,
  i64,
  i64Hole,
  ifThen,
  load,
  loop,
  op,
  set,
  sleb,
  store,
  tee,
  uleb,
  WasmModule,
} from './encoder.ts';

test('LEB128', () => {
  expect(uleb(624485)).toEqual([0xe5, 0x8e, 0x26]);
  expect(uleb(0)).toEqual([0]);
  expect(uleb(2 ** 32 - 1)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  expect(sleb(-123456n)).toEqual([0xc0, 0xbb, 0x78]);
  expect(sleb(64n)).toEqual([0xc0, 0]);
});

/** One function of i64 parameters on an instance with a page of memory and an import `host.twice`. */
function build(
  params: number,
  results: readonly ('i32' | 'i64')[],
  locals: readonly ('i32' | 'i64')[],
  body: Parameters<WasmModule['addFunction']>[2],
) {
  const module = new WasmModule();
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  module.importMemory('host', 'memory', 1, 1);
  module.importFunction('host', 'twice', { params: ['i64'], results: ['i64'] });
  const types = Array.from({ length: params }, () => 'i64' as const);
  module.exportFunction('f', module.addFunction({ params: types, results }, locals, body));
  const host = { memory, twice: (n: bigint) => n * 2n };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { host });
  return instance.exports['f'] as (...args: bigint[]) => bigint | number;
}

test('constants of every size arrive', () => {
  for (const value of [0n, 63n, 64n, -64n, -65n, 2n ** 31n, -(2n ** 31n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
    expect(build(0, ['i64'], [], i64(value))()).toBe(value);
    if (BigInt.asIntN(32, value) === value) expect(build(0, ['i32'], [], i32(Number(value)))()).toBe(Number(value));
  }
});

test('a loop with locals, memory, calls and branches', () => {
  // sum of twice(1) … twice(n), kept in memory
  const sum = load('i64.load', i32(8));
  const body = [
    block(
      loop(
        brIf(1, op('i64.eqz', get(0))),
        store('i64.store', i32(0), op('i64.add', sum, call(0, get(0))), 8),
        set(0, op('i64.sub', get(0), i64(1))),
        br(0),
      ),
    ),
    sum,
  ];
  expect(build(1, ['i64'], [], body)(10n)).toBe(110n);
});

test('a table of branches, if, and a choice', () => {
  const table = block(
    block(block(brTable([0, 1], 2, op('i32.wrap_i64', get(0)))), set(1, i64(10)), br(1)),
    set(1, i64(20)),
  );
  const body = [table, ifThen(op('i64.eqz', get(1)), set(1, i64(30))), get(1)];
  const f = build(1, ['i64'], ['i64'], body);
  expect([0n, 1n, 2n, 99n].map(n => f(n))).toEqual([10n, 20n, 30n, 30n]);
  const pick = build(1, ['i64'], ['i64'], choose('i64', op('i64.eqz', tee(1, get(0))), i64(-1), get(1)));
  expect([pick(0n), pick(5n)]).toEqual([-1n, 5n]);
});

test('holes are filled in any function of a module', () => {
  const module = new WasmModule();
  module.importMemory('host', 'memory', 0, 65536);
  const i64Result = { params: [], results: ['i64'] } as const;
  const first = module.addFunction(i64Result, [], [i64(1), 0x1a, i64Hole('wide')]);
  const second = module.addFunction(i64Result, [], op('i64.extend_i32_s', i32Hole('narrow')));
  const third = module.addFunction(i64Result, [], load('i64.load', i32(8), { hole: 'offset' }));
  [first, second, third].forEach((func, i) => module.exportFunction(`f${i}`, func));
  const { bytes, holes } = module.toTemplate();
  const memory = new WebAssembly.Memory({ initial: 3, maximum: 3 });
  new BigInt64Array(memory.buffer)[(8 + 100_000) / 8] = 42n;
  for (const [wide, narrow] of [
    [-(2 ** 32) + 7, -5],
    [2 ** 33 - 1, 2 ** 31 - 1],
  ] as const) {
    const filled = bytes.slice();
    fillHoles(filled, holes, { wide, narrow, offset: 100_000 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(filled), { host: { memory } });
    const results = ['f0', 'f1', 'f2'].map(name => (exports[name] as () => bigint)());
    expect(results).toEqual([BigInt(wide), BigInt(narrow), 42n]);
  }
});
