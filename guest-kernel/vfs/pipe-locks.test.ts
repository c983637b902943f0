import fc from "fast-check";
import { expect, test } from "vitest";
import { loadAs } from "../../test/lib/as-wasm.ts";

interface Exports {
  ioAddress(): number;
  setup(): number;
  give(n: number): bigint;
  take(n: number): bigint;
  used(): number;
  close(): number;
  free(): number;
  lock(owner: bigint, isExclusive: number, start: bigint, end: bigint): bigint;
  unlock(owner: bigint, start: bigint, end: bigint): void;
}

const PIPE_SIZE = 65536;
const EAGAIN = -11n;
const load = () => loadAs<Exports>("guest-kernel/vfs/pipe-locks.test.as.ts");

test("a pipe hands on the bytes in order, holds 64 KiB, and keeps frames only while it holds bytes", async () => {
  const { exports: k, memory } = await load();
  const amount = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(4095, 4096, 4097, 30_000, 70_000));
  fc.assert(
    fc.property(fc.array(fc.record({ isWrite: fc.boolean(), n: amount }), { maxLength: 40 }), steps => {
      const allFree = k.setup();
      // The memory may grow at any call.
      const buffer = (): Buffer => Buffer.from(memory.buffer);
      let inside = Buffer.alloc(0);
      let next = 0;
      for (const { isWrite, n } of steps) {
        if (isWrite) {
          const data = Buffer.from(Array.from({ length: n }, (_, i) => (next + i) % 251));
          data.copy(buffer(), k.ioAddress());
          const written = Number(k.give(n));
          expect(written).toBe(Math.min(n, PIPE_SIZE - inside.length));
          inside = Buffer.concat([inside, data.subarray(0, written)]);
          next += written;
        } else {
          const got = Number(k.take(n));
          expect(got).toBe(Math.min(n, inside.length));
          expect(
            buffer()
              .subarray(k.ioAddress(), k.ioAddress() + got)
              .equals(inside.subarray(0, got)),
          ).toBe(true);
          inside = inside.subarray(got);
        }
        expect(k.used()).toBe(inside.length);
        if (inside.length === 0) expect(k.free()).toBe(allFree);
        else expect(allFree - k.free()).toBeLessThanOrEqual(Math.ceil(inside.length / 4096) + 1);
      }
      expect(k.close()).toBe(allFree);
    }),
    { seed: 3, numRuns: 150 },
  );
});

test("record locks behave as one lock for each byte", async () => {
  const { exports: k } = await load();
  const BYTES = 12;
  const step = fc.record({
    owner: fc.integer({ min: 1, max: 3 }),
    kind: fc.constantFrom("shared" as const, "exclusive" as const, "unlock" as const),
    start: fc.nat(BYTES - 1),
    length: fc.integer({ min: 1, max: BYTES }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      k.setup();
      const held = Array.from({ length: BYTES * 2 }, () => new Map<number, "shared" | "exclusive">());
      for (const { owner, kind, start, length } of steps) {
        const range = held.slice(start, start + length);
        const [from, to] = [BigInt(start), BigInt(start + length)];
        if (kind === "unlock") {
          k.unlock(BigInt(owner), from, to);
          range.forEach(b => b.delete(owner));
          continue;
        }
        const isBlocked = range.some(b =>
          [...b].some(([other, has]) => other !== owner && (has === "exclusive" || kind === "exclusive")),
        );
        expect(k.lock(BigInt(owner), kind === "exclusive" ? 1 : 0, from, to)).toBe(isBlocked ? EAGAIN : 0n);
        if (!isBlocked) range.forEach(b => b.set(owner, kind));
      }
    }),
    { seed: 9, numRuns: 300 },
  );
});
