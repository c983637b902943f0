/**
 * Wasm module bytes to a Module (WebAssembly core specification, section 5.5). Function bodies stay bytes; build.ts reads
 * them. Features beyond what AssemblyScript emits are refused by name and offset.
 */
import { Reader, malformed, unsupported } from './reader.ts';

export type ValType = 'i32' | 'i64' | 'f32' | 'f64';

export interface FuncType {
  params: ValType[];
  results: ValType[];
}
export interface FuncImport {
  module: string;
  name: string;
  typeIndex: number;
  off: number;
}
export interface Body {
  /** First byte of the body (its local declarations), and one past its last. */
  start: number;
  end: number;
}
export interface Global {
  type: ValType;
  isMutable: boolean;
  init: bigint;
}
export interface DataSegment {
  /** Null: passive. */
  address: number | null;
  bytes: Uint8Array;
}
export interface ElementSegment {
  offset: number;
  functions: (number | null)[];
}

export interface Module {
  bytes: Uint8Array;
  types: FuncType[];
  imports: FuncImport[];
  /** Type index of every function, imports first. */
  funcTypes: number[];
  bodies: Body[];
  tableSize: number;
  memoryPages: number;
  globals: Global[];
  /** Export name → function index. */
  exports: Map<string, number>;
  start: number | null;
  elements: ElementSegment[];
  data: DataSegment[];
  /** Function index → name, of the name section. */
  names: Map<number, string>;
}

const VAL_TYPES: Readonly<Record<number, ValType>> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64' };

export function valType(byte: number, off: number): ValType {
  const type = VAL_TYPES[byte];
  if (type !== undefined) return type;
  if (byte === 0x7b) throw unsupported(off, 'SIMD (type v128)');
  throw unsupported(off, 'a reference type as a value');
}

export function decodeModule(bytes: Uint8Array): Module {
  const r = new Reader(bytes, 0, bytes.length);
  if (bytes.length < 8 || r.view.getUint32(0, true) !== 0x6d736100) throw malformed(0, 'no wasm magic number');
  if (r.view.getUint32(4, true) !== 1) throw malformed(4, 'not a core module of version 1');
  r.at = 8;
  const module: Module = {
    bytes,
    types: [],
    imports: [],
    funcTypes: [],
    bodies: [],
    tableSize: 0,
    memoryPages: 0,
    globals: [],
    exports: new Map(),
    start: null,
    elements: [],
    data: [],
    names: new Map(),
  };
  while (!r.isDone) {
    const off = r.at;
    const id = r.u8();
    const section = r.section(r.u32());
    const decode = SECTIONS[id];
    if (decode === undefined) throw unsupported(off, id === 13 ? 'exception handling (tag section)' : `section ${id}`);
    decode(section, module);
  }
  return module;
}

type SectionDecoder = (r: Reader, module: Module) => void;

const SECTIONS: Readonly<Record<number, SectionDecoder>> = {
  0: customSection,
  1: (r, m) => void (m.types = r.vector(() => funcType(r))),
  2: importSection,
  3: (r, m) => void m.funcTypes.push(...r.vector(() => r.u32())),
  4: (r, m) => r.vector(() => tableType(r, m)),
  5: (r, m) => r.vector(() => memoryType(r, m)),
  6: globalSection,
  7: exportSection,
  8: (r, m) => void (m.start = r.u32()),
  9: elementSection,
  10: codeSection,
  11: dataSection,
  12: r => void r.u32(),
};

function funcType(r: Reader): FuncType {
  const off = r.at;
  if (r.u8() !== 0x60) throw unsupported(off, 'a garbage-collected type');
  const params = r.vector(() => valType(r.u8(), r.at - 1));
  const results = r.vector(() => valType(r.u8(), r.at - 1));
  return { params, results };
}

function limits(r: Reader): number {
  const off = r.at;
  const flags = r.u8();
  if (flags & 2) throw unsupported(off, 'threads (shared memory)');
  if (flags & 4) throw unsupported(off, 'memory64');
  const min = r.u32();
  if (flags & 1) r.u32();
  return min;
}

function tableType(r: Reader, module: Module): void {
  const off = r.at;
  if (r.u8() !== 0x70) throw unsupported(off, 'a table that is not of type funcref');
  if (module.tableSize > 0) throw unsupported(off, 'a second table');
  module.tableSize = limits(r);
}

function memoryType(r: Reader, module: Module): void {
  if (module.memoryPages > 0) throw unsupported(r.at, 'multi-memory');
  module.memoryPages = limits(r);
}

function importSection(r: Reader, module: Module): void {
  r.vector(() => {
    const off = r.at;
    const imported = { module: r.name(), name: r.name() };
    const kind = r.u8();
    if (kind === 0) {
      const typeIndex = r.u32();
      module.imports.push({ ...imported, typeIndex, off });
      module.funcTypes.push(typeIndex);
    } else if (kind === 2) {
      memoryType(r, module);
    } else {
      throw unsupported(off, `import ${imported.module}.${imported.name} of a table, global or tag`);
    }
  });
}

function globalSection(r: Reader, module: Module): void {
  r.vector(() => {
    const type = valType(r.u8(), r.at - 1);
    const isMutable = r.u8() === 1;
    module.globals.push({ type, isMutable, init: constExpr(r, module) });
  });
}

/** A constant expression, as its bits. */
function constExpr(r: Reader, module: Module): bigint {
  let value = 0n;
  for (;;) {
    const off = r.at;
    const op = r.u8();
    if (op === 0x0b) return value;
    if (op === 0x41) value = BigInt(r.s32());
    else if (op === 0x42) value = r.s64();
    else if (op === 0x43) {
      value = BigInt(r.view.getUint32(r.at, true));
      r.at += 4;
    } else if (op === 0x44) {
      value = r.view.getBigUint64(r.at, true);
      r.at += 8;
    } else if (op === 0x23) {
      const global = module.globals[r.u32()];
      if (global === undefined) throw malformed(off, 'global.get of an unknown global');
      value = global.init;
    } else throw unsupported(off, `constant expression opcode ${op}`);
  }
}

function exportSection(r: Reader, module: Module): void {
  r.vector(() => {
    const name = r.name();
    const kind = r.u8();
    const index = r.u32();
    if (kind === 0) module.exports.set(name, index);
  });
}

function elementSection(r: Reader, module: Module): void {
  r.vector(() => {
    const off = r.at;
    const flags = r.u32();
    if (flags > 7 || (flags & 3) === 1 || (flags & 3) === 3) {
      if ((flags & 3) === 3) return skipDeclarative(r, flags);
      throw unsupported(off, 'a passive element segment');
    }
    if (flags & 2 && r.u32() !== 0) throw unsupported(off, 'a second table');
    const offset = Number(constExpr(r, module));
    if (flags & 2) r.u8();
    const functions = flags & 4 ? r.vector(() => elementExpr(r)) : r.vector(() => r.u32());
    module.elements.push({ offset, functions });
  });
}

function skipDeclarative(r: Reader, flags: number): void {
  r.u8();
  r.vector(() => (flags & 4 ? elementExpr(r) : r.u32()));
}

function elementExpr(r: Reader): number | null {
  const off = r.at;
  const op = r.u8();
  if (op !== 0xd0 && op !== 0xd2) throw unsupported(off, `element expression opcode ${op}`);
  const value = r.u32();
  if (r.u8() !== 0x0b) throw malformed(off, 'element expression without end');
  return op === 0xd2 ? value : null;
}

function codeSection(r: Reader, module: Module): void {
  r.vector(() => {
    const length = r.u32();
    const start = r.at;
    r.take(length);
    module.bodies.push({ start, end: r.at });
  });
}

function dataSection(r: Reader, module: Module): void {
  r.vector(() => {
    const off = r.at;
    const flags = r.u32();
    if (flags > 2 || (flags === 2 && r.u32() !== 0)) throw unsupported(off, 'multi-memory');
    const address = flags === 1 ? null : Number(constExpr(r, module));
    module.data.push({ address, bytes: r.take(r.u32()) });
  });
}

function customSection(r: Reader, module: Module): void {
  if (r.name() !== 'name') return;
  while (!r.isDone) {
    const id = r.u8();
    const part = r.section(r.u32());
    if (id === 1) part.vector(() => module.names.set(part.u32(), part.name()));
  }
}
