import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { loadAs } from "../../test/lib/as-wasm.ts";

interface Images {
  inputAddress(): number;
  free(): number;
  setup(): void;
  loadElf(n: number, bias: bigint): bigint;
  unload(): void;
  entry(): bigint;
  phdrAddress(): bigint;
  peek(addr: bigint): number;
  script(n: number): number;
  scriptPart(which: number): number;
}

const ENOEXEC = -8n;
const PF_X = 1;
const PF_W = 2;
const PF_R = 4;

let k: Images;
let memory: WebAssembly.Memory;

beforeAll(async () => {
  const m = await loadAs<Images>("guest-kernel/exec/image.test.as.ts");
  k = m.exports;
  memory = m.memory;
});

function give(bytes: Uint8Array): number {
  new Uint8Array(memory.buffer, k.inputAddress(), bytes.length).set(bytes);
  return bytes.length;
}

interface Segment {
  type?: number;
  flags: number;
  offset: number;
  vaddr: number;
  filesz: number;
  memsz: number;
}

/** A static program: header, segments, and bytes that count up. */
function elfOf(segments: readonly Segment[], type = 2): Uint8Array {
  const bytes = new Uint8Array(3 * 4096).map((_, i) => i);
  const v = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  v.setUint16(16, type, true);
  v.setUint16(18, 243, true);
  v.setUint32(20, 1, true);
  v.setBigUint64(24, 0x10078n, true);
  v.setBigUint64(32, 64n, true);
  v.setUint16(54, 56, true);
  v.setUint16(56, segments.length, true);
  segments.forEach((s, i) => {
    const at = 64 + i * 56;
    v.setUint32(at, s.type ?? 1, true);
    v.setUint32(at + 4, s.flags, true);
    for (const [off, n] of [
      [8, s.offset],
      [16, s.vaddr],
      [24, s.vaddr],
      [32, s.filesz],
      [40, s.memsz],
      [48, 4096],
    ] as const)
      v.setBigUint64(at + off, BigInt(n), true);
  });
  return bytes;
}

const TEXT: Segment = { flags: PF_R | PF_X, offset: 0, vaddr: 0x10000, filesz: 0x1800, memsz: 0x1800 };
const DATA: Segment = { flags: PF_R | PF_W, offset: 0x1800, vaddr: 0x12800, filesz: 0x123, memsz: 0x3000 };

describe("ELF", () => {
  test("segments show the file, and zeros behind it", () => {
    k.setup();
    const before = k.free();
    const bytes = elfOf([TEXT, DATA]);
    expect(k.loadElf(give(bytes), 0n)).toBe(0n);
    expect(k.entry()).toBe(0x10078n);
    expect(k.phdrAddress()).toBe(0x10040n);
    expect([k.peek(0x10000n), k.peek(0x117ffn)]).toEqual([0x7f, 0xff]);
    expect([k.peek(0x12800n), k.peek(0x12922n), k.peek(0x12923n), k.peek(0x157ffn)]).toEqual([0, 0x22, 0, 0]);
    expect([k.peek(0xffffn), k.peek(0x16000n)]).toEqual([-1, -1]);
    k.unload();
    expect(k.free()).toBe(before);
  });

  test("a position-independent program is moved as a whole", () => {
    k.setup();
    expect(k.loadElf(give(elfOf([TEXT, DATA], 3)), 0x2a_0000_0000n)).toBe(0n);
    expect(k.peek(0x2a_0001_0000n)).toBe(0x7f);
    expect(k.peek(0x10000n)).toBe(-1);
    k.unload();
  });

  test.each([
    ["32-bit", (b: Uint8Array) => (b[4] = 1)],
    ["big-endian", (b: Uint8Array) => (b[5] = 2)],
    ["another machine", (b: Uint8Array) => (b[18] = 62)],
    ["a relocatable object", (b: Uint8Array) => (b[16] = 1)],
    ["program headers of another size", (b: Uint8Array) => (b[54] = 32)],
    ["no program headers", (b: Uint8Array) => (b[56] = 0)],
    ["program headers beyond the end", (b: Uint8Array) => (b[34] = 0xff)],
    ["more in the file than in memory", (b: Uint8Array) => (b[64 + 40 + 1] = 1)],
    ["an address that is not its offset modulo the page", (b: Uint8Array) => (b[64 + 16] = 1)],
    ["an address in the kernel", (b: Uint8Array) => b.fill(0xff, 64 + 22, 64 + 24)],
    ["segments out of order", (b: Uint8Array) => (b[64 + 56 + 18] = 0)],
  ])("%s is -ENOEXEC", (_, spoil) => {
    k.setup();
    const bytes = elfOf([TEXT, DATA]);
    spoil(bytes);
    expect(k.loadElf(give(bytes), 0n)).toBe(ENOEXEC);
    k.unload();
  });

  test("whatever the headers say: an error or a mapping, never a trap, and no frame is lost", () => {
    const change = fc.tuple(fc.nat(64 + 2 * 56 - 1), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.integer({ min: 0, max: 12288 }), (changes, length) => {
        k.setup();
        const before = k.free();
        const bytes = elfOf([TEXT, DATA]);
        for (const [at, value] of changes) bytes[at] = value;
        give(bytes);
        const r = k.loadElf(length, 0n);
        expect(r <= 0n).toBe(true);
        if (r === 0n) for (const at of [0x10000n, 0x12800n, 0x14000n, k.entry()]) k.peek(at);
        k.unload();
        expect(k.free()).toBe(before);
      }),
      { seed: 7, numRuns: 3000 },
    );
  });
});

describe("#!", () => {
  const parse = (text: string): [number, string?, (string | null)?] => {
    const kind = k.script(give(Buffer.from(text, "latin1")));
    if (kind !== 1) return [kind];
    const part = (which: number): string | null => {
      const n = k.scriptPart(which);
      return n < 0 ? null : Buffer.from(memory.buffer, k.inputAddress(), n).toString("latin1");
    };
    return [kind, part(0)!, part(1)];
  };

  test.each([
    ["#!/bin/sh\necho", [1, "/bin/sh", null]],
    ["#! \t/bin/sh  -e \t\n", [1, "/bin/sh", "-e"]],
    ["#!/usr/bin/env -S a b\n", [1, "/usr/bin/env", "-S a b"]],
    ["#!/bin/sh", [1, "/bin/sh", null]],
    ["#!  \n/bin/sh", [-1]],
    ["#!", [-1]],
    ["#", [0]],
    ["echo", [0]],
    [`#!/${"x".repeat(300)}`.slice(0, 256), [-1]],
    [`#!/bin/sh ${"x".repeat(300)}`.slice(0, 256), [1, "/bin/sh", "x".repeat(246)]],
  ])("%j", (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
});
