/**
 * From a program of machine instructions to an executable: adds the target's runtime, assembles, lays out, resolves symbols
 * and writes ELF with symbols, debug information and the unwind table. Contract: docs/wasm2rv.md.
 */
import { assert, must } from '../../../emulator/base/assert.ts';
import { alignUp, viewOf } from '../../../emulator/base/bytes.ts';
import { UserError } from '../../../emulator/base/user-error.ts';
import { Assembler } from '../asm/assembler.ts';
import type { Code } from '../asm/assembler.ts';
import { assembleText } from '../asm/asm.ts';
import { debugSections } from './dwarf.ts';
import { PF, writeElf } from './elf.ts';
import type { ElfSymbol, Segment } from './elf.ts';
import { encode } from '../asm/encode.ts';
import { BASES, layOut, PAGE } from './layout.ts';
import type { Layout, Region, Target } from './layout.ts';
import type { MData, MFunction, MGlobal, MProgram } from '../asm/minsn.ts';
import { bootStub, fixedMemory, kernelGlobals, kernelStubs } from '../runtime/kernel.ts';
import { memoryRoutines } from '../runtime/memory.ts';
import { stateRoutines } from '../runtime/state.ts';
import { growByMmap, memoryPagesGlobal, userEntry } from '../runtime/user.ts';
import type { SourceMap } from '../wasm/source-map.ts';
import { lookUp } from '../wasm/source-map.ts';
import { buildUnwind } from './unwind.ts';
import type { LineRow } from './unwind.ts';

export interface LinkOptions {
  target: Target;
  /** Name of the compile unit in debug information. */
  unit: string;
  sourceMap?: SourceMap | undefined;
}

export interface Linked {
  elf: Uint8Array;
  /** For the map and the disassembly. */
  code: Code;
  text: Uint8Array;
  layout: Layout;
  symbols: readonly ElfSymbol[];
}

/** gp points here beyond the start of globals: 12-bit offsets then reach the first 4 KiB. */
const GP_BIAS = 0x800;
const TABLE_ENTRY = 8;

export function link(program: MProgram, options: LinkOptions): Linked {
  const { functions, globals } = withRuntime(program, options.target);
  const globalOffsets = new Map<string, number>();
  const globalBytes = placeGlobals(globals, globalOffsets);
  const assembler = new Assembler({
    nearGp(symbol, addend) {
      const offset = globalOffsets.get(symbol);
      return offset !== undefined && offset + addend >= 0 && offset + addend < 2 * GP_BIAS;
    },
  });
  for (const fn of functions) assembler.add(fn);
  const code = assembler.relax();

  const files = options.sourceMap?.files ?? [];
  const lines = lineRows(code, options.sourceMap);
  // A Linux program has no use for it, unless it asks.
  const hasUnwind = options.target === 'kernel' || functions.some(fn => fn.insns.some(insn => insn.sym === 'unwind'));
  const unwind = hasUnwind ? buildUnwind(code, BASES[options.target].text, lines, files) : new Uint8Array(0);
  const rodata = placeRodata(program, code, options.target, unwind.length);
  const layout = layOut({
    target: options.target,
    textSize: code.size,
    rodataSize: rodata.size,
    globalsSize: globalBytes.length,
    memoryPages: program.memoryPages,
    ...dataExtent(program.data),
  });
  const symbols = new Map(layout.symbols);
  for (const fn of code.functions) symbols.set(fn.name, layout.text.start + fn.start);
  for (const [name, offset] of rodata.offsets) symbols.set(name, layout.rodata.start + offset);
  for (const [name, offset] of globalOffsets) symbols.set(name, layout.globals.start + offset);
  const gp = layout.globals.start + GP_BIAS;
  symbols.set('__global_pointer$', gp);
  const address = (symbol: string): number => must(symbols.get(symbol), `symbol ${symbol}`);

  const text = assembler.emit({ textStart: layout.text.start, gp: gp | 0, address });
  const rodataBytes = fillRodata(program, code, rodata, unwind, layout, address);
  const elfSymbols = describeSymbols(code, globals, symbols);
  const elf = writeElf({
    entry: options.target === 'kernel' ? BigInt(layout.text.start) : canonical(address('_start')),
    segments: [
      segment('.text', PF.R | PF.X, layout.text, text),
      segment('.rodata', PF.R, layout.rodata, rodataBytes),
      segment('.sdata', PF.R | PF.W, layout.globals, globalBytes, '.bss'),
      segment('.data', PF.R | PF.W, layout.memory, memoryImage(program.data, layout.memory), '.memory'),
    ].filter(({ memSize }) => memSize > 0),
    debug: debugSections({ unit: options.unit, code, textStart: canonical(layout.text.start), lines, files }),
    symbols: elfSymbols,
  });
  return { elf, code, text, layout, symbols: elfSymbols };
}

/** A 32-bit address as the virtual address that it means. */
function canonical(address: number): bigint {
  return BigInt.asUintN(64, BigInt(address | 0));
}

function segment(section: string, flags: number, region: Region, bytes: Uint8Array, zeroSection?: string): Segment {
  return {
    section,
    ...(zeroSection ? { zeroSection } : {}),
    vaddr: canonical(region.start),
    paddr: BigInt(region.start),
    bytes,
    memSize: region.end - region.start,
    flags,
  };
}

// --- Runtime ---

function withRuntime(program: MProgram, target: Target): { functions: MFunction[]; globals: MGlobal[] } {
  const exported = (name: string): string => {
    const fn = program.exports.get(name);
    if (fn === undefined) {
      throw new UserError(
        `target ${target}: the module exports no function ${name}`,
        `export ${name}, see docs/wasm2rv.md`,
      );
    }
    return fn;
  };
  // asc's --exportStart makes the start function an export.
  const start = program.start ?? program.exports.get('start') ?? null;
  const own = { size: program.exports.get('memorySize'), grow: program.exports.get('memoryGrow') };
  const hooks = own.size !== undefined && own.grow !== undefined ? forwardMemory(own.size, own.grow) : null;
  const routines = [...memoryRoutines(), ...stateRoutines()];
  if (target === 'user') {
    const entry = userEntry(start, exported('main'));
    return {
      functions: [entry, ...routines, ...(hooks ?? growByMmap()), ...program.functions],
      globals: [...(hooks ? [] : [memoryPagesGlobal(program.memoryPages)]), ...program.globals],
    };
  }
  const stubs = kernelStubs({
    start,
    kmain: exported('kmain'),
    trapUser: exported('trapUser'),
    trapKernel: exported('trapKernel'),
  });
  return {
    functions: [
      bootStub(),
      ...stubs,
      ...routines,
      ...(hooks ?? fixedMemory(program.memoryPages)),
      ...program.functions,
    ],
    globals: [...kernelGlobals(), ...program.globals],
  };
}

function forwardMemory(size: string, grow: string): MFunction[] {
  const forward = (name: string, sym: string): MFunction => ({
    name,
    insns: [{ op: 'tail', sym }],
    frameSize: 0,
    raSlot: null,
  });
  return [forward('__memory_size', size), forward('__memory_grow', grow)];
}

// --- Data ---

/** Eight-byte globals first, so that all are aligned. */
function placeGlobals(globals: readonly MGlobal[], offsets: Map<string, number>): Uint8Array {
  const ordered = [...globals.filter(g => g.size === 8), ...globals.filter(g => g.size === 4)];
  const bytes = new Uint8Array(
    alignUp(
      ordered.reduce((n, g) => n + g.size, 0),
      8,
    ),
  );
  const view = viewOf(bytes);
  let at = 0;
  for (const global of ordered) {
    assert(!offsets.has(global.name), `two globals are named ${global.name}`);
    offsets.set(global.name, at);
    if (global.size === 8) view.setBigUint64(at, BigInt.asUintN(64, global.init), true);
    else view.setUint32(at, Number(BigInt.asUintN(32, global.init)), true);
    at += global.size;
  }
  return bytes;
}

function dataExtent(data: readonly MData[]): { dataStart: number; dataEnd: number } {
  const filled = data.filter(part => part.bytes.length > 0);
  if (filled.length === 0) return { dataStart: 0, dataEnd: 0 };
  return {
    dataStart: filled.reduce((low, part) => Math.min(low, part.address >>> 0), Infinity),
    dataEnd: filled.reduce((high, part) => Math.max(high, (part.address >>> 0) + part.bytes.length), 0),
  };
}

function memoryImage(data: readonly MData[], memory: Region): Uint8Array {
  const image = new Uint8Array(memory.fileEnd - memory.start);
  for (const part of data) {
    if (part.bytes.length > 0) image.set(part.bytes, (part.address >>> 0) - memory.start);
  }
  return image;
}

// --- Constants ---

interface Rodata {
  offsets: Map<string, number>;
  size: number;
}

/** The user-mode page that a signal handler returns to; the kernel maps it into every process. */
const USER_TRAMPOLINE = `
        addi  a7, zero, 139           # rt_sigreturn
        ecall
`;

function placeRodata(program: MProgram, code: Code, target: Target, unwindSize: number): Rodata {
  const offsets = new Map<string, number>();
  let size = 0;
  const place = (name: string, bytes: number, alignment: number): void => {
    size = alignUp(size, alignment);
    offsets.set(name, size);
    size += bytes;
  };
  if (target === 'kernel') place('user_trampoline', PAGE, PAGE);
  place('table', program.table.length * TABLE_ENTRY, 8);
  for (const table of code.jumpTables) place(table.symbol, table.targets.length * 4, 4);
  for (const { name, bytes } of program.constants ?? []) place(name, bytes.length, 8);
  place('unwind', unwindSize, 8);
  return { offsets, size };
}

function fillRodata(
  { table, constants }: MProgram,
  code: Code,
  rodata: Rodata,
  unwind: Uint8Array,
  layout: Layout,
  address: (symbol: string) => number,
): Uint8Array {
  const bytes = new Uint8Array(rodata.size);
  const view = viewOf(bytes);
  const offset = (name: string): number => must(rodata.offsets.get(name), name);
  if (rodata.offsets.has('user_trampoline')) {
    const insns = assembleText(USER_TRAMPOLINE);
    insns.forEach((insn, i) => view.setUint32(offset('user_trampoline') + 4 * i, encode(insn), true));
  }
  table.forEach(({ func, typeId }, i) => {
    if (func === null) return;
    const at = offset('table') + TABLE_ENTRY * i;
    view.setUint32(at, address(func), true);
    view.setUint32(at + 4, typeId, true);
  });
  for (const { symbol, targets } of code.jumpTables) {
    targets.forEach((target, i) => view.setUint32(offset(symbol) + 4 * i, layout.text.start + target, true));
  }
  for (const { name, bytes: content } of constants ?? []) bytes.set(content, offset(name));
  bytes.set(unwind, offset('unwind'));
  return bytes;
}

// --- Symbols and lines ---

function lineRows(code: Code, map: SourceMap | undefined): LineRow[] {
  if (map === undefined) return [];
  const rows: LineRow[] = [];
  const push = (row: LineRow): void => {
    const last = rows.at(-1);
    if (last?.at?.file === row.at?.file && last?.at?.line === row.at?.line) return;
    if (last?.pc === row.pc) rows.pop();
    rows.push(row);
  };
  let origin = 0;
  for (const fn of code.functions) {
    // A stub has no source; without this row it would inherit the line of the code before it.
    if (code.origins[origin]?.pc !== fn.start) push({ pc: fn.start, at: null });
    for (; origin < code.origins.length && code.origins[origin]!.pc < fn.end; origin++) {
      const { pc, off } = code.origins[origin]!;
      push({ pc, at: lookUp(map, off) });
    }
  }
  return rows;
}

function describeSymbols(code: Code, globals: readonly MGlobal[], symbols: ReadonlyMap<string, number>): ElfSymbol[] {
  const sizes = new Map<string, Pick<ElfSymbol, 'size' | 'kind'>>();
  for (const fn of code.functions) sizes.set(fn.name, { size: fn.end - fn.start, kind: 'func' });
  for (const global of globals) sizes.set(global.name, { size: global.size, kind: 'object' });
  return [...symbols]
    .filter(([name]) => !name.startsWith('jtab.'))
    .map(([name, value]) => ({ name, value: canonical(value), ...(sizes.get(name) ?? { size: 0, kind: 'notype' }) }));
}
