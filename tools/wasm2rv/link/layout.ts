/**
 * Where everything goes, for both targets: text, constants, globals and stacks, linear memory, in this order. Addresses are
 * unsigned 32-bit numbers; the ELF holds them sign-extended, which is what a kernel pointer means.
 */
import { alignUp, hex } from '../../../emulator/base/bytes.ts';
import { UserError } from '../../../emulator/base/user-error.ts';

export type Target = 'kernel' | 'user';

export const PAGE = 4096;
export const WASM_PAGE = 65536;
const KERNEL_STACK = 64 * 1024;
const EMERGENCY_STACK = 16 * 1024;
/** Trap frame of docs/wasm2rv.md. */
const TRAP_FRAME = 560;

interface Bases {
  text: number;
  /** Where asc is told to put data, and linear memory therefore begins. */
  memory: number;
}
export const BASES: Readonly<Record<Target, Bases>> = {
  kernel: { text: 0x8020_0000, memory: 0x8040_0000 },
  user: { text: 0x0001_0000, memory: 0x0100_0000 },
};

export interface LayoutInput {
  target: Target;
  textSize: number;
  rodataSize: number;
  globalsSize: number;
  /** Lowest and one past the highest byte of data segments; equal when there are none. */
  dataStart: number;
  dataEnd: number;
  memoryPages: number;
}

/** A range of addresses; what lies beyond `fileEnd` is zeros. */
export interface Region {
  start: number;
  fileEnd: number;
  end: number;
}
export interface Layout {
  text: Region;
  rodata: Region;
  globals: Region;
  memory: Region;
  symbols: Map<string, number>;
}

export function layOut(input: LayoutInput): Layout {
  const { target, dataStart, dataEnd } = input;
  const bases = BASES[target];
  const text = region(bases.text, input.textSize);
  const rodata = region(alignUp(text.end, PAGE), input.rodataSize);
  const globals = region(alignUp(rodata.end, PAGE), input.globalsSize);
  const symbols = new Map([
    ['text_start', text.start],
    ['text_end', text.end],
    ['rodata_start', rodata.start],
    ['rodata_end', rodata.end],
    ['data_start', globals.start],
    ['bss_start', alignUp(globals.end, 8)],
  ]);
  if (target === 'kernel') globals.end = placeStacks(alignUp(globals.end, 8), symbols);

  const hasData = dataEnd > dataStart;
  const start = hasData && dataStart < bases.memory ? Math.floor(dataStart / PAGE) * PAGE : bases.memory;
  const fileEnd = hasData ? alignUp(dataEnd, 8) : start;
  const memory: Region = { start, fileEnd, end: Math.max(alignUp(fileEnd, PAGE), input.memoryPages * WASM_PAGE) };
  if (globals.end > memory.start) {
    throw new UserError(
      `code, constants and stacks end at ${hex(globals.end)}, beyond the data at ${hex(memory.start)}`,
      `compile with asc --memoryBase ${alignUp(Math.max(globals.end, bases.memory), WASM_PAGE)} (decimal)`,
    );
  }
  symbols.set('memory_bss_start', memory.fileEnd);
  symbols.set('heap_base', memory.end);
  symbols.set('data_end', memory.end);
  return { text, rodata, globals, memory, symbols };
}

function region(start: number, size: number): Region {
  return { start, fileEnd: start + size, end: start + size };
}

/** The kernel's zeroed memory besides wasm's. Guard pages lie below the stacks that they guard. Returns the end. */
function placeStacks(start: number, symbols: Map<string, number>): number {
  let at = start;
  const place = (name: string, size: number, alignment: number): void => {
    at = alignUp(at, alignment);
    symbols.set(name, at);
    at += size;
  };
  place('trap.kernel_frame', TRAP_FRAME, 16);
  place('boot.page_table', PAGE, PAGE);
  symbols.set('bss_end', at);
  place('kstack_guard', PAGE, PAGE);
  place('kstack_bottom', KERNEL_STACK, PAGE);
  symbols.set('kstack_top', at);
  place('estack_guard', PAGE, PAGE);
  place('estack_bottom', EMERGENCY_STACK, PAGE);
  symbols.set('estack_top', at);
  return at;
}
