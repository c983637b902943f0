/**
 * Trees to wasm. Adds what makes a run finite and comparable: fuel, spent at every call and every turn of a loop; every
 * address brought into a small window; every NaN that an operation made replaced by the canonical one (which NaN it makes
 * is not specified).
 */
import { concatBytes, utf8 } from '../../../emulator/base/bytes.ts';
import { sleb, uleb } from '../../../emulator/wasm/encoder.ts';
import type { ValType } from '../wasm/decode.ts';
import type { Target } from '../link/layout.ts';
import { BASES, WASM_PAGE } from '../link/layout.ts';
import { SIMPLE_OPS } from '../wasm/wasm-ops.ts';
import type { Func, Node, NodeType, Tree } from './tree.ts';

/** Loads and stores reach this much from the start of linear memory; `dump` writes the globals behind that. */
export const WINDOW_SIZE = 1280;
const ADDRESS_MASK = 1023;
const LENGTH_MASK = 127;
export const MAX_GLOBALS = 8;
/** What a run leaves in memory. */
export const IMAGE_SIZE = WINDOW_SIZE + 8 * MAX_GLOBALS;
/** The window's page, and three for the harness (batch.ts). */
export const MEMORY_PAGES = BASES.user.memory / WASM_PAGE + 4;
const FUEL = 600;
/** A loop that would go round again leaves when these bits of the fuel are zero: turns are few, whatever its condition. */
const TURN_MASK = 15;

const CODE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, void: 0x40 } as const;
const END = 0x0b;
const I32 = { const: 0x41, add: 0x6a, sub: 0x6b, and: 0x71, ltS: 0x48 } as const;
const STORE: Readonly<Record<ValType, number>> = { i32: 0x36, i64: 0x37, f32: 0x38, f64: 0x39 };

/** Results that may be a NaN made by the operation: all float arithmetic but sign changes and conversions of integers. */
const MAKES_NAN =
  /^(f(32|64)\.(ceil|floor|trunc|nearest|sqrt|add|sub|mul|div|min|max)|cvt\.(s\.d|d\.s)|mv\.(w\.x|d\.x))$/;

/** The module: exports `run(i64, i64): i64`, `dump()` and `memory`, which programs use from the target's base on. */
export function emitModule(tree: Tree, target: Target = 'user'): Uint8Array<ArrayBuffer> {
  const window = BASES[target].memory;
  const fuel = tree.globals.length;
  const runType = tree.signatures.length;
  const voidType = runType + 1;
  const count = tree.functions.length;
  const run = [...[I32.const, ...sleb(BigInt(FUEL)), 0x24, ...uleb(fuel)], ...[0x20, 0, 0x20, 1, 0x10, 0]];
  const dump = tree.globals.flatMap(({ type }, i) => [
    ...[...constant('i32', BigInt(window + WINDOW_SIZE + 8 * i)), 0x23, ...uleb(i), STORE[type], 0, 0],
  ]);
  const signatures = [
    ...tree.signatures.map(s => [0x60, ...vector(s.params.map(p => [CODE[p]])), ...resultOf(s.result)]),
    [0x60, ...vector([[CODE.i64], [CODE.i64]]), ...resultOf('i64')],
    [0x60, 0, 0],
  ];
  const bodies = [
    ...tree.functions.map(fn => new BodyEmitter(tree, fn, fuel, window).emit()),
    body([], run),
    body([], dump),
  ];
  const globals = [
    ...tree.globals.map(({ type, init }) => [CODE[type], 1, ...constant(type, init), END]),
    [CODE.i32, 1, I32.const, 0, END],
  ];
  // One slot more than there are elements: it stays null.
  const elements = tree.table.flatMap((f, i) =>
    f === null ? [] : [[0, I32.const, ...sleb(BigInt(i)), END, 1, ...uleb(f)]],
  );
  const parts = [
    section(1, vector(signatures)),
    section(3, vector([...tree.functions.map(fn => uleb(fn.signature)), uleb(runType), uleb(voidType)])),
    section(4, vector([[0x70, 0, ...uleb(tree.table.length + 1)]])),
    section(5, vector([[0, ...uleb(MEMORY_PAGES)]])),
    section(6, vector(globals)),
    section(7, vector([name('run', 0, count), name('dump', 0, count + 1), name('memory', 2, 0)])),
    ...(elements.length > 0 ? [section(9, vector(elements))] : []),
    section(10, vector(bodies)),
  ];
  return new Uint8Array(
    concatBytes([Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), ...parts.map(part => Uint8Array.from(part))]),
  );
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...uleb(items.length), ...items.flat()];
}
function section(id: number, bytes: readonly number[]): number[] {
  return [id, ...uleb(bytes.length), ...bytes];
}
function name(text: string, kind: number, index: number): number[] {
  return [...uleb(text.length), ...utf8(text), kind, ...uleb(index)];
}
function resultOf(type: NodeType): number[] {
  return type === 'void' ? [0] : [1, CODE[type]];
}
function body(locals: readonly ValType[], code: readonly number[]): number[] {
  const bytes = [...vector(locals.map(type => [1, CODE[type]])), ...code, END];
  return [...uleb(bytes.length), ...bytes];
}
function constant(type: ValType, bits: bigint): number[] {
  if (type === 'i32') return [0x41, ...sleb(BigInt.asIntN(32, bits))];
  if (type === 'i64') return [0x42, ...sleb(BigInt.asIntN(64, bits))];
  const size = type === 'f32' ? 4 : 8;
  const bytes = Array.from({ length: size }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn));
  return [type === 'f32' ? 0x43 : 0x44, ...bytes];
}

class BodyEmitter {
  private readonly out: number[] = [];
  /** Label ids from the outermost block inwards; 0 for what cannot be named. */
  private readonly labels: number[] = [];
  /** Locals of emit's own, to test a float for NaN. */
  private readonly scratch: { f32: number; f64: number };

  constructor(
    private readonly tree: Tree,
    private readonly fn: Func,
    private readonly fuel: number,
    private readonly window: number,
  ) {
    const variables = tree.signatures[fn.signature]!.params.length + fn.locals.length;
    this.scratch = { f32: variables, f64: variables + 1 };
  }

  emit(): number[] {
    this.spendFuel();
    this.node(this.fn.body);
    return body([...this.fn.locals, 'f32', 'f64'], this.out);
  }

  /** Without fuel, functions return zero at once, so recursion and loops end. */
  private spendFuel(): void {
    const { result } = this.tree.signatures[this.fn.signature]!;
    const whenGone = [...(result === 'void' ? [] : constant(result, 0n)), 0x0f];
    const index = uleb(this.fuel);
    this.out.push(0x23, ...index, I32.const, 1, I32.sub, 0x24, ...index);
    this.out.push(0x23, ...index, I32.const, 0, I32.ltS, 0x04, CODE.void, ...whenGone, END);
  }

  private depthOf(label: number): number {
    return this.labels.length - 1 - this.labels.lastIndexOf(label);
  }

  private node(n: Node): void {
    const { out } = this;
    switch (n.op) {
      case 'block':
      case 'loop':
        out.push(n.op === 'block' ? 0x02 : 0x03, CODE[n.type]);
        this.labels.push(n.imm);
        if (n.op === 'loop') this.spendFuel();
        n.kids.forEach(kid => this.node(kid));
        this.labels.pop();
        out.push(END);
        return;
      case 'if':
        this.node(n.kids[0]!);
        out.push(0x04, CODE[n.type]);
        this.labels.push(0);
        this.node(n.kids[1]!);
        out.push(0x05);
        this.node(n.kids[2]!);
        this.labels.pop();
        out.push(END);
        return;
      case 'load':
        this.address(n.kids[0]!);
        out.push(n.imm, 0, ...uleb(n.imm2));
        this.canonical(n.type);
        return;
      case 'store':
        this.address(n.kids[0]!);
        this.node(n.kids[1]!);
        out.push(n.imm, 0, ...uleb(n.imm2));
        return;
      case 'copy':
        this.address(n.kids[0]!);
        this.address(n.kids[1]!);
        this.length(n.kids[2]!);
        out.push(0xfc, 0x0a, 0, 0);
        return;
      case 'fill':
        this.address(n.kids[0]!);
        this.node(n.kids[1]!);
        this.length(n.kids[2]!);
        out.push(0xfc, 0x0b, 0);
        return;
    }
    n.kids.forEach(kid => this.node(kid));
    this.operator(n);
  }

  /** What comes behind the operands. */
  private operator(n: Node): void {
    const { out } = this;
    switch (n.op) {
      case 'const':
        out.push(...constant(n.type as ValType, n.bits));
        return;
      case 'simple': {
        if (n.imm >= 0xfc00) out.push(0xfc, n.imm & 0xff);
        else out.push(n.imm);
        if (MAKES_NAN.test(SIMPLE_OPS.get(n.imm)!.op)) this.canonical(n.type);
        return;
      }
      case 'get':
        out.push(0x20, ...uleb(n.imm));
        return;
      case 'set':
        out.push(0x21, ...uleb(n.imm));
        return;
      case 'tee':
        out.push(0x22, ...uleb(n.imm));
        return;
      case 'global':
        out.push(0x23, ...uleb(n.imm));
        return;
      case 'setGlobal':
        out.push(0x24, ...uleb(n.imm));
        return;
      case 'select':
        out.push(0x1b);
        return;
      case 'call':
        out.push(0x10, ...uleb(n.imm));
        return;
      case 'indirect':
        out.push(0x11, ...uleb(n.imm), 0);
        return;
      case 'br':
        out.push(0x0c, ...uleb(this.depthOf(n.imm)));
        return;
      case 'brIf':
        if (n.imm2 !== 0) {
          out.push(0x45, 0x45, 0x23, ...uleb(this.fuel), I32.const, TURN_MASK, I32.and, 0x45, 0x45, I32.and);
        }
        out.push(0x0d, ...uleb(this.depthOf(n.imm)));
        return;
      case 'brTable': {
        const [last, ...rest] = n.labels.map(label => uleb(this.depthOf(label)));
        out.push(0x0e, ...vector(rest), ...last!);
        return;
      }
      case 'return':
        out.push(0x0f);
        return;
      case 'drop':
        out.push(0x1a);
        return;
      case 'memorySize':
        out.push(0x3f, 0);
        return;
      case 'unreachable':
        out.push(0x00);
    }
  }

  private address(n: Node): void {
    this.node(n);
    this.out.push(I32.const, ...sleb(BigInt(ADDRESS_MASK)), I32.and);
    this.out.push(...constant('i32', BigInt(this.window)), I32.add);
  }

  private length(n: Node): void {
    this.node(n);
    this.out.push(I32.const, ...sleb(BigInt(LENGTH_MASK)), I32.and);
  }

  /** Replaces any NaN on the stack by the canonical one. */
  private canonical(type: NodeType): void {
    if (type !== 'f32' && type !== 'f64') return;
    const local = uleb(this.scratch[type]);
    const [nan, notEqual] = type === 'f32' ? [0x7fc00000n, 0x5c] : [0x7ff8000000000000n, 0x62];
    this.out.push(
      0x21,
      ...local,
      ...constant(type, nan),
      0x20,
      ...local,
      0x20,
      ...local,
      0x20,
      ...local,
      notEqual,
      0x1b,
    );
  }
}
