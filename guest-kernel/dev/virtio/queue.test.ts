import fc from "fast-check";
import { expect, test } from "vitest";
import { loadAs } from "../../../test/lib/as-wasm.ts";

interface Exports {
  allocate(): number;
  desc(): number;
  avail(): number;
  used(): number;
  free(): number;
  offer(addr: bigint, len: number, writable: number): number;
  offerRequest(dataLen: number): number;
  take(): number;
  takenBytes(): number;
}

const SIZE = 8;

/** The driver under test and the device's side of the rings. */
async function rings() {
  const { exports: q, memory } = await loadAs<Exports>("guest-kernel/dev/virtio/queue.test.as.ts");
  expect(q.allocate()).toBe(1);
  const view = new DataView(memory.buffer);
  let usedIdx = 0;
  return {
    q,
    view,
    availIdx: () => view.getUint16(q.avail() + 2, true),
    availHead: (i: number) => view.getUint16(q.avail() + 4 + (i % SIZE) * 2, true),
    complete(head: number, bytes: number) {
      view.setUint32(q.used() + 4 + (usedIdx % SIZE) * 8, head, true);
      view.setUint32(q.used() + 8 + (usedIdx % SIZE) * 8, bytes, true);
      usedIdx = (usedIdx + 1) & 0xffff;
      view.setUint16(q.used() + 2, usedIdx, true);
    },
  };
}

test("a request is a chain of header, data and status", async () => {
  const { q, view, availIdx, availHead } = await rings();
  const head = q.offerRequest(512);
  expect([availIdx(), availHead(0), q.free()]).toEqual([1, head, SIZE - 3]);
  const chain = [];
  for (let i = head; ;) {
    const d = q.desc() + i * 16;
    const flags = view.getUint16(d + 12, true);
    chain.push([Number(view.getBigUint64(d, true)), view.getUint32(d + 8, true), flags]);
    if (!(flags & 1)) break;
    i = view.getUint16(d + 14, true);
  }
  expect(chain).toEqual([
    [0x1000, 16, 1],
    [0x2000, 512, 3],
    [0x3000, 1, 2],
  ]);
});

test("a used entry that names no outstanding chain is ignored", async () => {
  const { q, complete } = await rings();
  const head = q.offer(0x1000n, 64, 1);
  complete(999, 1);
  complete((head + 1) % SIZE, 1);
  expect(q.take()).toBe(-1);
  complete(head, 7);
  complete(head, 7);
  expect([q.take(), q.takenBytes(), q.take(), q.free()]).toEqual([head, 7, -1, SIZE]);
});

test("descriptors are neither lost nor handed out twice, in any order of completion", async () => {
  const { q, complete } = await rings();
  const outstanding = new Map<number, number>();
  const step = fc.record({ kind: fc.nat(2), pick: fc.nat(1000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      for (const { kind, pick } of steps) {
        if (kind === 0 && q.free() >= 3) {
          const head = q.offerRequest(pick % 2);
          expect(outstanding.has(head)).toBe(false);
          outstanding.set(head, pick % 2 ? 3 : 2);
        } else if (kind === 1 && q.free() >= 1) {
          const head = q.offer(0x4000n, 1, 0);
          expect(outstanding.has(head)).toBe(false);
          outstanding.set(head, 1);
        } else if (outstanding.size > 0) {
          const head = [...outstanding.keys()][pick % outstanding.size]!;
          complete(head, 0);
          expect(q.take()).toBe(head);
          outstanding.delete(head);
        }
        const held = [...outstanding.values()].reduce((a, b) => a + b, 0);
        expect(q.free()).toBe(SIZE - held);
      }
    }),
    { seed: 7, numRuns: 100 },
  );
});
