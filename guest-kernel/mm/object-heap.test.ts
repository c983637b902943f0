import fc from "fast-check";
import { expect, test } from "vitest";
import { loadAs } from "../../test/lib/as-wasm.ts";

interface Exports {
  objectAlloc(size: number): number;
  objectFree(p: number): void;
  objectRealloc(p: number, size: number): number;
  fill(p: number, n: number, value: number): void;
  damage(p: number, n: number, value: number): number;
  pages(): number;
}

const load = () => loadAs<Exports>("guest-kernel/mm/object-heap.test.as.ts");
const size = fc.oneof(fc.nat(520), fc.constantFrom(12, 13, 508, 509, 4096, 70_000));
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant("alloc" as const), size, at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("free" as const), size, at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("realloc" as const), size, at: fc.nat() }) },
);

test("blocks are aligned, apart from each other, and keep their bytes when they grow", async () => {
  const { exports: k } = await load();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const live: { p: number; n: number; value: number }[] = [];
      steps.forEach((s, i) => {
        const value = (i % 255) + 1;
        const victim = live.length > 0 ? live[s.at % live.length]! : undefined;
        if (s.op === "alloc") {
          const p = k.objectAlloc(s.size);
          expect(p % 16).toBe(0);
          k.fill(p, s.size, value);
          live.push({ p, n: s.size, value });
        } else if (!victim) return;
        else if (s.op === "free") {
          k.objectFree(victim.p);
          live.splice(live.indexOf(victim), 1);
        } else {
          const p = k.objectRealloc(victim.p, s.size);
          expect(k.damage(p, Math.min(victim.n, s.size), victim.value)).toBe(0);
          k.fill(p, s.size, value);
          Object.assign(victim, { p, n: s.size, value });
        }
        for (const b of live) expect(k.damage(b.p, b.n, b.value)).toBe(0);
      });
      live.forEach(b => k.objectFree(b.p));
    }),
    { seed: 7, numRuns: 200 },
  );
});

test("what was freed is used again", async () => {
  const { exports: k } = await load();
  const round = (): void => {
    const all = Array.from({ length: 2000 }, (_, i) => k.objectAlloc(i % 500));
    all.forEach(p => k.objectFree(p));
  };
  round();
  const pages = k.pages();
  for (let i = 0; i < 20; i++) round();
  expect(k.pages()).toBe(pages);
});
