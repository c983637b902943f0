/** The decoder of slow/predecode.ts against that of isa/decode.ts: every halfword, every row and words at random. */
import { expect, test } from 'vitest';
import { DECODED_HEADER_BYTES, OP_BYTES } from '../bus/memory-map.ts';
import { Ram } from '../bus/ram.ts';
import { INSTRUCTIONS } from '../isa/all.ts';
import { decode } from '../isa/decode.ts';
import { rowNamed } from '../isa/encode.ts';
import { DEFAULT_FEATURES, extensionMask, featureMask, type CpuFeatures } from '../isa/extensions.ts';
import { formatOf } from '../isa/formats.ts';
import { Cpu } from './cpu.ts';
import { Engine } from './engine.ts';
import { handlerNumber, hasTarget } from './gen/handlers.ts';
import {
  CFG_DECODED,
  F_REGS,
  HANDLER_ILLEGAL,
  HANDLER_STRADDLE,
  HANDLER_UNDECODED,
  OP_HANDLER,
  OP_IMM,
  OP_RAW,
  OP_RD,
  OP_RS1,
  OP_RS2,
  UNMARKED_OP,
  X_REGS,
  X_SINK,
} from './layout.ts';

interface Op {
  readonly handler: number;
  readonly raw: number;
  readonly rd?: number;
  readonly rs1?: number;
  readonly rs2?: number;
  readonly imm?: number;
}

function decoderOf(features: CpuFeatures) {
  const ram = new Ram(2 ** 20);
  const bus = { read: () => 0, write: () => {}, hi: 0, fault: true };
  const engine = new Engine({ ram, bus, features });
  const cpu = new Cpu({ ram, bus, engine, hartid: 0, time: () => 0 });
  const view = new DataView(ram.memory.buffer);
  const opAt = (at: number): Op => {
    const handler = view.getUint16(at + OP_HANDLER, true);
    const raw = view.getInt32(at + OP_RAW, true);
    if (handler === HANDLER_ILLEGAL || handler === HANDLER_STRADDLE) return { handler, raw };
    const [rd, rs1, rs2] = [OP_RD, OP_RS1, OP_RS2].map(field => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    return { handler, raw, rd, rs1, rs2, imm: view.getInt32(at + OP_IMM, true) };
  };
  /** Where a word is decoded that says itself that it is at `offset`. */
  const opOf = (word: number, offset: number): Op => {
    view.setInt32(UNMARKED_OP + OP_RAW, word, true);
    engine.slow.unmark(UNMARKED_OP, offset);
    return opAt(UNMARKED_OP);
  };
  return { ram, engine, cpu, view, opAt, opOf };
}

function expected(word: number, offset: number, features: CpuFeatures): Op {
  const decoded = decode(word);
  if (!decoded || (extensionMask(decoded.insn) & ~featureMask(features)) !== 0)
    return { handler: HANDLER_ILLEGAL, raw: word };
  const { insn, index, imm } = decoded;
  const operands = insn.operands ?? formatOf(insn.format).operands;
  const base = insn.expandsTo === undefined ? insn : rowNamed(insn.expandsTo);
  const isNear = offset + imm >= 0 && offset + imm < 4096;
  const place = (name: 'rd' | 'rs1' | 'rs2'): number =>
    (operands.includes(`f${name}`) ? F_REGS : X_REGS) + 8 * decoded[name];
  const isRefused = !features.c && (base.name === 'jalr' || (hasTarget(base) && (imm & 2) !== 0));
  return {
    handler: isRefused ? HANDLER_ILLEGAL : handlerNumber(index, hasTarget(base) && !isNear),
    raw: word,
    ...(isRefused
      ? {}
      : { rd: place('rd') === X_REGS ? X_SINK : place('rd'), rs1: place('rs1'), rs2: place('rs2'), imm }),
  };
}

/** xorshift32 */
function* words(seed: number, count: number): Generator<number> {
  for (let word = seed; count > 0; count--) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    yield word | 0;
  }
}

const NONE = Object.fromEntries(Object.keys(DEFAULT_FEATURES).map(name => [name, false])) as CpuFeatures;
const ALL = Object.fromEntries(Object.keys(DEFAULT_FEATURES).map(name => [name, true])) as CpuFeatures;

test.each([
  ['the usual CPU', DEFAULT_FEATURES],
  ['one without extensions', NONE],
  ['one with all of them', ALL],
])('ops of %s', (_, features) => {
  const { opOf } = decoderOf(features);
  const check = (word: number, offset: number): void => {
    const op = opOf(word, offset);
    const wanted = expected(word, offset, features);
    if (JSON.stringify(op) !== JSON.stringify(wanted)) expect(op, (word >>> 0).toString(16)).toEqual(wanted);
  };
  for (let half = 0; half < 0x10000; half++)
    if ((half & 3) !== 3) for (const offset of [0, 2048, 4092]) check(half, offset);
  const random = words(1, 4 * INSTRUCTIONS.length * 64);
  for (const { match, mask } of INSTRUCTIONS) {
    for (let i = 0; i < 64; i++) {
      const isLong = (match & 3) === 3;
      const word = (random.next().value & ~mask) | match;
      check(isLong ? word : word & 0xffff, (random.next().value & 0xffc) % 4092);
    }
  }
  for (const word of words(2, 50_000)) if ((word & 3) === 3) check(word, 100);
});

test('a straight line is decoded to its end, the page or what is decoded already', () => {
  const { ram, engine, cpu, view, opAt } = decoderOf(DEFAULT_FEATURES);
  const header = view.getInt32(CFG_DECODED, true);
  const page = header + DECODED_HEADER_BYTES;
  view.setUint32(header, 1, true);
  const at = (offset: number): number => page + (offset / 2) * OP_BYTES;
  ram.write32(ram.base, 0x00150513); // addi a0,a0,1
  ram.write32(ram.base + 4, 0x00008067); // ret
  ram.write16(ram.base + 8, 0x0505); // c.addi a0,1
  ram.write16(ram.base + 4092, 0x0505);
  ram.write16(ram.base + 4094, 0x0513); // the first half of an addi
  const seen: number[] = [];
  cpu.onDecode = pa => seen.push(pa - ram.base);
  engine.slow.decode(page, at(0));
  expect([0, 4, 8].map(offset => opAt(at(offset)).raw)).toEqual([0x00150513, 0x00008067, 0]);
  expect(opAt(at(8)).handler).toBe(HANDLER_UNDECODED);
  engine.slow.decode(page, at(4092));
  expect(opAt(at(4094))).toEqual({ handler: HANDLER_STRADDLE, raw: 0x0513 });
  expect(seen).toEqual([0, 4, 4092]);
});
