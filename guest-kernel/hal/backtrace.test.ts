/** The reader of the unwind table, over a table that tools/wasm2rv builds for three functions that call each other. */
import { beforeEach, expect, test } from "vitest";
import { loadAs } from "../../test/lib/as-wasm.ts";
import type { Code } from "../../tools/wasm2rv/asm/assembler.ts";
import { TRAP } from "../../tools/wasm2rv/asm/minsn.ts";
import { buildUnwind } from "../../tools/wasm2rv/link/unwind.ts";

interface Exports {
  arena(): number;
  begin(pc: bigint, sp: bigint, ra: bigint, low: bigint, high: bigint): void;
  beginHere(low: bigint, high: bigint): void;
  next(): number;
  pc(): bigint;
  name(): number;
  file(): number;
  line(): number;
  cause(at: bigint): number;
}

const TEXT_LOW = 0x8020_0000;
const TEXT = 0xffff_ffff_8020_0000n;
/** leaf has no frame yet at its first instruction; inner and outer store ra. */
const CODE: Code = {
  size: 0x300,
  functions: [
    {
      name: "outer",
      start: 0,
      end: 0x100,
      frames: [
        { pc: 0, size: 0, raSlot: null },
        { pc: 4, size: 32, raSlot: 24 },
      ],
    },
    { name: "inner", start: 0x100, end: 0x200, frames: [{ pc: 0x100, size: 48, raSlot: 8 }] },
    { name: "leaf", start: 0x200, end: 0x300, frames: [{ pc: 0x200, size: 0, raSlot: null }] },
  ],
  jumpTables: [],
  traps: [
    { pc: 0x1fe, cause: TRAP.unreachable },
    { pc: 0x2fe, cause: TRAP.divideByZero },
  ],
  origins: [],
};
const LINES = [
  { pc: 0, at: { file: 0, line: 10 } },
  { pc: 0x80, at: { file: 0, line: 12 } },
  { pc: 0x100, at: { file: 1, line: 7 } },
  { pc: 0x200, at: null },
];

let k: Exports;
let memory: DataView;
let stack: number;
const heres: bigint[] = [];
const HIGH_WATER = 256;

beforeEach(async () => {
  const hidden = { table: 0 };
  const module = await loadAs<Exports>("guest-kernel/hal/backtrace.test.as.ts", {
    rv: {
      symAddr_unwind: () => hidden.table,
      here: (out: number) => heres.forEach((value, i) => memory.setBigUint64(out + 8 * i, value, true)),
    },
  });
  k = module.exports;
  memory = new DataView(module.memory.buffer);
  hidden.table = k.arena();
  const table = buildUnwind(CODE, TEXT_LOW, LINES, ["outer.ts", "dir/inner.ts"]);
  new Uint8Array(memory.buffer).set(table, hidden.table);
  stack = hidden.table + 8192;
});

function text(pointer: number): string {
  return Buffer.from(memory.buffer, pointer, memory.getUint32(pointer - 4, true)).toString("utf16le");
}

function walk(): string[] {
  const out: string[] = [];
  while (k.next()) out.push(`${text(k.name())} ${text(k.file())}:${k.line()}`);
  return out;
}

/** leaf called from inner at +0x150, which was called from outer at +0x84. */
function buildStack(): { sp: bigint; low: bigint; high: bigint } {
  memory.setBigUint64(stack + 8, TEXT + 0x84n, true);
  memory.setBigUint64(stack + 48 + 24, 0n, true);
  return { sp: BigInt(stack), low: BigInt(stack), high: BigInt(stack + HIGH_WATER) };
}

test("walks from a trap in a leaf to the outermost frame", () => {
  const { sp, low, high } = buildStack();
  k.begin(TEXT + 0x200n, sp, TEXT + 0x150n, low, high);
  expect(walk()).toEqual(["leaf :0", "inner dir/inner.ts:7", "outer outer.ts:12"]);
});

test("starts where it is called", () => {
  const { sp, low, high } = buildStack();
  heres.push(TEXT + 0x150n, sp);
  k.beginHere(low, high);
  expect(walk()).toEqual(["inner dir/inner.ts:7", "outer outer.ts:12"]);
});

test("a return address at the very end of a function belongs to that function", () => {
  const { sp, low, high } = buildStack();
  k.begin(TEXT + 0x210n, sp, TEXT + 0x200n, low, high);
  expect(walk().slice(0, 2)).toEqual(["leaf :0", "inner dir/inner.ts:7"]);
});

test("never reads outside the stack and never runs for ever", () => {
  const { sp, low, high } = buildStack();
  for (const wrong of [0n, 8n, low - 8n, low + 4n, high - 8n, high, 0xffff_ffff_ffff_fff8n]) {
    k.begin(TEXT + 0x150n, wrong, 0n, low, high);
    expect(walk().length).toBeLessThanOrEqual(2);
  }
  // A slot that names its own function again and again, on a stack without end.
  for (let at = stack; at + 48 <= stack + HIGH_WATER * 16; at += 48) memory.setBigUint64(at + 8, TEXT + 0x150n, true);
  k.begin(TEXT + 0x150n, sp, 0n, low, BigInt(stack + HIGH_WATER * 16));
  expect(walk()).toHaveLength(64);
  for (const pc of [0n, 1n, TEXT - 1n, TEXT + 0x300n, 0x8020_0100n]) {
    k.begin(pc, sp, 0n, low, high);
    expect(walk()).toEqual([]);
  }
});

test("knows what a trap was", () => {
  expect(text(k.cause(TEXT + 0x1fen))).toMatch(/^unreachable/);
  expect(text(k.cause(TEXT + 0x2fen))).toBe("integer division by zero");
  expect(text(k.cause(TEXT + 0x2fcn))).toBe("");
  expect(text(k.cause(0n))).toBe("");
});
