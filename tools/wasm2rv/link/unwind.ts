/**
 * The unwind table that is linked into the image at symbol `unwind`, so that a panic can print a backtrace with names and
 * lines and say what a trap was. Layout: docs/wasm2rv.md, "Unwind table". Reader: guest-kernel/hal/backtrace.ts.
 */
import { assert } from '../../../emulator/base/assert.ts';
import { ByteWriter, StringTable } from './byte-writer.ts';
import type { Code } from '../asm/assembler.ts';
import type { SourceLine } from '../wasm/source-map.ts';

export const UNWIND_MAGIC = 0x444e5755; // "UWND"
const HEADER_BYTES = 40;
const LINE_MAX = 0xffff;

/** From `pc` (an offset from the start of text) on, code comes from `at`, or from no source (null). */
export interface LineRow {
  pc: number;
  at: SourceLine | null;
}

export function buildUnwind(
  code: Code,
  textStart: number,
  lines: readonly LineRow[],
  files: readonly string[],
): Uint8Array {
  const strings = new StringTable();
  const rows = new ByteWriter();
  let rowCount = 0;
  for (const fn of code.functions) {
    for (const frame of fn.frames) {
      assert(frame.size % 8 === 0 && frame.size / 8 <= 0xffff, `frame size ${frame.size} of ${fn.name}`);
      rows.u32(frame.pc);
      rows.u32(strings.offsetOf(fn.name));
      rows.u16(frame.size / 8);
      rows.u16(frame.raSlot === null ? 0xffff : frame.raSlot / 8);
      rowCount++;
    }
  }
  const lineRows = new ByteWriter();
  for (const { pc, at } of lines) {
    lineRows.u32(pc);
    lineRows.u16(at === null ? 0 : at.file);
    lineRows.u16(at === null ? 0 : Math.min(at.line, LINE_MAX));
  }
  const traps = new ByteWriter();
  for (const { pc, cause } of code.traps) {
    traps.u32(pc);
    traps.u32(cause);
  }
  const fileRows = new ByteWriter();
  for (const file of files) fileRows.u32(strings.offsetOf(file));

  const rowsAt = HEADER_BYTES;
  const linesAt = rowsAt + rows.length;
  const trapsAt = linesAt + lineRows.length;
  const filesAt = trapsAt + traps.length;
  const stringsAt = filesAt + fileRows.length;
  const out = new ByteWriter();
  out.u32(UNWIND_MAGIC);
  out.u32(textStart);
  out.u32(code.size);
  out.u32(rowCount);
  out.u32(lines.length);
  out.u32(linesAt);
  out.u32(code.traps.length);
  out.u32(trapsAt);
  out.u32(filesAt);
  out.u32(stringsAt);
  assert(out.length === HEADER_BYTES, 'unwind header');
  for (const part of [rows, lineRows, traps, fileRows]) out.bytes(part.finish());
  out.bytes(strings.finish());
  return out.finish();
}
