/** What image.test.ts drives: ELF and script parsing over bytes that the test writes at `input`. */
import { Bytes, BytesBuilder } from "../lib/bytes";
import { Result, failed } from "../lib/result";
import { AddressSpace } from "../mm/address-space";
import { PAGE_SIZE, allocFrame, framesInit, freeFrames } from "../mm/frames";
import { FrameOut, Pager } from "../mm/pager";
import { UserBuf } from "../mm/user-buf";
import { Shared } from "../proc/held";
import { Elf } from "./elf";
import { ProgramFile } from "./program-file";
import { ScriptLine, isScript, parseScript } from "./script";

const PAGES: usize = 1024;
const arena = memory.data(1025 * 4096, 4096);
const input: usize = memory.data(65536, 16);
let size: usize = 0;

@final
class InputPager extends Pager {
  page(index: u64, out: FrameOut): Result {
    if (index * PAGE_SIZE >= size) return -14;
    const frame = allocFrame();
    if (frame == 0) return -12;
    const at = <usize>index * PAGE_SIZE;
    memory.copy(frame, input + at, min(PAGE_SIZE, size - at));
    out.frame = frame;
    return 0;
  }
  ref(): void {}
  unref(): void {}
  device(): u64 {
    return 0;
  }
  ino(): u64 {
    return 0;
  }
  writePath(_out: BytesBuilder): void {}
}

@final
class InputProgram extends ProgramFile {
  read(off: u64, dst: usize, n: usize): Result {
    if (off >= size) return 0;
    const part = min(n, size - <usize>off);
    memory.copy(dst, input + <usize>off, part);
    return part;
  }
  pager(): Pager {
    return new InputPager();
  }
  executable(): Shared | null {
    return null;
  }
  close(): void {}
}

export function inputAddress(): usize {
  return input;
}
export function free(): u32 {
  return freeFrames();
}
export function setup(): void {
  framesInit(arena, arena + PAGES * PAGE_SIZE);
}

let space: AddressSpace | null = null;
let elf: Elf = new Elf();

/** Parses and maps the first `n` bytes of input at `bias`. 0 or -errno. */
export function loadElf(n: usize, bias: u64): i64 {
  size = n;
  const s = AddressSpace.create() as AddressSpace;
  const file = new InputProgram();
  elf = new Elf();
  space = s;
  const r = elf.parse(file);
  return failed(r) ? r : elf.mapInto(s, file, bias);
}
export function unload(): void {
  (space as AddressSpace).drop();
}
export function entry(): u64 {
  return elf.entry;
}
export function phdrAddress(): u64 {
  return elf.phdrAddress;
}
/** The byte at `addr` of the loaded program, or -1. */
export function peek(addr: u64): i32 {
  const b = Bytes.alloc(1);
  return failed(new UserBuf(space as AddressSpace, addr, 1).readBytes(0, b)) ? -1 : b[0];
}

let line = new ScriptLine();

/** 0: no script. 1: a script that names an interpreter. -1: a script that does not. */
export function script(n: i32): i32 {
  const head = Bytes.copyOf(input, n);
  if (!isScript(head)) return 0;
  line = new ScriptLine();
  return parseScript(head, line) ? 1 : -1;
}
/** Copies the interpreter (0) or the argument (1) to the input; its length, or -1: there is none. */
export function scriptPart(which: i32): i32 {
  const part = which == 0 ? line.interpreter : line.argument;
  if (part == null) return -1;
  memory.copy(input, part.ptr, part.len);
  return part.len;
}
