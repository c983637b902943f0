/**
 * Walks the frames of kernel code and names them, from the unwind table that tools/wasm2rv links into the image (layout:
 * docs/wasm2rv.md, "Unwind table"). It runs while the machine is dying, so it allocates nothing, calls nobody back, and
 * checks every address that it reads against the stack it was given.
 *
 * ```
 * backtrace.begin(pc, sp, ra, low, high);
 * while (backtrace.next()) print(backtrace.name, backtrace.nameLength, backtrace.line, …);
 * ```
 */
import { here, symAddr_unwind } from "./rv";

const MAGIC: u32 = 0x444e5755;
const TEXT_START: usize = 4;
const TEXT_SIZE: usize = 8;
const FRAME_COUNT: usize = 12;
const LINE_COUNT: usize = 16;
const LINES: usize = 20;
const TRAP_COUNT: usize = 24;
const TRAPS: usize = 28;
const FILES: usize = 32;
const STRINGS: usize = 36;
const FRAMES: usize = 40;
const FRAME_ROW: usize = 12;
const LINE_ROW: usize = 8;
const TRAP_ROW: usize = 8;

/** Slot value of a frame row whose function has not stored ra. */
const RA_IN_REGISTER: u32 = 0xffff;
const NOT_FOUND: i32 = -1;
/** A longer chain is a recursion or a loop: nobody reads further. */
const MAX_DEPTH: i32 = 64;

/** The state of one walk. The public fields describe the frame that `next` has just found. */
@final
class Backtrace {
  pc: u64 = 0;
  /** Bytes of the function's name, not NUL-terminated. */
  name: usize = 0;
  nameLength: i32 = 0;
  /** Bytes of the file's name, and the line; line 0: not known. */
  file: usize = 0;
  fileLength: i32 = 0;
  line: u32 = 0;
  depth: i32 = 0;

  private nextPc: u64 = 0;
  private sp: u64 = 0;
  private ra: u64 = 0;
  private low: u64 = 0;
  private high: u64 = 0;

  /** Starts at a trap: pc, sp and ra of its frame. The stack is [low, high). */
  begin(pc: u64, sp: u64, ra: u64, low: u64, high: u64): void {
    this.nextPc = pc;
    this.sp = sp;
    this.ra = ra;
    this.low = low;
    this.high = high;
    this.depth = 0;
  }

  /** Starts at the code that calls this. */
  beginHere(low: u64, high: u64): void {
    const out = memory.data(16, 8);
    here(out);
    this.begin(load<u64>(out), load<u64>(out, 8), 0, low, high);
  }

  /** Finds the next frame, outwards; false at the end, or where the stack makes no sense. */
  next(): bool {
    const pc = this.nextPc;
    const table = symAddr_unwind();
    if (pc == 0 || this.depth >= MAX_DEPTH || load<u32>(table) != MAGIC) return false;
    // A return address may already belong to the next line or function: look where the call was.
    const offset = textOffset(table, this.depth == 0 ? pc : pc - 1);
    const row = offset < 0 ? NOT_FOUND : lastRow(table + FRAMES, FRAME_ROW, load<u32>(table, FRAME_COUNT), <u32>offset);
    if (row == NOT_FOUND) return false;
    const frame = table + FRAMES + <usize>row * FRAME_ROW;
    this.pc = pc;
    this.name = table + load<u32>(table, STRINGS) + load<u32>(frame, 4);
    this.nameLength = stringLength(this.name);
    this.findLine(table, <u32>offset);
    this.stepOut(<u64>load<u16>(frame, 8) * 8, <u32>load<u16>(frame, 10));
    this.depth++;
    return true;
  }

  private findLine(table: usize, offset: u32): void {
    this.file = 0;
    this.fileLength = 0;
    this.line = 0;
    const lines = table + load<u32>(table, LINES);
    const row = lastRow(lines, LINE_ROW, load<u32>(table, LINE_COUNT), offset);
    if (row == NOT_FOUND) return;
    const at = lines + <usize>row * LINE_ROW;
    this.line = load<u16>(at, 6);
    if (this.line == 0) return;
    const file = load<u32>(table + load<u32>(table, FILES) + <usize>load<u16>(at, 4) * 4);
    this.file = table + load<u32>(table, STRINGS) + file;
    this.fileLength = stringLength(this.file);
  }

  /** Makes `nextPc` the caller's pc, or 0 where there is none. */
  private stepOut(frameSize: u64, raSlot: u32): void {
    let ra: u64 = 0;
    if (raSlot != RA_IN_REGISTER) {
      const slot = this.sp + <u64>raSlot * 8;
      if (this.isOnStack(slot)) ra = load<u64>(<usize>slot);
    } else if (this.depth == 0) ra = this.ra;
    this.sp += frameSize;
    this.nextPc = this.isOnStack(this.sp - 8) || this.sp == this.low ? ra : 0;
  }

  private isOnStack(address: u64): bool {
    return address % 8 == 0 && address >= this.low && address < this.high && this.high - address >= 8;
  }
}

/** The only walk there is: a panic must not allocate. */
export const backtrace = new Backtrace();

/** What a wasm trap at `pc` was (the name of its cause), or "" if the ebreak there, if any, is none of the compiler's. */
export function trapCause(pc: u64): string {
  const table = symAddr_unwind();
  if (load<u32>(table) != MAGIC) return "";
  const offset = textOffset(table, pc);
  if (offset < 0) return "";
  const traps = table + load<u32>(table, TRAPS);
  const row = lastRow(traps, TRAP_ROW, load<u32>(table, TRAP_COUNT), <u32>offset);
  if (row == NOT_FOUND) return "";
  const at = traps + <usize>row * TRAP_ROW;
  if (load<u32>(at) != <u32>offset) return "";
  switch (load<u32>(at, 4)) {
    case 1:
      return "unreachable (a failed assertion or an index out of bounds)";
    case 2:
      return "integer division by zero";
    case 3:
      return "integer overflow";
    case 4:
      return "function table index out of bounds";
    case 5:
      return "indirect call of a function of another type";
    default:
      return "";
  }
}

/** Offset of `pc` from the start of text, or -1 if it is elsewhere. */
function textOffset(table: usize, pc: u64): i64 {
  const start = <u64>(<i64>(<i32>load<u32>(table, TEXT_START)));
  const offset = pc - start;
  return offset < <u64>load<u32>(table, TEXT_SIZE) ? <i64>offset : -1;
}

/** Index of the last of `count` rows, sorted by their first u32, that is not above `key`; or NOT_FOUND. */
function lastRow(rows: usize, size: usize, count: u32, key: u32): i32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) / 2;
    if (load<u32>(rows + <usize>middle * size) <= key) low = middle + 1;
    else high = middle;
  }
  return <i32>low - 1;
}

function stringLength(p: usize): i32 {
  let n = 0;
  while (load<u8>(p + n) != 0) n++;
  return n;
}
