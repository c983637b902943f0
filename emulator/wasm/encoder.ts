/**
 * A small WebAssembly encoder (core specification, "Binary Format"): instruction sequences as arrays of bytes that
 * compose like expressions, and a module of imports, functions and exports around them.
 */
import { InternalError, must } from '../base/assert.ts';
import { utf8 } from '../base/bytes.ts';

/** A constant that is not known yet: HOLE_BYTES bytes of LEB128, which `fillHoles` writes. */
export interface Hole {
  readonly hole: string;
}
/** By name, where the holes of a module are in its bytes. */
export type Holes = Readonly<Record<string, readonly number[]>>;
const HOLE_BYTES = 5;

/** A module whose constants are to be filled in. */
export interface WasmTemplate {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly holes: Holes;
}

/** Bytes of an instruction sequence, as a tree: composing copies nothing, the module flattens once. */
export type Code = readonly (number | Hole | Code)[];

const OPCODES = {
  unreachable: 0x00,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  'i32.eqz': 0x45,
  'i32.eq': 0x46,
  'i32.ne': 0x47,
  'i32.lt_s': 0x48,
  'i32.lt_u': 0x49,
  'i32.gt_u': 0x4b,
  'i32.ge_u': 0x4f,
  'i64.eqz': 0x50,
  'i64.eq': 0x51,
  'i64.ne': 0x52,
  'i64.lt_s': 0x53,
  'i64.lt_u': 0x54,
  'i64.ge_s': 0x59,
  'i64.ge_u': 0x5a,
  'f32.eq': 0x5b,
  'f32.ne': 0x5c,
  'f32.lt': 0x5d,
  'f32.le': 0x5f,
  'f64.eq': 0x61,
  'f64.ne': 0x62,
  'f64.lt': 0x63,
  'f64.le': 0x65,
  'i32.add': 0x6a,
  'i32.sub': 0x6b,
  'i32.mul': 0x6c,
  'i32.and': 0x71,
  'i32.or': 0x72,
  'i32.xor': 0x73,
  'i32.shl': 0x74,
  'i32.shr_s': 0x75,
  'i32.shr_u': 0x76,
  'i64.clz': 0x79,
  'i64.ctz': 0x7a,
  'i64.popcnt': 0x7b,
  'i64.add': 0x7c,
  'i64.sub': 0x7d,
  'i64.mul': 0x7e,
  'i64.div_s': 0x7f,
  'i64.div_u': 0x80,
  'i64.rem_s': 0x81,
  'i64.rem_u': 0x82,
  'i64.and': 0x83,
  'i64.or': 0x84,
  'i64.xor': 0x85,
  'i64.shl': 0x86,
  'i64.shr_s': 0x87,
  'i64.shr_u': 0x88,
  'i64.rotl': 0x89,
  'i64.rotr': 0x8a,
  'f32.sqrt': 0x91,
  'f32.add': 0x92,
  'f32.sub': 0x93,
  'f32.mul': 0x94,
  'f32.div': 0x95,
  'f32.min': 0x96,
  'f32.max': 0x97,
  'f64.neg': 0x9a,
  'f64.ceil': 0x9b,
  'f64.floor': 0x9c,
  'f64.trunc': 0x9d,
  'f64.nearest': 0x9e,
  'f64.sqrt': 0x9f,
  'f64.add': 0xa0,
  'f64.sub': 0xa1,
  'f64.mul': 0xa2,
  'f64.div': 0xa3,
  'f64.min': 0xa4,
  'f64.max': 0xa5,
  'i32.wrap_i64': 0xa7,
  'i64.extend_i32_s': 0xac,
  'i64.extend_i32_u': 0xad,
  'f64.convert_i64_s': 0xb9,
  'i32.trunc_f32_s': 0xa8,
  'i32.trunc_f64_s': 0xaa,
  'i32.trunc_f64_u': 0xab,
  'i64.trunc_f32_s': 0xae,
  'i64.trunc_f64_s': 0xb0,
  'i64.trunc_f64_u': 0xb1,
  'f32.convert_i64_s': 0xb4,
  'f32.convert_i64_u': 0xb5,
  'f64.convert_i64_u': 0xba,
  'f64.convert_i32_s': 0xb7,
  'f64.convert_i32_u': 0xb8,
  'f32.demote_f64': 0xb6,
  'f64.promote_f32': 0xbb,
  'i32.reinterpret_f32': 0xbc,
  'i64.reinterpret_f64': 0xbd,
  'f32.reinterpret_i32': 0xbe,
  'f64.reinterpret_i64': 0xbf,
  'i64.extend8_s': 0xc2,
  'i64.extend16_s': 0xc3,
  'i64.extend32_s': 0xc4,
} as const;
export type Mnemonic = keyof typeof OPCODES;

const MEMORY_OPCODES = {
  'i32.load': 0x28,
  'i64.load': 0x29,
  'f32.load': 0x2a,
  'f64.load': 0x2b,
  'i32.load8_u': 0x2d,
  'i32.load16_u': 0x2f,
  'i64.load8_s': 0x30,
  'i64.load8_u': 0x31,
  'i64.load16_s': 0x32,
  'i64.load16_u': 0x33,
  'i64.load32_s': 0x34,
  'i64.load32_u': 0x35,
  'i32.store': 0x36,
  'i64.store': 0x37,
  'f32.store': 0x38,
  'f64.store': 0x39,
  'i32.store16': 0x3b,
  'i64.store8': 0x3c,
  'i64.store16': 0x3d,
  'i64.store32': 0x3e,
} as const;
export type MemoryMnemonic = keyof typeof MEMORY_OPCODES;

const VALUE_TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const;
export type ValueType = keyof typeof VALUE_TYPES;

const VOID_BLOCK = 0x40;
const END = 0x0b;

/** Unsigned LEB128 of a non-negative integer. */
export function uleb(value: number): number[] {
  const out: number[] = [];
  do {
    const byte = value % 128;
    value = Math.floor(value / 128);
    out.push(value > 0 ? byte | 0x80 : byte);
  } while (value > 0);
  return out;
}

/** Signed LEB128 in HOLE_BYTES bytes of a safe integer that fits them; unsigned when it is not negative and fits 34 bits. */
function paddedLeb(value: number): number[] {
  return Array.from({ length: HOLE_BYTES }, (_, i) => {
    const bits = Math.floor(value / 128 ** i) & 0x7f;
    return i < HOLE_BYTES - 1 ? bits | 0x80 : bits;
  });
}

/** Writes the constants into a module's bytes. Each value fits 34 bits, sign included. */
export function fillHoles(bytes: Uint8Array, holes: Holes, values: Readonly<Record<string, number>>): void {
  for (const [name, places] of Object.entries(holes)) {
    const filling = paddedLeb(must(values[name], `value of ${name}`));
    for (const place of places) bytes.set(filling, place);
  }
}

/** Signed LEB128 of a value that fits 32 bits. */
function sleb32(value: number): number[] {
  const out: number[] = [];
  for (;;) {
    const byte = value & 0x7f;
    value >>= 7;
    const isLast = (value === 0 && (byte & 0x40) === 0) || (value === -1 && (byte & 0x40) !== 0);
    out.push(isLast ? byte : byte | 0x80);
    if (isLast) return out;
  }
}

/** Signed LEB128. */
export function sleb(value: bigint): number[] {
  const out: number[] = [];
  for (;;) {
    const byte = Number(value & 0x7fn);
    value >>= 7n;
    const isLast = (value === 0n && (byte & 0x40) === 0) || (value === -1n && (byte & 0x40) !== 0);
    out.push(isLast ? byte : byte | 0x80);
    if (isLast) return out;
  }
}

/** An operator behind its operands. */
export function op(name: Mnemonic, ...operands: Code[]): Code {
  return [...operands, OPCODES[name]];
}
export function i32(value: number): Code {
  return [0x41, sleb32(value | 0)];
}
export function i64(value: number | bigint): Code {
  const isSmall = typeof value === 'number' && value === (value | 0);
  return [0x42, isSmall ? sleb32(value) : sleb(BigInt.asIntN(64, BigInt(value)))];
}
/** A constant that is filled in later. */
export function i32Hole(hole: string): Code {
  return [0x41, { hole }];
}
export function i64Hole(hole: string): Code {
  return [0x42, { hole }];
}
export function get(local: number): Code {
  return [0x20, uleb(local)];
}
export function set(local: number, value: Code): Code {
  return [value, 0x21, uleb(local)];
}
export function tee(local: number, value: Code): Code {
  return [value, 0x22, uleb(local)];
}
/** The alignment hint is always 1: a guest address promises nothing. */
export function load(name: MemoryMnemonic, address: Code, offset: number | Hole = 0): Code {
  return [address, MEMORY_OPCODES[name], 0, typeof offset === 'number' ? uleb(offset) : offset];
}
export function store(name: MemoryMnemonic, address: Code, value: Code, offset = 0): Code {
  return [address, value, MEMORY_OPCODES[name], 0, uleb(offset)];
}
export function call(func: number, ...operands: Code[]): Code {
  return [...operands, 0x10, uleb(func)];
}
export function br(depth: number): Code {
  return [0x0c, uleb(depth)];
}
export function brIf(depth: number, condition: Code): Code {
  return [condition, 0x0d, uleb(depth)];
}
export function brTable(depths: readonly number[], otherwise: number, index: Code): Code {
  return [index, 0x0e, uleb(depths.length), depths.map(uleb), uleb(otherwise)];
}
export function block(...body: Code[]): Code {
  return [0x02, VOID_BLOCK, ...body, END];
}
export function loop(...body: Code[]): Code {
  return [0x03, VOID_BLOCK, ...body, END];
}
export function ifThen(condition: Code, then: Code): Code {
  return [condition, 0x04, VOID_BLOCK, then, END];
}
/** `if` with a result. */
export function choose(type: ValueType, condition: Code, then: Code, otherwise: Code): Code {
  return [condition, 0x04, VALUE_TYPES[type], then, 0x05, otherwise, END];
}

/** A hole in a sequence of bytes, and its place there. */
type HoleAt = readonly [name: string, place: number];

function flatten(code: Code, out: number[], holes: HoleAt[] = []): void {
  for (const part of code) {
    if (typeof part === 'number') out.push(part);
    else if ('hole' in part) {
      holes.push([part.hole, out.length]);
      out.push(...paddedLeb(0));
    } else flatten(part, out, holes);
  }
}

interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Functions are numbered in the order of `importFunction` and then `addFunction` calls. */
export class WasmModule {
  private readonly types: string[] = [];
  private readonly typeBytes: number[][] = [];
  private readonly imports: number[][] = [];
  private readonly functionTypes: number[] = [];
  private readonly bodies: { readonly bytes: number[]; readonly holes: readonly HoleAt[] }[] = [];
  private readonly exports: number[][] = [];
  private importedFunctions = 0;

  importMemory(module: string, name: string, minPages: number, maxPages: number): void {
    this.imports.push([...nameBytes(module), ...nameBytes(name), 0x02, 0x01, ...uleb(minPages), ...uleb(maxPages)]);
  }

  importFunction(module: string, name: string, signature: Signature): number {
    if (this.bodies.length > 0) throw new InternalError('imports come before functions');
    this.imports.push([...nameBytes(module), ...nameBytes(name), 0x00, ...uleb(this.typeIndex(signature))]);
    return this.importedFunctions++;
  }

  /** `locals` are those behind the parameters. */
  addFunction(signature: Signature, locals: readonly ValueType[], body: Code): number {
    this.functionTypes.push(this.typeIndex(signature));
    const declared = locals.flatMap(type => [1, VALUE_TYPES[type]]);
    const bytes = [...uleb(locals.length), ...declared];
    const holes: HoleAt[] = [];
    flatten(body, bytes, holes);
    bytes.push(END);
    this.bodies.push({ bytes, holes });
    return this.importedFunctions + this.bodies.length - 1;
  }

  exportFunction(name: string, func: number): void {
    this.exports.push([...nameBytes(name), 0x00, ...uleb(func)]);
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    return this.toTemplate().bytes;
  }

  /** The module, and where its holes are. */
  toTemplate(): WasmTemplate {
    const sized = this.bodies.map(({ bytes }) => [uleb(bytes.length), bytes]);
    const out = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
    const sections: readonly (readonly [id: number, items: readonly Code[]])[] = [
      [1, this.typeBytes],
      [2, this.imports],
      [3, this.functionTypes.map(type => uleb(type))],
      [7, this.exports],
      [10, sized],
    ];
    for (const [id, items] of sections) appendSection(out, id, items);
    return { bytes: Uint8Array.from(out), holes: this.holesOf(out.length) };
  }

  /** The bodies are the last thing in a module of `length` bytes. */
  private holesOf(length: number): Holes {
    const holes: Record<string, number[]> = {};
    let end = length;
    for (const { bytes, holes: own } of this.bodies.toReversed()) {
      const start = end - bytes.length;
      for (const [name, place] of own) (holes[name] ??= []).push(start + place);
      end = start - uleb(bytes.length).length;
    }
    return holes;
  }

  private typeIndex({ params, results }: Signature): number {
    const bytes = [0x60, ...typeVector(params), ...typeVector(results)];
    const key = bytes.join();
    const known = this.types.indexOf(key);
    if (known !== -1) return known;
    this.types.push(key);
    this.typeBytes.push(bytes);
    return this.types.length - 1;
  }
}

function typeVector(types: readonly ValueType[]): number[] {
  return [...uleb(types.length), ...types.map(type => must(VALUE_TYPES[type], 'value type'))];
}
function nameBytes(name: string): number[] {
  const bytes = utf8(name);
  return [...uleb(bytes.length), ...bytes];
}
function appendSection(out: number[], id: number, items: readonly Code[]): void {
  if (items.length === 0) return;
  const content = uleb(items.length);
  flatten(items, content);
  out.push(id);
  flatten([uleb(content.length), content], out);
}
