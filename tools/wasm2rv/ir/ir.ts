/**
 * The compiler's middle form: SSA values in basic blocks.
 *
 * A Value is its own definition: an operation over other values. Operation names are wasm's where the semantics are, with
 * i32 and i64 merged wherever a sign-extended i32 makes them one (ir-ops.ts has the table). Passes rewrite a value by
 * pointing `same` at its replacement; `resolve` follows it, and everyone reads operands through `resolve` or after a
 * `settle`. A phi has one argument per predecessor, in the order of `block.preds`.
 */
import type { ValType } from '../wasm/decode.ts';

export type Type = ValType | 'void';

export class Value {
  /** Set when this value has been replaced by another. */
  same: Value | null = null;
  /** Block that holds it; null for constants, which have no place of their own. */
  block: Block | null = null;
  /** Integer constant (sign-extended), float constant (bits), or memory offset, shift amount and the like. */
  bits = 0n;
  imm = 0;
  /** Callee, global, symbol, or intrinsic. */
  sym = '';
  /** Virtual register, once selected; -1: none needed yet. */
  reg = -1;
  /** Number of the value in the current pass (hash-consing). */
  number = -1;

  constructor(
    readonly id: number,
    public op: string,
    public type: Type,
    public args: Value[],
    /** Byte offset in the wasm file. */
    public off: number,
  ) {}

  get isConst(): boolean {
    return this.op === 'const';
  }
}

export type Terminator =
  | { kind: 'none' }
  | { kind: 'jump'; target: Block; off: number }
  /** To `then` if `cond` is not zero. `likely` is false for a branch that is known to be rarely taken. */
  | { kind: 'branch'; cond: Value; then: Block; else: Block; off: number }
  | { kind: 'switch'; index: Value; targets: Block[]; fallback: Block; off: number }
  | { kind: 'return'; value: Value | null; off: number }
  /** A call in place of a return. `callee` is a function name, or null and the first argument is its address. */
  | { kind: 'tail'; callee: string | null; args: Value[]; off: number }
  | { kind: 'trap'; cause: number; off: number };

export class Block {
  preds: Block[] = [];
  phis: Value[] = [];
  values: Value[] = [];
  term: Terminator = { kind: 'none' };
  /** Place in the source's order: every forward edge leads to a higher one. New blocks take a fraction in between. */
  position = -1;
  /** Index in that order, immediate dominator, loop nesting: filled by cfg.ts. */
  order = -1;
  idom: Block | null = null;
  /** Header of the innermost loop around this block; a header names itself. */
  loop: Block | null = null;
  /** Of a header: the header of the loop around its own. */
  outerLoop: Block | null = null;
  depth = 0;
  /** Ends in a trap whatever happens. */
  isCold = false;

  constructor(readonly id: number) {}

  successors(): Block[] {
    const { term } = this;
    switch (term.kind) {
      case 'jump':
        return [term.target];
      case 'branch':
        return term.then === term.else ? [term.then] : [term.then, term.else];
      case 'switch':
        return [...new Set([...term.targets, term.fallback])];
      default:
        return [];
    }
  }
}

export class IrFunction {
  blocks: Block[] = [];
  readonly params: Value[] = [];
  private readonly constants = new Map<string, Value>();
  private nextValue = 0;
  private nextBlock = 0;

  constructor(
    readonly name: string,
    readonly result: Type,
    readonly off: number,
  ) {}

  get entry(): Block {
    return this.blocks[0]!;
  }
  get blockCount(): number {
    return this.nextBlock;
  }
  get valueCount(): number {
    return this.nextValue;
  }

  newBlock(): Block {
    const block = new Block(this.nextBlock++);
    this.blocks.push(block);
    return block;
  }

  /** A value that is in no block yet. */
  value(op: string, type: Type, args: Value[], off: number): Value {
    return new Value(this.nextValue++, op, type, args, off);
  }

  append(block: Block, op: string, type: Type, args: Value[], off: number): Value {
    const value = this.value(op, type, args, off);
    value.block = block;
    block.values.push(value);
    return value;
  }

  constant(type: Type, bits: bigint): Value {
    const canonical = type === 'i32' ? BigInt.asIntN(32, bits) : type === 'i64' ? BigInt.asIntN(64, bits) : bits;
    const key = `${type}${canonical}`;
    let value = this.constants.get(key);
    if (value === undefined) {
      value = this.value('const', type, [], -1);
      value.bits = canonical;
      this.constants.set(key, value);
    }
    return value;
  }
}

export function resolve(value: Value): Value {
  let v = value;
  while (v.same !== null) v = v.same;
  // Path compression keeps long chains of replacements linear.
  for (let at = value; at.same !== null && at.same !== v;) {
    const next: Value = at.same;
    at.same = v;
    at = next;
  }
  return v;
}

/** Calls `visit` for every operand of a terminator and stores what it returns. */
export function mapTerminator(term: Terminator, visit: (value: Value) => Value): void {
  switch (term.kind) {
    case 'branch':
      term.cond = visit(term.cond);
      return;
    case 'switch':
      term.index = visit(term.index);
      return;
    case 'return':
      if (term.value !== null) term.value = visit(term.value);
      return;
    case 'tail':
      term.args = term.args.map(visit);
      return;
  }
}

/** Replaces every operand by what it resolves to and drops replaced values from their blocks. */
export function settle(fn: IrFunction): void {
  for (const block of fn.blocks) {
    block.phis = block.phis.filter(v => v.same === null);
    block.values = block.values.filter(v => v.same === null);
    for (const phi of block.phis) resolveArgs(phi);
    for (const value of block.values) resolveArgs(value);
    mapTerminator(block.term, resolve);
  }
}

function resolveArgs(value: Value): void {
  const { args } = value;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg.same !== null) args[i] = resolve(arg);
  }
}

/** Replaces the edge from `from` to `to` by an edge to `by`; phis of `to` are the caller's business. */
export function retarget(from: Block, to: Block, by: Block): void {
  const { term } = from;
  if (term.kind === 'jump' && term.target === to) term.target = by;
  else if (term.kind === 'branch') {
    if (term.then === to) term.then = by;
    if (term.else === to) term.else = by;
  } else if (term.kind === 'switch') {
    term.targets = term.targets.map(t => (t === to ? by : t));
    if (term.fallback === to) term.fallback = by;
  }
}

/** Forgets the edge from `pred` to `block`, with the phi arguments that came along it. */
export function removeEdge(pred: Block, block: Block): void {
  const at = block.preds.indexOf(pred);
  if (at < 0) return;
  block.preds.splice(at, 1);
  for (const phi of block.phis) phi.args.splice(at, 1);
}
