/**
 * Single wasm instructions to IR values: traps become explicit checks, calls of intrinsics and of the table are expanded.
 *
 * IR division is RISC-V's, which never traps; the checks that wasm wants stand before it.
 */
import { must } from '../../../emulator/base/assert.ts';
import type { ProgramContext } from './program-context.ts';
import type { FuncType, ValType } from '../wasm/decode.ts';
import { findIntrinsic } from './intrinsics.ts';
import type { Block, IrFunction, Type, Value } from './ir.ts';
import { TRAP } from '../asm/minsn.ts';
import { unsupported } from '../wasm/reader.ts';
import { TRUNC_LIMITS } from './trunc-limits.ts';
import type { MemoryOp, SimpleOp } from '../wasm/wasm-ops.ts';

const GLOBAL_SIZE: Readonly<Record<ValType, number>> = { i32: 4, i64: 8, f32: 4, f64: 8 };
const I32_MIN = -0x8000_0000n;
const I64_MIN = -0x8000_0000_0000_0000n;

export class Emitter {
  private block: Block | null = null;
  private off = 0;

  constructor(
    private readonly fn: IrFunction,
    private readonly context: ProgramContext,
  ) {}

  /** Where the next values go, and the wasm offset that they come from. */
  at(block: Block, off: number): void {
    this.block = block;
    this.off = off;
  }

  value(op: string, type: Type, args: Value[]): Value {
    return this.fn.append(must(this.block, 'block to build in'), op, type, args, this.off);
  }

  private i32(bits: number | bigint): Value {
    return this.fn.constant('i32', BigInt(bits));
  }

  private i64(bits: number | bigint): Value {
    return this.fn.constant('i64', BigInt(bits));
  }

  private trapIf(cond: Value, cause: number): void {
    if (cond.isConst && cond.bits === 0n) return;
    this.value('trapif', 'void', [cond]).imm = cause;
  }

  simple({ op, result }: SimpleOp, args: Value[]): Value {
    if (/^(div|rem)_/.test(op)) return this.division(op, result, args[0]!, args[1]!);
    if (op.startsWith('trunc.')) this.checkTruncation(op.slice(6), args[0]!);
    if (op === 'eqz') return this.value('eq', 'i32', [args[0]!, this.fn.constant(args[0]!.type as ValType, 0n)]);
    return this.value(op, result, args);
  }

  private division(op: string, type: ValType, a: Value, b: Value): Value {
    const zero = this.fn.constant(type, 0n);
    if (!b.isConst || b.bits === 0n) this.trapIf(this.value('eq', 'i32', [b, zero]), TRAP.divideByZero);
    const mayOverflow = op.startsWith('div_s') && (!b.isConst || b.bits === -1n) && !(a.isConst && !isMinimum(a));
    if (mayOverflow && type === 'i32') {
      // The 64-bit quotient of two sign-extended numbers overflows 32 bits in just this case.
      const wide = this.value('div_s64', 'i64', [a, b]);
      const narrow = this.value('sext32', 'i32', [wide]);
      this.trapIf(this.value('ne', 'i32', [wide, narrow]), TRAP.integerOverflow);
      return narrow;
    }
    if (mayOverflow) {
      const isMinusOne = this.value('add64', 'i64', [b, this.i64(1)]);
      const isMin = this.value('xor', 'i64', [a, this.i64(I64_MIN)]);
      const either = this.value('or', 'i64', [isMinusOne, isMin]);
      this.trapIf(this.value('eq', 'i32', [either, this.i64(0)]), TRAP.integerOverflow);
    }
    return this.value(op, type, [a, b]);
  }

  /** `kind` is "w.d" and the like. NaN fails both comparisons. */
  private checkTruncation(kind: string, x: Value): void {
    const { low, isLowInside, high } = must(TRUNC_LIMITS[kind], `limits of trunc ${kind}`);
    const type = kind.endsWith('.s') ? 'f32' : 'f64';
    const above = this.value(`${type}.${isLowInside ? 'le' : 'lt'}`, 'i32', [this.fn.constant(type, low), x]);
    const below = this.value(`${type}.lt`, 'i32', [x, this.fn.constant(type, high)]);
    const inside = this.value('and', 'i32', [above, below]);
    this.trapIf(this.value('eq', 'i32', [inside, this.i32(0)]), TRAP.integerOverflow);
  }

  /** Null for a store. An offset of 2^31 or more counts as negative, like the address. */
  memory({ op, type }: MemoryOp, address: Value, stored: Value | null, offset: number): Value | null {
    const value =
      stored === null ? this.value('load', type, [address]) : this.value('store', 'void', [address, stored]);
    value.sym = op;
    value.imm = offset | 0;
    return stored === null ? value : null;
  }

  globalGet(index: number): Value {
    const global = must(this.context.module.globals[index], 'global');
    if (!global.isMutable) return this.fn.constant(global.type, global.init);
    const value = this.value('global.get', global.type, []);
    value.sym = this.context.globalName(index);
    return value;
  }

  globalSet(index: number, stored: Value): void {
    const value = this.value('global.set', 'void', [stored]);
    value.sym = this.context.globalName(index);
    value.imm = GLOBAL_SIZE[must(this.context.module.globals[index], 'global').type];
  }

  /** A call by symbol. Null where there is no result. */
  routine(sym: string, result: Type, args: Value[]): Value | null {
    const call = this.value('call', result, args);
    call.sym = sym;
    return result === 'void' ? null : call;
  }

  call(index: number, type: FuncType, args: Value[]): Value | null {
    const imported = this.context.module.imports[index];
    const result = type.results[0] ?? 'void';
    if (imported === undefined) {
      return this.routine(must(this.context.functionNames[index], 'function name'), result, args);
    }
    return this.intrinsic(imported.module, imported.name, result, args);
  }

  private intrinsic(module: string, name: string, result: Type, args: Value[]): Value | null {
    const intrinsic = module === 'rv' ? findIntrinsic(name) : null;
    if (intrinsic === null) throw unsupported(this.off, `import ${module}.${name}`);
    switch (intrinsic.kind) {
      case 'call':
        return this.routine(intrinsic.sym, result, args);
      case 'symbol':
        return this.symbol(intrinsic.sym, 'i32');
      case 'table':
        return this.tableLoad(args[0]!, 0, 'i64');
      default: {
        const value = this.value('rv', result, args);
        value.sym = name;
        return result === 'void' ? null : value;
      }
    }
  }

  private symbol(sym: string, type: ValType): Value {
    const value = this.value('symaddr', type, []);
    value.sym = sym;
    return value;
  }

  /** Word 0 of a table entry is the address of its function, word 1 its type id (minsn.ts). */
  private tableLoad(index: Value, word: number, type: ValType): Value {
    const offset = this.value('shl64', 'i64', [index, this.i64(3)]);
    const entry = this.value('add64', 'i64', [this.symbol('table', 'i64'), offset]);
    const value = this.value('load', type, [entry]);
    value.sym = 'lw';
    value.imm = 4 * word;
    return value;
  }

  callIndirect(typeIndex: number, type: FuncType, index: Value, args: Value[]): Value | null {
    const size = this.i32(this.context.module.tableSize);
    this.trapIf(this.value('ge_u', 'i32', [index, size]), TRAP.tableBounds);
    const typeId = this.tableLoad(index, 1, 'i32');
    const expected = this.i32(this.context.typeId(typeIndex));
    this.trapIf(this.value('ne', 'i32', [typeId, expected]), TRAP.indirectType);
    const result = type.results[0] ?? 'void';
    const call = this.value('callr', result, [this.tableLoad(index, 0, 'i64'), ...args]);
    return result === 'void' ? null : call;
  }

  /** memory.copy and memory.fill. The count is unsigned, so it loses its sign extension. */
  bulk(routine: string, to: Value, from: Value, count: Value): void {
    this.routine(routine, 'void', [to, from, this.value('zext32', 'i64', [count])]);
  }

  memoryInit(segment: number, to: Value, from: Value, count: Value): void {
    const start = this.symbol(this.context.passiveName(segment), 'i64');
    const source = this.value('add64', 'i64', [start, this.value('zext32', 'i64', [from])]);
    this.bulk('__memmove', to, source, count);
  }
}

function isMinimum(value: Value): boolean {
  return value.bits === (value.type === 'i32' ? I32_MIN : I64_MIN);
}
