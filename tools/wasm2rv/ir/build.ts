/**
 * One wasm function body to SSA: structured control becomes a graph of blocks, the operand stack disappears. The body is
 * trusted to be valid (asc and binaryen validate); what we do not support is refused by name and offset.
 *
 * Code after a br, return or unreachable goes to a block without predecessors, which orderBlocks drops.
 */
import { must } from '../../../emulator/base/assert.ts';
import { type FuncType, type ValType, valType } from '../wasm/decode.ts';
import { Emitter } from './build-ops.ts';
import type { ProgramContext } from './program-context.ts';
import { type Handler, INSTRUCTIONS, PREFIXES } from './build-table.ts';
import { type Block, IrFunction, type Value } from './ir.ts';
import { TRAP } from '../asm/minsn.ts';
import { Reader, malformed, unsupported } from '../wasm/reader.ts';
import { Variables } from './ssa.ts';
import { MEMORY_OPS, SIMPLE_OPS } from '../wasm/wasm-ops.ts';

interface Frame {
  kind: 'function' | 'block' | 'loop' | 'if';
  /** Where a branch to this label goes, and the phis that receive its operands. */
  target: Block;
  targetPhis: Value[];
  /** Where `end` goes on; for all but a loop the target. */
  resultTypes: readonly ValType[];
  otherwise: Block | null;
  otherwiseStack: Value[];
  height: number;
}

export function buildFunction(context: ProgramContext, index: number): IrFunction {
  const { module } = context;
  const type = must(module.types[must(module.funcTypes[index], 'function type')], 'type');
  const body = must(module.bodies[index - module.imports.length], 'function body');
  if (type.results.length > 1) throw unsupported(body.start, 'a function with several results (multi-value)');
  return new FunctionBuilder(context, type, new Reader(module.bytes, body.start, body.end), index).build();
}

class FunctionBuilder implements Record<Handler, () => void> {
  private readonly fn: IrFunction;
  private readonly types: ValType[] = [];
  private readonly variables: Variables;
  private readonly frames: Frame[] = [];
  private readonly emit: Emitter;
  private stack: Value[] = [];
  private block: Block;
  private position = 0;
  /** Offset of the instruction being read. */
  private off = 0;

  constructor(
    private readonly context: ProgramContext,
    private readonly type: FuncType,
    private readonly r: Reader,
    index: number,
  ) {
    this.fn = new IrFunction(must(context.functionNames[index], 'function name'), type.results[0] ?? 'void', r.at);
    this.variables = new Variables(this.fn, this.types);
    this.emit = new Emitter(this.fn, context);
    this.block = this.fn.newBlock();
    this.enter(this.block);
  }

  build(): IrFunction {
    const { fn, r } = this;
    this.variables.seal(this.block);
    this.type.params.forEach((type, i) => {
      const param = fn.append(this.block, 'param', type, [], r.at);
      param.imm = i;
      fn.params.push(param);
      this.types.push(type);
      this.variables.write(this.block, i, param);
    });
    const groups = r.u32();
    for (let i = 0; i < groups; i++) {
      const count = r.u32();
      const type = valType(r.u8(), r.at - 1);
      if (this.types.length + count > 50000) throw malformed(r.at, 'too many locals');
      for (let k = 0; k < count; k++) this.types.push(type);
    }
    this.pushFrame('function', [], this.type.results, fn.newBlock());
    while (!r.isDone) {
      this.off = r.at;
      this.emit.at(this.block, this.off);
      this.instruction(r.u8());
    }
    if (this.frames.length > 0) throw malformed(r.at, 'function body without end');
    return fn;
  }

  private pop(): Value {
    const frame = this.frames[this.frames.length - 1];
    if (frame !== undefined && this.stack.length <= frame.height) return this.fn.constant('i32', 0n);
    return must(this.stack.pop(), 'operand');
  }

  private popMany(count: number): Value[] {
    const out: Value[] = [];
    for (let i = 0; i < count; i++) out.unshift(this.pop());
    return out;
  }

  private push(value: Value | null): void {
    if (value !== null) this.stack.push(value);
  }

  private pushFrame(kind: Frame['kind'], params: Value[], resultTypes: readonly ValType[], target: Block): void {
    const types = kind === 'loop' ? params.map(p => p.type) : resultTypes;
    const targetPhis = types.map(type => {
      const phi = this.fn.value('phi', type, [], this.off);
      phi.block = target;
      target.phis.push(phi);
      return phi;
    });
    const height = this.stack.length;
    this.frames.push({ kind, target, targetPhis, resultTypes, otherwise: null, otherwiseStack: params, height });
  }

  /** Adds the edge to a label, with the operands on top of the stack; leaves the stack as it is. */
  private edgeTo(frame: Frame, from = this.block): Block {
    const { target, targetPhis } = frame;
    if (target.preds.includes(from)) return target;
    target.preds.push(from);
    const operands = this.peek(targetPhis.length);
    targetPhis.forEach((phi, i) => phi.args.push(operands[i]!));
    return target;
  }

  private peek(count: number): Value[] {
    const frame = this.frames[this.frames.length - 1]!;
    const out: Value[] = [];
    for (let i = 1; i <= count; i++) {
      const at = this.stack.length - i;
      out.unshift(at >= frame.height ? this.stack[at]! : this.fn.constant('i32', 0n));
    }
    return out;
  }

  private frameAt(depth: number): Frame {
    return must(this.frames[this.frames.length - 1 - depth], `label ${depth}`);
  }

  private startBlock(preds: Block[], isSealed = true): Block {
    const block = this.fn.newBlock();
    block.preds.push(...preds);
    if (isSealed) this.variables.seal(block);
    this.enter(block);
    return block;
  }

  private enter(block: Block): void {
    this.block = block;
    block.position = this.position++;
    this.emit.at(block, this.off);
  }

  /** After an instruction that does not go on: what follows cannot be reached. */
  private cut(): void {
    this.startBlock([]);
    this.stack.length = this.frames[this.frames.length - 1]?.height ?? 0;
  }

  private instruction(op: number): void {
    const simple = SIMPLE_OPS.get(op);
    if (simple !== undefined) {
      const args = this.popMany(simple.params.length);
      if (simple.swap) args.reverse();
      this.push(this.emit.simple(simple, args));
      return;
    }
    const memory = MEMORY_OPS.get(op);
    if (memory !== undefined) {
      if (this.r.u32() & 0x40) throw unsupported(this.off, 'multi-memory');
      const offset = this.r.u32();
      const value = memory.isStore ? this.pop() : null;
      this.push(this.emit.memory(memory, this.pop(), value, offset));
      return;
    }
    const handler = INSTRUCTIONS[op];
    if (handler === undefined) throw unsupported(this.off, PREFIXES[op] ?? `opcode 0x${op.toString(16)}`);
    this[handler]();
  }

  private blockType(): FuncType {
    const off = this.r.at;
    const code = this.r.s32();
    if (code >= 0) return must(this.context.module.types[code], 'block type');
    if (code === -64) return { params: [], results: [] };
    return { params: [], results: [valType(code & 0x7f, off)] };
  }

  unreachable(): void {
    this.block.term = { kind: 'trap', cause: TRAP.unreachable, off: this.off };
    this.cut();
  }

  nop(): void {}

  blockStart(): void {
    const { params, results } = this.blockType();
    const operands = this.popMany(params.length);
    this.pushFrame('block', operands, results, this.fn.newBlock());
    this.stack.push(...operands);
  }

  loopStart(): void {
    const { params, results } = this.blockType();
    const operands = this.popMany(params.length);
    const before = this.block;
    const header = this.fn.newBlock();
    before.term = { kind: 'jump', target: header, off: this.off };
    this.pushFrame('loop', operands, results, header);
    const frame = this.frames[this.frames.length - 1]!;
    this.stack.push(...operands);
    this.edgeTo(frame, before);
    this.stack.length = frame.height;
    this.stack.push(...frame.targetPhis);
    this.enter(header);
  }

  ifStart(): void {
    const { params, results } = this.blockType();
    const cond = this.pop();
    const operands = this.popMany(params.length);
    const before = this.block;
    this.pushFrame('if', operands, results, this.fn.newBlock());
    const otherwise = this.fn.newBlock();
    otherwise.preds.push(before);
    this.variables.seal(otherwise);
    this.frames[this.frames.length - 1]!.otherwise = otherwise;
    const then = this.startBlock([before]);
    before.term = { kind: 'branch', cond, then, else: otherwise, off: this.off };
    this.stack.push(...operands);
  }

  otherwise(): void {
    const frame = this.frames[this.frames.length - 1]!;
    this.jumpTo(frame);
    this.enter(must(frame.otherwise, 'if of this else'));
    frame.otherwise = null;
    this.stack.length = frame.height;
    this.stack.push(...frame.otherwiseStack);
  }

  private jumpTo(frame: Frame): void {
    this.block.term = { kind: 'jump', target: this.edgeTo(frame), off: this.off };
  }

  end(): void {
    const frame = this.frames[this.frames.length - 1]!;
    if (frame.kind === 'loop') {
      // Falling out of a loop goes straight on; only now are all its back edges known.
      this.variables.seal(frame.target);
      const results = this.peek(frame.resultTypes.length);
      this.stack.length = frame.height;
      this.stack.push(...results);
      this.frames.pop();
      return;
    }
    this.jumpTo(frame);
    if (frame.otherwise !== null) {
      this.enter(frame.otherwise);
      this.stack.length = frame.height;
      this.stack.push(...frame.otherwiseStack);
      this.jumpTo(frame);
    }
    this.stack.length = frame.height;
    this.variables.seal(frame.target);
    this.enter(frame.target);
    this.stack.push(...frame.targetPhis);
    this.frames.pop();
    if (frame.kind === 'function') {
      this.block.term = { kind: 'return', value: frame.targetPhis[0] ?? null, off: this.off };
    }
  }

  br(): void {
    this.jumpTo(this.frameAt(this.r.u32()));
    this.cut();
  }

  brIf(): void {
    const frame = this.frameAt(this.r.u32());
    const cond = this.pop();
    const before = this.block;
    const target = this.edgeTo(frame);
    const next = this.startBlock([before]);
    before.term = { kind: 'branch', cond, then: target, else: next, off: this.off };
  }

  brTable(): void {
    const depths = this.r.vector(() => this.r.u32());
    const fallbackDepth = this.r.u32();
    const index = this.pop();
    const targets = depths.map(depth => this.edgeTo(this.frameAt(depth)));
    const fallback = this.edgeTo(this.frameAt(fallbackDepth));
    this.block.term = { kind: 'switch', index, targets, fallback, off: this.off };
    this.cut();
  }

  ret(): void {
    this.jumpTo(this.frames[0]!);
    this.cut();
  }

  private calleeType(index: number): FuncType {
    return must(this.context.module.types[must(this.context.module.funcTypes[index], 'function')], 'type');
  }

  call(): void {
    const index = this.r.u32();
    const type = this.calleeType(index);
    this.push(this.emit.call(index, type, this.popMany(type.params.length)));
  }

  callIndirect(): void {
    const typeIndex = this.r.u32();
    if (this.r.u8() !== 0) throw unsupported(this.off, 'a second table');
    const type = must(this.context.module.types[typeIndex], 'type');
    const index = this.pop();
    this.push(this.emit.callIndirect(typeIndex, type, index, this.popMany(type.params.length)));
  }

  /** A tail call is a call followed by a return; opt/tail-calls.ts makes it a jump wherever the callee's frame allows it. */
  returnCall(): void {
    this.call();
    this.ret();
  }

  returnCallIndirect(): void {
    this.callIndirect();
    this.ret();
  }

  drop(): void {
    this.pop();
  }

  select(): void {
    const cond = this.pop();
    const otherwise = this.pop();
    const then = this.pop();
    this.push(this.emit.value('select', then.type, [cond, then, otherwise]));
  }

  selectTyped(): void {
    this.r.vector(() => valType(this.r.u8(), this.off));
    this.select();
  }

  localGet(): void {
    this.push(this.variables.read(this.block, this.r.u32()));
  }

  localSet(): void {
    this.variables.write(this.block, this.r.u32(), this.pop());
  }

  localTee(): void {
    const value = this.pop();
    this.variables.write(this.block, this.r.u32(), value);
    this.push(value);
  }

  globalGet(): void {
    this.push(this.emit.globalGet(this.r.u32()));
  }

  globalSet(): void {
    this.emit.globalSet(this.r.u32(), this.pop());
  }

  memorySize(): void {
    if (this.r.u8() !== 0) throw unsupported(this.off, 'multi-memory');
    this.push(this.emit.routine(this.context.memorySize, 'i32', []));
  }

  memoryGrow(): void {
    if (this.r.u8() !== 0) throw unsupported(this.off, 'multi-memory');
    this.push(this.emit.routine(this.context.memoryGrow, 'i32', [this.pop()]));
  }

  i32Const(): void {
    this.push(this.fn.constant('i32', BigInt(this.r.s32())));
  }

  i64Const(): void {
    this.push(this.fn.constant('i64', this.r.s64()));
  }

  f32Const(): void {
    this.push(this.fn.constant('f32', BigInt(this.r.view.getUint32(this.r.at, true))));
    this.r.at += 4;
  }

  f64Const(): void {
    this.push(this.fn.constant('f64', this.r.view.getBigUint64(this.r.at, true)));
    this.r.at += 8;
  }

  prefixed(): void {
    const sub = this.r.u32();
    if (sub < 8) return this.instruction(0xfc00 + sub);
    if (sub > 11) throw unsupported(this.off, `opcode 0xfc ${sub} (a table instruction)`);
    if (sub === 9) return void this.r.u32();
    const segment = sub === 8 ? this.r.u32() : 0;
    const memories = sub === 10 ? 2 : 1;
    for (let i = 0; i < memories; i++) if (this.r.u8() !== 0) throw unsupported(this.off, 'multi-memory');
    const [to, from, count] = this.popMany(3) as [Value, Value, Value];
    if (sub === 8) this.emit.memoryInit(segment, to, from, count);
    else this.emit.bulk(sub === 10 ? '__memmove' : '__memset', to, from, count);
  }
}
