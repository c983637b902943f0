/** The arithmetic of Ops as wasm expressions, shared by the fast loop and the single-step function. */
import { InternalError } from '../../base/assert.ts';
import type { Condition, CsrOp, Ops, ProductPart, SystemOp, Width } from '../../isa/insn.ts';
import { choose, get, i64, load, op, set, type Code, type MemoryMnemonic, type Mnemonic } from '../../wasm/encoder.ts';

const COMPARE: Record<Condition, Mnemonic> = {
  eq: 'i64.eq',
  ne: 'i64.ne',
  lt: 'i64.lt_s',
  ge: 'i64.ge_s',
  ltu: 'i64.lt_u',
  geu: 'i64.ge_u',
};
const LOADS: Record<Width, { signed: MemoryMnemonic; unsigned: MemoryMnemonic }> = {
  1: { signed: 'i64.load8_s', unsigned: 'i64.load8_u' },
  2: { signed: 'i64.load16_s', unsigned: 'i64.load16_u' },
  4: { signed: 'i64.load32_s', unsigned: 'i64.load32_u' },
  8: { signed: 'i64.load', unsigned: 'i64.load' },
};
export const STORES: Record<Width, MemoryMnemonic> = {
  1: 'i64.store8',
  2: 'i64.store16',
  4: 'i64.store32',
  8: 'i64.store',
};
/** i64 locals that `bind` may use in one handler. */
export const TEMPORARIES = 12;
/** f64 locals behind them, for the fast loop. */
export const DOUBLE_TEMPORARIES = 24;

export function loadOf(width: Width, signed: boolean, address: Code): Code {
  return load(LOADS[width][signed ? 'signed' : 'unsigned'], address);
}

export abstract class WasmOps implements Ops<Code> {
  /** Statements emitted so far; what a method returns is an expression over their effects. */
  protected body: Code[] = [];
  private nextTemporary: number;

  constructor(private readonly firstTemporary: number) {
    this.nextTemporary = firstTemporary;
  }

  abstract readonly rs1: Code;
  abstract readonly rs2: Code;
  abstract readonly rs3: Code;
  abstract readonly imm: Code;
  abstract readonly pc: Code;
  abstract readonly nextPc: Code;
  abstract branch(condition: Condition, a: Code, b: Code): void;
  abstract jump(): void;
  abstract jumpRegister(target: Code): void;
  abstract load(width: Width, signed: boolean, address: Code): Code;
  abstract store(width: Width, address: Code, value: Code): void;
  abstract loadReserved(width: 4 | 8, address: Code): Code;
  abstract storeConditional(width: 4 | 8, address: Code, value: Code): Code;
  abstract amo(width: 4 | 8, address: Code, update: (old: Code) => Code): Code;
  abstract carrylessProduct(part: ProductPart, a: Code, b: Code): Code;
  abstract csr(operation: CsrOp, source: 'register' | 'immediate'): Code;
  abstract system(operation: SystemOp): void;
  abstract float(operation: string, ...operands: Code[]): Code;

  fence(): void {}

  protected emit(code: Code): void {
    this.body.push(code);
  }

  bind(value: Code): Code {
    const local = this.nextTemporary++;
    if (local >= this.firstTemporary + TEMPORARIES) throw new InternalError('out of temporaries');
    this.emit(set(local, value));
    return get(local);
  }

  condition(condition: Condition, a: Code, b: Code): Code {
    return op(COMPARE[condition], a, b);
  }

  const(value: number | bigint): Code {
    return i64(value);
  }
  add(a: Code, b: Code): Code {
    return op('i64.add', a, b);
  }
  sub(a: Code, b: Code): Code {
    return op('i64.sub', a, b);
  }
  mul(a: Code, b: Code): Code {
    return op('i64.mul', a, b);
  }
  and(a: Code, b: Code): Code {
    return op('i64.and', a, b);
  }
  or(a: Code, b: Code): Code {
    return op('i64.or', a, b);
  }
  xor(a: Code, b: Code): Code {
    return op('i64.xor', a, b);
  }
  shl(a: Code, by: Code): Code {
    return op('i64.shl', a, by);
  }
  shr(a: Code, by: Code): Code {
    return op('i64.shr_u', a, by);
  }
  sar(a: Code, by: Code): Code {
    return op('i64.shr_s', a, by);
  }
  rotl(a: Code, by: Code): Code {
    return op('i64.rotl', a, by);
  }
  rotr(a: Code, by: Code): Code {
    return op('i64.rotr', a, by);
  }
  clz(a: Code): Code {
    return op('i64.clz', a);
  }
  ctz(a: Code): Code {
    return op('i64.ctz', a);
  }
  popcount(a: Code): Code {
    return op('i64.popcnt', a);
  }
  sext8(a: Code): Code {
    return op('i64.extend8_s', a);
  }
  sext16(a: Code): Code {
    return op('i64.extend16_s', a);
  }
  sext32(a: Code): Code {
    return op('i64.extend32_s', a);
  }
  zext32(a: Code): Code {
    return op('i64.and', a, i64(0xffff_ffff));
  }
  compare(condition: Condition, a: Code, b: Code): Code {
    return op('i64.extend_i32_u', this.condition(condition, a, b));
  }
  select(condition: Condition, a: Code, b: Code, ifTrue: Code, ifFalse: Code): Code {
    return op('select', ifTrue, ifFalse, this.condition(condition, a, b));
  }

  /** Schoolbook on 32-bit halves: wasm has no wider product. */
  mulhu(a: Code, b: Code): Code {
    const [x, y] = [this.bind(a), this.bind(b)];
    const thirtyTwo = i64(32);
    const [x0, x1] = [this.bind(this.zext32(x)), this.bind(this.shr(x, thirtyTwo))];
    const [y0, y1] = [this.bind(this.zext32(y)), this.bind(this.shr(y, thirtyTwo))];
    const p01 = this.bind(this.add(this.mul(x0, y1), this.shr(this.mul(x0, y0), thirtyTwo)));
    const p10 = this.bind(this.add(this.mul(x1, y0), this.zext32(p01)));
    return this.add(this.mul(x1, y1), this.add(this.shr(p01, thirtyTwo), this.shr(p10, thirtyTwo)));
  }

  // wasm's own divisions trap on 0 and on the overflow case, so those come first.
  div(a: Code, b: Code): Code {
    const [x, y] = [this.bind(a), this.bind(b)];
    const guarded = choose('i64', op('i64.eq', y, i64(-1)), op('i64.sub', i64(0), x), op('i64.div_s', x, y));
    return choose('i64', op('i64.eqz', y), i64(-1), guarded);
  }
  divu(a: Code, b: Code): Code {
    const [x, y] = [this.bind(a), this.bind(b)];
    return choose('i64', op('i64.eqz', y), i64(-1), op('i64.div_u', x, y));
  }
  rem(a: Code, b: Code): Code {
    const [x, y] = [this.bind(a), this.bind(b)];
    const guarded = choose('i64', op('i64.eq', y, i64(-1)), i64(0), op('i64.rem_s', x, y));
    return choose('i64', op('i64.eqz', y), x, guarded);
  }
  remu(a: Code, b: Code): Code {
    const [x, y] = [this.bind(a), this.bind(b)];
    return choose('i64', op('i64.eqz', y), x, op('i64.rem_u', x, y));
  }
}
