/** A wasm module to a program of machine instructions: decodes, builds and optimises the middle form, then lowers each function. */
import { must } from '../../emulator/base/assert.ts';
import { bitRoutines } from './runtime/bit-routines.ts';
import { buildFunction } from './ir/build.ts';
import type { ProgramContext } from './ir/program-context.ts';
import { analyse } from './ir/cfg.ts';
import { type FuncType, type Module, decodeModule } from './wasm/decode.ts';
import { splitEdges } from './ir/edges.ts';
import { emitFunction } from './codegen/emit.ts';
import { splitAtFrame } from './codegen/frame-region.ts';
import type { IrFunction } from './ir/ir.ts';
import { Selector } from './codegen/isel.ts';
import type { MFunction, MProgram, MTableEntry } from './asm/minsn.ts';
import { optimiseProgram } from './opt/optimise.ts';
import { allocateRegisters } from './codegen/regalloc.ts';

/** Compiles the bytes of a module; throws UserError for what is not supported. */
export function compile(bytes: Uint8Array): MProgram {
  const module = decodeModule(bytes);
  const functionNames = nameFunctions(module);
  const context = programContext(module, functionNames);
  const middle = module.bodies.map((_, i) => buildFunction(context, module.imports.length + i));
  optimiseProgram(middle);
  const functions = reachableFunctions(module, functionNames, middle).map(lowerFunction);
  functions.push(...bitRoutines(functions));
  const nameOf = (index: number): string => must(functionNames[index], 'function name');
  return {
    functions,
    data: module.data.flatMap(({ address, bytes }) => (address === null ? [] : [{ address, bytes }])),
    constants: module.data.flatMap(({ address, bytes }, i) =>
      address === null ? [{ name: context.passiveName(i), bytes }] : [],
    ),
    table: tableEntries(module, functionNames),
    globals: module.globals.map(({ type, init }, i) => ({
      name: context.globalName(i),
      size: type === 'i32' || type === 'f32' ? 4 : 8,
      init,
    })),
    exports: new Map([...module.exports].map(([name, index]) => [name, nameOf(index)])),
    start: module.start === null ? null : nameOf(module.start),
    memoryPages: module.memoryPages,
  };
}

/** Functions that can still be called, now that many calls are inlined. */
function reachableFunctions(
  module: Module,
  functionNames: readonly string[],
  all: readonly IrFunction[],
): IrFunction[] {
  const byName = new Map(all.map(fn => [fn.name, fn]));
  const roots = [...module.exports.values(), ...module.elements.flatMap(element => element.functions)];
  if (module.start !== null) roots.push(module.start);
  const work = roots.flatMap(index => (index === null ? [] : [functionNames[index] ?? '']));
  const reached = new Set<string>();
  for (let name = work.pop(); name !== undefined; name = work.pop()) {
    const fn = byName.get(name);
    if (fn === undefined || reached.has(name)) continue;
    reached.add(name);
    for (const { values, term } of fn.blocks) {
      for (const { op, sym } of values) if (op === 'call') work.push(sym);
      if (term.kind === 'tail' && term.callee !== null) work.push(term.callee);
    }
  }
  return all.filter(fn => reached.has(fn.name));
}

function lowerFunction(fn: IrFunction): MFunction {
  splitEdges(fn);
  analyse(fn);
  const low = new Selector(fn).select();
  splitAtFrame(low);
  return emitFunction(low, allocateRegisters(low));
}

/** Unique names, from the name section or else by index. Runtime routines begin with two underscores or have a dot. */
function nameFunctions(module: Module): string[] {
  const taken = new Set<string>();
  return module.funcTypes.map((_, index) => {
    const base = module.names.get(index) ?? exportNameOf(module, index) ?? `func${index}`;
    const wanted = `${RESERVED.test(base) ? 'wasm:' : ''}${base}`;
    const name = taken.has(wanted) ? `${wanted}#${index}` : wanted;
    taken.add(name);
    return name;
  });
}

const RESERVED = /^(__(?!new|pin|unpin|collect|link|visit|alloc|free)|boot|trap_|_start$|table$)/;

function exportNameOf(module: Module, index: number): string | undefined {
  for (const [name, at] of module.exports) if (at === index) return name;
  return undefined;
}

function programContext(module: Module, functionNames: readonly string[]): ProgramContext {
  const exported = (name: string): string | undefined => {
    const index = module.exports.get(name);
    return index === undefined ? undefined : functionNames[index];
  };
  const ids = typeIds(module.types);
  return {
    module,
    functionNames,
    memorySize: exported('memorySize') ?? '__memory_size',
    memoryGrow: exported('memoryGrow') ?? '__memory_grow',
    globalName: index => `global.${index}`,
    passiveName: index => `passive.${index}`,
    typeId: index => must(ids[index], 'type id'),
  };
}

/** Equal function types share an id, from 1. */
function typeIds(types: readonly FuncType[]): number[] {
  const known = new Map<string, number>();
  return types.map(({ params, results }) => {
    const key = `${params.join()}:${results.join()}`;
    const id = known.get(key) ?? known.size + 1;
    known.set(key, id);
    return id;
  });
}

function tableEntries(module: Module, functionNames: readonly string[]): MTableEntry[] {
  const ids = typeIds(module.types);
  const table: MTableEntry[] = Array.from({ length: module.tableSize }, () => ({ func: null, typeId: 0 }));
  for (const { offset, functions } of module.elements) {
    functions.forEach((index, i) => {
      if (index === null) return;
      table[offset + i] = {
        func: must(functionNames[index], 'function in the table'),
        typeId: must(ids[must(module.funcTypes[index], 'type')], 'type id'),
      };
    });
  }
  return table;
}
