import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { loadAs, type AsModule } from "../../test/lib/as-wasm.ts";

interface Exports {
  setup(): number;
  insert(c: number, index: bigint, mark: number): bigint;
  mark(c: number, index: bigint): number;
  remove(c: number, index: bigint): void;
  truncate(c: number, index: bigint): number;
  next(c: number, index: bigint): bigint;
  nextHole(c: number, index: bigint): bigint;
  count(c: number): number;
  retire(c: number): void;
  makeReclaimable(c: number): void;
  pin(c: number, index: bigint): void;
  unpin(c: number, index: bigint): void;
  reclaim(wanted: number): number;
  free(): number;
}

let k: Exports;
let allFree: number;
beforeEach(async () => {
  const m: AsModule<Exports> = await loadAs<Exports>("guest-kernel/vfs/page-cache.test.as.ts");
  k = m.exports;
  allFree = k.setup();
});

/** Near the start, at the borders of the tree's nodes, and far out. */
const index = fc.oneof(
  fc.bigInt(0n, 12n),
  fc.constantFrom(1023n, 1024n, 1025n, 1048575n, 1048576n, (1n << 30n) - 1n, 1n << 30n, (1n << 40n) - 1n),
);
const step = fc.oneof(
  fc.record({ op: fc.constant("insert" as const), index }),
  fc.record({ op: fc.constant("remove" as const), index }),
  fc.record({ op: fc.constant("truncate" as const), index }),
);

test("behaves as a sorted map of pages, and gives every frame back", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      k.setup();
      const model = new Map<bigint, number>();
      steps.forEach(({ op, index: i }, n) => {
        if (op === "insert") {
          if (model.has(i)) return;
          const r = k.insert(0, i, n + 1);
          if (r >= 0n) model.set(i, n + 1);
          else expect(r).toBe(-12n);
        } else if (op === "remove") {
          k.remove(0, i);
          model.delete(i);
        } else {
          const gone = [...model.keys()].filter(x => x >= i);
          expect(k.truncate(0, i)).toBe(gone.length);
          gone.forEach(x => model.delete(x));
        }
        expect(k.count(0)).toBe(model.size);
        expect(k.mark(0, i)).toBe(model.get(i) ?? 0);
      });
      const sorted = [...model.keys()].toSorted((a, b) => (a < b ? -1 : 1));
      const found: bigint[] = [];
      for (let i = k.next(0, 0n); i >= 0n; i = k.next(0, i + 1n)) found.push(i);
      expect(found).toEqual(sorted);
      for (const [i, mark] of model) expect(k.mark(0, i)).toBe(mark);
      const hole = k.nextHole(0, 0n);
      expect(model.has(hole)).toBe(false);
      for (let i = 0n; i < hole; i++) expect(model.has(i)).toBe(true);
      k.retire(0);
      expect(k.free()).toBe(allFree);
    }),
    { seed: 20, numRuns: 300 },
  );
});

test("an index beyond the tree is refused", () => {
  expect(k.insert(0, 1n << 40n, 1)).toBe(-27n);
  expect(k.free()).toBe(allFree);
});

test("reclaiming takes unmapped pages of listed caches only, also when the allocator asks for it", () => {
  for (let i = 0n; i < 6n; i++) k.insert(0, i, 1);
  k.insert(1, 0n, 2);
  k.makeReclaimable(0);
  k.pin(0, 3n);
  expect(k.reclaim(100)).toBe(5);
  expect(k.mark(0, 3n)).toBe(1);
  expect(k.mark(1, 0n)).toBe(2);
  k.unpin(0, 3n);
  let n = 2n;
  while (k.insert(1, n, 7) >= 0n) n++;
  expect(k.count(0)).toBe(0);
  k.retire(0);
  k.retire(1);
  expect(k.free()).toBe(allFree);
});
