import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { loadAs } from "../../test/lib/as-wasm.ts";

interface Spaces {
  setup(): void;
  free(): number;
  create(): number;
  fork(s: number): number;
  drop(s: number): void;
  map(s: number, page: number, n: number, prot: number, isShared: number): void;
  unmap(s: number, page: number, n: number): void;
  protect(s: number, page: number, n: number, prot: number): bigint;
  forget(s: number, page: number, n: number): void;
  move(s: number, from: number, n: number, to: number): void;
  isMovable(s: number, from: number, n: number): number;
  write(s: number, page: number, v: number): number;
  read(s: number, page: number): bigint;
  listIsTidy(s: number): number;
  mappings(s: number): number;
  findFree(s: number, pages: number, hint: bigint): bigint;
  mmapTop(): bigint;
  writeAcross(s: number, page: number): bigint;
  resident(s: number, page: number, n: number, forWrite: number): bigint;
}

const NONE = 0;
const READ = 1;
const RW = 3;
const EFAULT = -14n;
const PAGES = 24;

let k: Spaces;
let freeAtFirst = 0;

beforeAll(async () => {
  k = (await loadAs<Spaces>("guest-kernel/mm/address-space.test.as.ts")).exports;
});
beforeEach(() => {
  k.setup();
  freeAtFirst = k.free();
});

describe("an address space", () => {
  test("pages come with the first access and go with the mapping", () => {
    const s = k.create();
    k.map(s, 0, 100, RW, 0);
    const before = k.free();
    expect(k.read(s, 3)).toBe(0n);
    k.write(s, 7, 42);
    expect(k.read(s, 7)).toBe(42n);
    // Two pages, and the two tables on the way.
    expect(before - k.free()).toBe(4);
    k.unmap(s, 0, 100);
    expect(k.read(s, 7)).toBe(-1n);
    k.drop(s);
    expect(k.free()).toBe(freeAtFirst);
  });

  test("fork copies a page when one of the two writes it", () => {
    const a = k.create();
    k.map(a, 0, 1, RW, 0);
    k.write(a, 0, 1);
    const b = k.fork(a);
    const before = k.free();
    k.write(b, 0, 2);
    expect([k.read(a, 0), k.read(b, 0)]).toEqual([1n, 2n]);
    expect(before - k.free()).toBe(1);
    // The other one is alone with the old page now: no second copy.
    k.write(a, 0, 3);
    expect(before - k.free()).toBe(1);
    k.drop(a);
    k.drop(b);
    expect(k.free()).toBe(freeAtFirst);
  });

  test("fork without memory changes nothing", () => {
    const a = k.create();
    k.map(a, 0, 4096, RW, 0);
    let touched = 0;
    while (k.free() > 2 && k.write(a, touched, touched + 1)) touched++;
    const free = k.free();
    expect(k.fork(a)).toBe(-1);
    expect(k.free()).toBe(free);
    expect(k.read(a, 5)).toBe(6n);
    expect(k.write(a, 5, 9)).toBe(1);
    k.drop(a);
    expect(k.free()).toBe(freeAtFirst);
  });

  test("a copy stops where the memory ends, and says so", () => {
    const s = k.create();
    k.map(s, 0, 2, RW, 0);
    k.map(s, 2, 1, READ, 0);
    expect(k.writeAcross(s, 0)).toBe(0n);
    expect(k.writeAcross(s, 1)).toBe(EFAULT);
    expect(k.resident(s, 0, 3, 0)).toBe(3n * 4096n);
    expect(k.resident(s, 0, 3, 1)).toBe(2n * 4096n);
    expect(k.resident(s, 2, 1, 1)).toBe(EFAULT);
    expect(k.resident(s, 3, 1, 0)).toBe(EFAULT);
  });

  test("a hint is taken when it can be, and is no error when it cannot", () => {
    const s = k.create();
    const top = k.mmapTop();
    expect(k.findFree(s, 4, 0n)).toBe(top - 4n * 4096n);
    expect(k.findFree(s, 4, 0x4000_0001n)).toBe(0x4000_1000n);
    expect(k.findFree(s, 4, 0x4d4c_ec00_0000n)).toBe(top - 4n * 4096n);
    k.map(s, 0, 4, NONE, 0);
    expect(k.findFree(s, 4, 0x10_0000_2000n)).toBe(top - 4n * 4096n);
  });

  test("neighbours with the same rights are one mapping", () => {
    const s = k.create();
    for (let page = 0; page < 8; page++) k.map(s, page, 1, RW, 0);
    expect(k.mappings(s)).toBe(1);
    k.protect(s, 2, 2, READ);
    expect(k.mappings(s)).toBe(3);
    k.protect(s, 2, 2, RW);
    expect(k.mappings(s)).toBe(1);
  });
});

/** What a page is to a program: rights, and a word that private mappings copy and shared ones share. */
interface Cell {
  word: number;
}
interface Page {
  prot: number;
  isShared: boolean;
  cell: Cell;
}

const page = fc.nat(PAGES - 1);
const length = fc.integer({ min: 1, max: 6 });
const rights = fc.constantFrom(NONE, READ, RW);
const operation = fc.oneof(
  fc.record({ op: fc.constant("map" as const), page, n: length, prot: rights, isShared: fc.boolean() }),
  fc.record({ op: fc.constant("unmap" as const), page, n: length }),
  fc.record({ op: fc.constant("protect" as const), page, n: length, prot: rights }),
  fc.record({ op: fc.constant("move" as const), page, n: length, to: page }),
  fc.record({ op: fc.constant("write" as const), page, word: fc.nat(1 << 30) }),
  fc.record({ op: fc.constant("write" as const), page, word: fc.nat(1 << 30) }),
  fc.record({ op: fc.constant("fork" as const) }),
);

test("any sequence of maps, forks and writes shows what a simple model shows, and leaks no frame", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ who: fc.nat(), what: operation }), { maxLength: 60 }), steps => {
      k.setup();
      const spaces = [{ id: k.create(), pages: new Map<number, Page>() }];
      for (const { who, what } of steps) {
        const space = spaces[who % spaces.length]!;
        const { id, pages } = space;
        const range = "n" in what ? Array.from({ length: what.n }, (_, i) => what.page + i) : [];
        if (what.op === "map") {
          k.map(id, what.page, what.n, what.prot, what.isShared ? 1 : 0);
          for (const p of range) pages.set(p, { prot: what.prot, isShared: what.isShared, cell: { word: 0 } });
        } else if (what.op === "unmap") {
          k.unmap(id, what.page, what.n);
          for (const p of range) pages.delete(p);
        } else if (what.op === "protect") {
          const isMapped = range.every(p => pages.has(p));
          expect(k.protect(id, what.page, what.n, what.prot) === 0n).toBe(isMapped);
          if (isMapped) for (const p of range) pages.get(p)!.prot = what.prot;
        } else if (what.op === "move") {
          const isApart = what.to >= what.page + what.n || what.page >= what.to + what.n;
          if (!isApart || !k.isMovable(id, what.page, what.n)) continue;
          k.move(id, what.page, what.n, what.to);
          const moved = range.map(p => pages.get(p)!);
          for (const p of range) pages.delete(p);
          moved.forEach((m, i) => pages.set(what.to + i, m));
        } else if (what.op === "write") {
          const p = pages.get(what.page);
          const mayWrite = p?.prot === RW;
          expect(k.write(id, what.page, what.word) !== 0).toBe(mayWrite);
          if (p && mayWrite) p.cell.word = what.word;
        } else if (spaces.length < 6) {
          const copy = [...pages].map(([n, p]): [number, Page] => [
            n,
            { ...p, cell: p.isShared ? p.cell : { ...p.cell } },
          ]);
          spaces.push({ id: k.fork(id), pages: new Map(copy) });
        }
      }
      for (const { id, pages } of spaces) {
        expect(k.listIsTidy(id)).toBe(1);
        for (let n = 0; n < PAGES + 6; n++) {
          const p = pages.get(n);
          expect(k.read(id, n)).toBe(p && p.prot !== NONE ? BigInt(p.cell.word) : -1n);
        }
      }
      for (const { id } of spaces) k.drop(id);
      expect(k.free()).toBe(freeAtFirst);
    }),
    { seed: 2, numRuns: 400 },
  );
});
