/**
 * Fills decoded pages: turns instruction words into the 16-byte ops of layout.ts, by the tables that gen/decode-tables.ts
 * makes of the instruction rows. Called by the fast loop when it meets an op that is not decoded yet; it goes on to the
 * end of the straight line, so calls are few.
 */
import {
  FIELD_FULL,
  FIELD_KINDS,
  FIELD_POPULAR,
  FORMAT_BYTES,
  FORMAT_IS_SIGNED,
  FORMAT_RD,
  FORMAT_RS1,
  FORMAT_RS2,
  FORMAT_RUN_COUNT,
  FORMAT_RUNS,
  FORMAT_UNUSED_BITS,
  HALFWORD_BUCKETS,
  HAS_ROUNDING,
  HAS_TARGET,
  IS_END,
  IS_JUMP,
  NEEDS_IMMEDIATE,
  NEEDS_RD,
  NEEDS_RD_NOT_SP,
  NEEDS_RS1,
  NEEDS_RS2,
  RD_IS_FLOAT,
  ROW_BYTES,
  ROW_FLAGS,
  ROW_FORMAT,
  ROW_HANDLER,
  ROW_MASK,
  ROW_MATCH,
  ROW_NEEDS,
  RS1_IS_FLOAT,
  RS2_IS_FLOAT,
  RUN_BYTES,
  RUN_FROM,
  RUN_TO,
  RUN_WIDTH,
} from '../decode-layout';
import {
  CFG_DECODED_HEADER,
  CFG_EXTENSIONS,
  CFG_RAM,
  DECODED_OWNER,
  F_REGS,
  FEATURE_C,
  HANDLER_BREAKPOINT,
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
} from '../layout';
import { CANDIDATES, FORMATS, ROWS, RUNS, STARTS } from './decode-tables.gen';
import { decoded } from './host';
import { addressOfPage } from './ram';
import { has, word } from './state';

const PAGE_SIZE: i32 = 4096;
const LAST_HALFWORD: i32 = PAGE_SIZE - 2;
/** A byte for each halfword of a page: not 0 where ops are to be marked, in every page. */
const marks: usize = memory.data(2048);
let hasMarks: bool = false;
let isTraced: bool = false;

export function clearMarks(): void {
  memory.fill(marks, 0, 2048);
  hasMarks = false;
}

/** Instructions at this offset of every page are marked when they are decoded. */
export function addMark(offset: i32): void {
  store<u8>(marks + (offset >>> 1), 1);
  hasMarks = true;
}

/** Whether host.decoded is called for each instruction decoded from RAM. */
export function traceDecoding(isOn: i32): void {
  isTraced = isOn != 0;
}

/** Decodes from `op` of the decoded page at `page` to the end of the straight line or of the page. */
export function decode(page: usize, op: usize): void {
  const owner = load<u32>(page - <usize>word(CFG_DECODED_HEADER), DECODED_OWNER) - 1;
  const code = <usize>word(CFG_RAM) + ((<usize>owner) << 12);
  let offset = <i32>((op - page) >> 3);
  while (offset < PAGE_SIZE) {
    const at = page + ((<usize>offset) << 3);
    if (load<u16>(at, OP_HANDLER) != HANDLER_UNDECODED) return;
    const low = <i32>load<u16>(code + offset);
    const isLong = (low & 3) == 3;
    if (isLong && offset == LAST_HALFWORD) {
      writeOp(at, HANDLER_STRADDLE, low);
      mark(at, offset);
      return;
    }
    const raw = isLong ? load<i32>(code + offset) : low;
    if (isTraced) decoded(<f64>(addressOfPage(owner) + offset), raw);
    const row = rowOf(raw);
    if (row == 0) {
      writeOp(at, HANDLER_ILLEGAL, raw);
      mark(at, offset);
      return;
    }
    writeDecoded(at, offset, row, raw);
    mark(at, offset);
    if ((load<u32>(row, ROW_FLAGS) & IS_END) != 0) return;
    offset += isLong ? 4 : 2;
  }
}

/** The op of an instruction that is split between two pages; it lives outside every decoded page. */
export function decodeStraddle(op: usize, raw: i32): void {
  decodeAt(op, LAST_HALFWORD, raw);
}

/** What a marked op was before the mark, at UNMARKED_OP. */
export function unmark(op: usize, offset: i32): void {
  const raw = load<i32>(op, OP_RAW);
  if ((raw & 3) == 3 && offset == LAST_HALFWORD) writeOp(UNMARKED_OP, HANDLER_STRADDLE, raw);
  else decodeAt(UNMARKED_OP, offset, raw);
}

function decodeAt(op: usize, offset: i32, raw: i32): void {
  const row = rowOf(raw);
  if (row == 0) writeOp(op, HANDLER_ILLEGAL, raw);
  else writeDecoded(op, offset, row, raw);
}

function mark(at: usize, offset: i32): void {
  if (hasMarks && load<u8>(marks + (offset >>> 1)) != 0) store<u16>(at, HANDLER_BREAKPOINT, OP_HANDLER);
}

function bucketOf(raw: i32): i32 {
  return (raw & 3) == 3
    ? ((raw >>> 2) & 31) * 8 + ((raw >>> 12) & 7)
    : HALFWORD_BUCKETS + (raw & 3) * 8 + ((raw >>> 13) & 7);
}

/** The row of an instruction word that this CPU has, or 0. */
function rowOf(raw: i32): usize {
  const start = STARTS + 2 * <usize>bucketOf(raw);
  const end = CANDIDATES + 2 * <usize>load<u16>(start, 2);
  for (let at = CANDIDATES + 2 * <usize>load<u16>(start); at < end; at += 2) {
    const row = ROWS + <usize>load<u16>(at) * ROW_BYTES;
    if (((raw ^ load<i32>(row, ROW_MATCH)) & load<i32>(row, ROW_MASK)) != 0) continue;
    if (!isMeant(row, raw)) continue;
    return (load<u32>(row, ROW_NEEDS) & ~(<u32>word(CFG_EXTENSIONS))) == 0 ? row : 0;
  }
  return 0;
}

/** What match and mask cannot say. Rounding modes 5 and 6 are reserved. */
function isMeant(row: usize, raw: i32): bool {
  const flags = load<u32>(row, ROW_FLAGS);
  const format = formatOf(row);
  if ((flags & HAS_ROUNDING) != 0) {
    const mode = (raw >>> 12) & 7;
    if (mode == 5 || mode == 6) return false;
  }
  if ((flags & NEEDS_RD) != 0 && register(load<u8>(format, FORMAT_RD), raw) == 0) return false;
  if ((flags & NEEDS_RD_NOT_SP) != 0 && register(load<u8>(format, FORMAT_RD), raw) == 2) return false;
  if ((flags & NEEDS_RS1) != 0 && register(load<u8>(format, FORMAT_RS1), raw) == 0) return false;
  if ((flags & NEEDS_RS2) != 0 && register(load<u8>(format, FORMAT_RS2), raw) == 0) return false;
  return (flags & NEEDS_IMMEDIATE) == 0 || immediate(format, raw) != 0;
}

function formatOf(row: usize): usize {
  return FORMATS + <usize>load<u16>(row, ROW_FORMAT) * FORMAT_BYTES;
}

function register(field: u32, raw: i32): u32 {
  const kind = field & FIELD_KINDS;
  const at = field & ~FIELD_KINDS;
  if (kind == FIELD_FULL) return (raw >>> at) & 31;
  return kind == FIELD_POPULAR ? 8 + ((raw >>> at) & 7) : at;
}

function immediate(format: usize, raw: i32): i32 {
  let run = RUNS + <usize>load<u8>(format, FORMAT_RUNS) * RUN_BYTES;
  const end = run + <usize>load<u8>(format, FORMAT_RUN_COUNT) * RUN_BYTES;
  let value = 0;
  for (; run < end; run += RUN_BYTES) {
    const bits = (raw >>> load<u8>(run, RUN_FROM)) & ((1 << load<u8>(run, RUN_WIDTH)) - 1);
    value |= bits << load<u8>(run, RUN_TO);
  }
  const unused = load<u8>(format, FORMAT_UNUSED_BITS);
  return load<u8>(format, FORMAT_IS_SIGNED) != 0 ? (value << unused) >> unused : value;
}

function writeDecoded(at: usize, offset: i32, row: usize, raw: i32): void {
  const flags = load<u32>(row, ROW_FLAGS);
  const format = formatOf(row);
  const imm = immediate(format, raw);
  const target = offset + imm;
  const isFar = (flags & HAS_TARGET) != 0 && (target < 0 || target >= PAGE_SIZE);
  // Without C, the target of a jump may be misaligned: `unhandled` looks at it.
  const isChecked = (flags & IS_JUMP) != 0 && !has(FEATURE_C) && ((flags & HAS_TARGET) == 0 || (imm & 2) != 0);
  const handler = <i32>load<u16>(row, ROW_HANDLER) + (isFar ? 1 : 0);
  writeOp(at, isChecked ? HANDLER_ILLEGAL : handler, raw);
  const rd = register(load<u8>(format, FORMAT_RD), raw);
  const isDropped = rd == 0 && (flags & RD_IS_FLOAT) == 0;
  store<u16>(at, isDropped ? X_SINK : fileOf(flags & RD_IS_FLOAT) + 8 * rd, OP_RD);
  store<u16>(at, fileOf(flags & RS1_IS_FLOAT) + 8 * register(load<u8>(format, FORMAT_RS1), raw), OP_RS1);
  store<u16>(at, fileOf(flags & RS2_IS_FLOAT) + 8 * register(load<u8>(format, FORMAT_RS2), raw), OP_RS2);
  store<i32>(at, imm, OP_IMM);
}

function fileOf(isFloat: u32): u32 {
  return isFloat != 0 ? F_REGS : X_REGS;
}

function writeOp(at: usize, handler: i32, raw: i32): void {
  store<u16>(at, <u16>handler, OP_HANDLER);
  store<i32>(at, raw, OP_RAW);
}
