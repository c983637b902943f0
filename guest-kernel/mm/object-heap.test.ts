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
  useFrames(n: number): void;
  freeFrames(): number;
  setReserve(n: number): void;
  slabFrames(): number;
  emptySlabs(): number;
  releaseSlabs(): number;
  bytesUsed(): number;
}

const load = () => loadAs<Exports>("guest-kernel/mm/object-heap.test.as.ts");
const size = fc.oneof(fc.nat(520), fc.constantFrom(12, 13, 508, 509, 4096, 70_000));
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant("alloc" as const), size, at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("free" as const), size, at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("realloc" as const), size, at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("release" as const), size, at: fc.nat() }) },
);

test.each(["TLSF", "frames"])("blocks from %s are aligned, apart, and keep their bytes when they grow", async from => {
  const { exports: k } = await load();
  if (from === "frames") k.useFrames(256);
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
        } else if (s.op === "release") k.releaseSlabs();
        else if (!victim) return;
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
      expect(k.bytesUsed()).toBe(0);
    }),
    { seed: 7, numRuns: 200 },
  );
});

test("pages that nobody uses go back, the others stay", async () => {
  const { exports: k } = await load();
  k.useFrames(1024);
  const before = k.freeFrames();
  const all = Array.from({ length: 6000 }, (_, i) => k.objectAlloc((i % 25) * 20));
  const held = k.slabFrames();
  expect(before - k.freeFrames()).toBe(held);
  const kept = all.filter((_, i) => i % 500 === 7);
  kept.forEach(p => k.fill(p, 140, 9));
  all.filter(p => !kept.includes(p)).forEach(p => k.objectFree(p));
  const empty = k.emptySlabs();
  expect(empty).toBeGreaterThan(held - kept.length - 1);
  expect(k.releaseSlabs()).toBe(empty);
  expect(k.releaseSlabs()).toBe(0);
  expect(k.slabFrames()).toBe(held - empty);
  // The lists hold what is left, and nothing of what went.
  const again = Array.from({ length: 6000 }, (_, i) => k.objectAlloc((i % 25) * 20));
  again.forEach((p, i) => k.fill(p, (i % 25) * 20, 3));
  for (const p of kept) expect(k.damage(p, 140, 9)).toBe(0);
  [...again, ...kept].forEach(p => k.objectFree(p));
  k.releaseSlabs();
  expect(k.freeFrames()).toBe(before);
});

test("short of frames, a larger idle block does, then the reserve, then TLSF", async () => {
  const { exports: k } = await load();
  k.useFrames(16);
  const large = k.objectAlloc(400);
  k.objectFree(large);
  k.setReserve(100);
  expect(k.objectAlloc(20)).toBe(large);
  const all = Array.from({ length: 3000 }, () => k.objectAlloc(40));
  expect(new Set(all).size).toBe(3000);
  expect(k.freeFrames()).toBe(0);
  all.forEach(p => k.objectFree(p));
  expect(k.releaseSlabs()).toBeGreaterThan(10);
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
