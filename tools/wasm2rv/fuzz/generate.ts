/**
 * Random trees. Sizes are budgets, so that a program takes microseconds; constants and operand shapes favour corners (bounds
 * of 8, 12, 16, 20, 32 and 64 bits), where instruction selection has its cases.
 */
import type { ValType } from '../wasm/decode.ts';
import { MEMORY_OPS, SIMPLE_OPS } from '../wasm/wasm-ops.ts';
import { Random } from './random.ts';
import type { Node, NodeType, Signature, Tree } from './tree.ts';
import { ENTRY_SIGNATURE, node } from './tree.ts';

const TYPES: readonly ValType[] = ['i32', 'i64', 'f32', 'f64'];
/** Integers are what compiled code mostly is. */
const TYPE_WEIGHTS: readonly ValType[] = ['i32', 'i32', 'i32', 'i32', 'i64', 'i64', 'i64', 'f32', 'f64', 'f64'];
const SIMPLE_BY_RESULT = new Map<ValType, number[]>(TYPES.map(type => [type, []]));
for (const [code, row] of SIMPLE_OPS) SIMPLE_BY_RESULT.get(row.result)!.push(code);
const LOADS_BY_TYPE = new Map<ValType, number[]>(TYPES.map(type => [type, []]));
const STORES: number[] = [];
for (const [code, row] of MEMORY_OPS) (row.isStore ? STORES : LOADS_BY_TYPE.get(row.type)!).push(code);

const INTERESTING: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  31n,
  32n,
  63n,
  64n,
  100n,
  127n,
  128n,
  255n,
  256n,
  2047n,
  2048n,
  4095n,
  4096n,
  32767n,
  32768n,
  65535n,
  65536n,
  0xfffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7ffff800n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0x123456789abcdefn,
];
/** Bits of doubles and floats with a history of mistakes: zeros, ones, halves, integers at the bounds, NaNs, infinities. */
const F64_BITS: readonly bigint[] = [
  0n,
  0x8000000000000000n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x3fe0000000000000n,
  0x3ff8000000000000n,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0xc1e0000000000000n,
  0xc1e0000000200000n,
  0x41efffffffe00000n,
  0x43e0000000000000n,
  0xc3e0000000000000n,
  0x43f0000000000000n,
  0x7ff8000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x0000000000000001n,
  0x7fefffffffffffffn,
  0x4330000000000001n,
  0xbfeccccccccccccdn,
];
const F32_BITS: readonly bigint[] = [
  0n,
  0x80000000n,
  0x3f800000n,
  0xbf800000n,
  0x3f000000n,
  0x3fc00000n,
  0x4effffffn,
  0x4f000000n,
  0xcf000000n,
  0x4f7fffffn,
  0x5f000000n,
  0xdf000000n,
  0x5f800000n,
  0x7fc00000n,
  0x7f800000n,
  0xff800000n,
  1n,
  0x7f7fffffn,
  0x4b000001n,
  0xbf666666n,
];

const TRAPPING_CONVERSION = /^trunc\./;
const DIVISION = /^(div|rem)_/;
const I32_OR = 0x72;
const I64_OR = 0x84;

const MAX_DEPTH = 6;
const FUNCTION_BUDGET = 90;
const STATIC_OFFSETS: readonly number[] = [0, 0, 0, 1, 4, 8, 24, 63];

interface Label {
  id: number;
  type: NodeType;
}

/** `size` multiplies how long functions are: registers run out in large ones. */
export function generate(seed: number, size = 1): Tree {
  const random = new Random(seed);
  const signatures: Signature[] = [ENTRY_SIGNATURE];
  for (let i = 0; i < 5; i++) signatures.push(randomSignature(random));
  const count = 2 + random.below(5);
  const functionTypes = [0, ...Array.from({ length: count }, () => 1 + random.below(signatures.length - 1))];
  const globals = Array.from({ length: 2 + random.below(4) }, () => {
    const type = random.pick(TYPE_WEIGHTS);
    return { type, init: randomBits(random, type) };
  });
  const table = Array.from({ length: 4 + random.below(4) }, () =>
    random.chance(15) ? null : 1 + random.below(functionTypes.length - 1),
  );
  const tree: Tree = { signatures, functions: [], globals, table };
  tree.functions = functionTypes.map(signature => {
    const builder = new FunctionGenerator(random, tree, functionTypes, signatures[signature]!, size);
    return { signature, locals: builder.locals, body: builder.body() };
  });
  return tree;
}

function randomSignature(random: Random): Signature {
  // Sometimes more parameters than there are argument registers.
  const length = random.chance(20) ? 8 + random.below(8) : random.below(6);
  return {
    params: Array.from({ length }, () => random.pick(TYPE_WEIGHTS)),
    result: random.chance(15) ? 'void' : random.pick(TYPE_WEIGHTS),
  };
}

function randomBits(random: Random, type: ValType): bigint {
  if (type === 'f64' && random.chance(70)) return random.pick(F64_BITS);
  if (type === 'f32' && random.chance(70)) return random.pick(F32_BITS);
  const wide = (BigInt(random.bits()) << 32n) | BigInt(random.bits());
  const integer = random.chance(75)
    ? (random.chance(35) ? -1n : 1n) * random.pick(INTERESTING) + BigInt(random.below(3) - 1)
    : wide >> BigInt(random.below(64));
  if (type === 'i32' || type === 'f32') return canonicalFloat(type, BigInt.asUintN(32, integer));
  return canonicalFloat(type, BigInt.asUintN(64, integer));
}

/** Random bits of a NaN become the canonical one: what operations make of others is not specified. */
function canonicalFloat(type: ValType, bits: bigint): bigint {
  if (type === 'f32' && (bits & 0x7fffffffn) > 0x7f800000n) return 0x7fc00000n;
  if (type === 'f64' && (bits & 0x7fffffffffffffffn) > 0x7ff0000000000000n) return 0x7ff8000000000000n;
  return bits;
}

class FunctionGenerator {
  /** Locals besides the parameters. */
  readonly locals: ValType[];
  private readonly variables: ValType[];
  private readonly labels: Label[] = [];
  private nextLabel = 1;
  private budget: number;
  private readonly maxDepth: number;

  constructor(
    private readonly random: Random,
    private readonly tree: Tree,
    private readonly functionTypes: readonly number[],
    private readonly signature: Signature,
    size: number,
  ) {
    this.budget = FUNCTION_BUDGET * size;
    this.maxDepth = MAX_DEPTH + (size > 1 ? 3 : 0);
    this.locals = Array.from({ length: 2 + random.below(random.chance(15) ? 30 : 6) }, () => random.pick(TYPE_WEIGHTS));
    this.variables = [...signature.params, ...this.locals];
  }

  body(): Node {
    const kids = this.statements(2 + this.random.below(5), 0);
    if (this.signature.result !== 'void') kids.push(this.expression(this.signature.result, 0));
    return node('sequence', this.signature.result, kids);
  }

  private statements(count: number, depth: number): Node[] {
    return Array.from({ length: count }, () => this.statement(depth));
  }

  private statement(depth: number): Node {
    const { random } = this;
    this.budget--;
    const isSmall = depth >= this.maxDepth || this.budget <= 0;
    const roll = random.below(100);
    if (isSmall || roll < 30) return this.assign(depth);
    if (roll < 45) return this.store(depth);
    if (roll < 55) {
      return node('if', 'void', [
        this.condition(depth + 1),
        node('sequence', 'void', this.statements(1 + random.below(3), depth + 1)),
        node('sequence', 'void', random.chance(50) ? this.statements(1 + random.below(2), depth + 1) : []),
      ]);
    }
    if (roll < 68) return this.labelled('loop', 'void', depth);
    if (roll < 76) return this.labelled('block', 'void', depth);
    if (roll < 86) return this.branch(depth);
    if (roll < 92) {
      const type = random.pick(TYPE_WEIGHTS);
      return node('drop', 'void', [this.call(type, depth + 1) ?? this.expression(type, depth + 1)]);
    }
    if (roll < 96) return this.bulk(depth);
    if (roll < 98) {
      const value = this.signature.result === 'void' ? [] : [this.expression(this.signature.result, depth + 1)];
      const leave = random.chance(10) ? node('unreachable', 'void') : node('return', 'void', value);
      return node('if', 'void', [
        this.condition(depth + 1),
        node('sequence', 'void', [leave]),
        node('sequence', 'void'),
      ]);
    }
    return this.setGlobal(depth);
  }

  private assign(depth: number): Node {
    if (this.random.chance(15)) return this.setGlobal(depth);
    const local = this.random.below(this.variables.length);
    return node('set', 'void', [this.expression(this.variables[local]!, depth + 1)], { imm: local });
  }

  private setGlobal(depth: number): Node {
    const index = this.random.below(this.tree.globals.length);
    return node('setGlobal', 'void', [this.expression(this.tree.globals[index]!.type, depth + 1)], { imm: index });
  }

  private store(depth: number): Node {
    const code = this.random.pick(STORES);
    const value = this.expression(MEMORY_OPS.get(code)!.type, depth + 1);
    const more = { imm: code, imm2: this.random.pick(STATIC_OFFSETS) };
    return node('store', 'void', [this.expression('i32', depth + 1), value], more);
  }

  private bulk(depth: number): Node {
    const address = (): Node => this.expression('i32', depth + 1);
    return this.random.chance(50)
      ? node('copy', 'void', [address(), address(), address()])
      : node('fill', 'void', [address(), address(), address()]);
  }

  private labelled(op: 'block' | 'loop', type: NodeType, depth: number): Node {
    const label = { id: this.nextLabel++, type: op === 'loop' ? ('void' as const) : type };
    this.labels.push(label);
    const kids = this.statements(1 + this.random.below(4), depth + 1);
    if (op === 'loop') {
      // A loop that goes round, usually by a condition.
      kids.push(node('brIf', 'void', [this.condition(depth + 1)], { imm: label.id, imm2: 1 }));
    }
    if (type !== 'void') kids.push(this.expression(type, depth + 1));
    this.labels.pop();
    return node(op, type, kids, { imm: label.id });
  }

  private branch(depth: number): Node {
    const { random } = this;
    if (this.labels.length === 0) return this.assign(depth);
    const plain = this.labels.filter(label => label.type === 'void');
    if (plain.length > 0 && random.chance(25)) {
      const labels = Array.from({ length: 1 + random.below(7) }, () => random.pick(plain).id);
      // A br_table always leaves: keep what follows alive by a condition.
      const jump = node('brTable', 'void', [this.expression('i32', depth + 1)], { labels });
      const body = [node('sequence', 'void', [jump]), node('sequence', 'void')];
      return node('if', 'void', [this.condition(depth + 1), ...body]);
    }
    const label = random.pick(this.labels);
    const value = label.type === 'void' ? [] : [this.expression(label.type, depth + 1)];
    const jump = node('brIf', label.type, [...value, this.condition(depth + 1)], { imm: label.id });
    return label.type === 'void' ? jump : node('drop', 'void', [jump]);
  }

  private condition(depth: number): Node {
    return this.expression('i32', depth);
  }

  private expression(type: ValType, depth: number): Node {
    const { random } = this;
    this.budget--;
    const isSmall = depth >= this.maxDepth || this.budget <= 0;
    const roll = random.below(100);
    if (isSmall || roll < 25) return this.leaf(type);
    if (roll < 68) return this.simple(type, depth);
    if (roll < 76) {
      const more = { imm: random.pick(LOADS_BY_TYPE.get(type)!), imm2: random.pick(STATIC_OFFSETS) };
      return node('load', type, [this.expression('i32', depth + 1)], more);
    }
    if (roll < 82) {
      const sides = [this.expression(type, depth + 1), this.expression(type, depth + 1)];
      return node('select', type, [...sides, this.condition(depth + 1)]);
    }
    if (roll < 86) {
      const side = (): Node =>
        node('sequence', type, [...this.statements(random.below(2), depth + 1), this.expression(type, depth + 1)]);
      return node('if', type, [this.condition(depth + 1), side(), side()]);
    }
    if (roll < 89) return this.labelled('block', type, depth + 1);
    if (roll < 92) {
      const local = this.localOf(type);
      return local < 0 ? this.leaf(type) : node('tee', type, [this.expression(type, depth + 1)], { imm: local });
    }
    return this.call(type, depth + 1) ?? this.simple(type, depth);
  }

  private simple(type: ValType, depth: number): Node {
    const { random } = this;
    let code = random.pick(SIMPLE_BY_RESULT.get(type)!);
    // Conversions that may trap are rare in programs that are to get far.
    while (TRAPPING_CONVERSION.test(SIMPLE_OPS.get(code)!.op) && !random.chance(10)) {
      code = random.pick(SIMPLE_BY_RESULT.get(type)!);
    }
    const { op, params } = SIMPLE_OPS.get(code)!;
    const kids = params.map(param => this.expression(param, depth + 1));
    if (DIVISION.test(op) && random.chance(90)) {
      const one = node('const', type, [], { bits: 1n });
      kids[1] = node('simple', type, [kids[1]!, one], { imm: type === 'i32' ? I32_OR : I64_OR });
    }
    return node('simple', type, kids, { imm: code });
  }

  private call(type: ValType, depth: number): Node | null {
    const { random, tree } = this;
    const argumentsOf = (signature: Signature): Node[] => signature.params.map(p => this.expression(p, depth + 1));
    if (random.chance(35)) {
      const types = tree.signatures.flatMap((s, i) => (s.result === type && i > 0 ? [i] : []));
      if (types.length === 0) return null;
      const filled = types.filter(t => tree.table.some(f => f !== null && this.functionTypes[f] === t));
      if (filled.length === 0 && random.chance(90)) return null;
      const signature = random.pick(filled.length > 0 ? filled : types);
      // Mostly a slot that holds a function of this type; else whatever comes.
      const slots = tree.table.flatMap((f, i) => (f !== null && this.functionTypes[f] === signature ? [i] : []));
      const index =
        slots.length > 0 && random.chance(95)
          ? node('const', 'i32', [], { bits: BigInt(random.pick(slots)) })
          : random.chance(60)
            ? node('const', 'i32', [], { bits: BigInt(random.below(tree.table.length + 2)) })
            : this.expression('i32', depth + 1);
      return node('indirect', type, [...argumentsOf(tree.signatures[signature]!), index], { imm: signature });
    }
    const callees = this.functionTypes.flatMap((s, i) => (i > 0 && tree.signatures[s]!.result === type ? [i] : []));
    if (callees.length === 0) return null;
    const callee = random.pick(callees);
    return node('call', type, argumentsOf(tree.signatures[this.functionTypes[callee]!]!), { imm: callee });
  }

  private leaf(type: ValType): Node {
    const { random } = this;
    const local = random.chance(60) ? this.localOf(type) : -1;
    if (local >= 0) return node('get', type, [], { imm: local });
    const globals = this.tree.globals.flatMap((g, i) => (g.type === type ? [i] : []));
    if (globals.length > 0 && random.chance(15)) return node('global', type, [], { imm: random.pick(globals) });
    if (type === 'i32' && random.chance(2)) return node('memorySize', 'i32');
    return node('const', type, [], { bits: randomBits(random, type) });
  }

  private localOf(type: ValType): number {
    const found = this.variables.flatMap((t, i) => (t === type ? [i] : []));
    return found.length > 0 ? this.random.pick(found) : -1;
  }
}
