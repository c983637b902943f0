/**
 * The step function: one instruction, any instruction, with every memory access, CSR and trap through the slow paths.
 * `step(op)` expects PC and returns not 0 when the fast loop has to look at the state again.
 */
import { INSTRUCTIONS } from '../../isa/all.ts';
import { formatOf } from '../../isa/formats.ts';
import { RV64FD } from '../../isa/rv64fd.ts';
import type { Condition, CsrOp, Insn, ProductPart, SystemOp, Width } from '../../isa/insn.ts';
import {
  br,
  brIf,
  brTable,
  call,
  get,
  i32,
  i64,
  ifThen,
  load,
  op,
  set,
  store,
  type Code,
  type ValueType,
} from '../../wasm/encoder.ts';
import {
  EVENT,
  F_REGS,
  HANDLER_FIRST_ROW,
  HANDLER_STRADDLE,
  NEXT_PC,
  OP_HANDLER,
  OP_IMM,
  OP_RAW,
  OP_RD,
  OP_RS1,
  OP_RS2,
  PC,
  STRADDLE_ENTRIES,
  STRADDLE_OPS,
  TRAPPED,
} from '../layout.ts';
import { OP_BYTES } from '../../bus/memory-map.ts';
import { HANDLERS } from './handlers.ts';
import { TEMPORARIES, WasmOps } from './wasm-ops.ts';

const OP = 0;
const LINK = 1;
const FIRST_TEMPORARY = 2;
export const STEP_LOCALS: readonly ValueType[] = ['i64', ...Array.from({ length: TEMPORARIES }, () => 'i64' as const)];

/** Function indices. */
export interface StepCalls {
  /** An export of cpu/slow, or `decodeStraddle(op, raw)`. */
  named(name: string): number;
  /** A floating-point operation with this many operands. */
  float(operation: string, arity: number): number;
}

/** Exports of cpu/slow behind `system`, and whether they take the instruction word, or that and rs1. */
const SYSTEM: Record<SystemOp, { name: string; takes: 'nothing' | 'raw' | 'raw and rs1' }> = {
  ecall: { name: 'ecall', takes: 'nothing' },
  ebreak: { name: 'ebreak', takes: 'nothing' },
  mret: { name: 'mret', takes: 'raw' },
  sret: { name: 'sret', takes: 'raw' },
  wfi: { name: 'wfi', takes: 'raw' },
  'sfence.vma': { name: 'sfenceVma', takes: 'raw and rs1' },
  'fence.i': { name: 'fenceI', takes: 'nothing' },
  'sfence.w.inval': { name: 'invalidationFence', takes: 'raw' },
  'sfence.inval.ir': { name: 'invalidationFence', takes: 'raw' },
};
/** Lowest bit of the 128-bit product that counts. */
const PRODUCT_SHIFTS: Record<ProductPart, number> = { low: 0, reversed: 63, high: 64 };
const CSR_OPS: Record<CsrOp, number> = { write: 0, set: 1, clear: 2 };

const VOID_BLOCK: Code = [0x02, 0x40];
const END: Code = [0x0b];
const BASE_ROWS = INSTRUCTIONS.filter(insn => insn.expandsTo === undefined);
const raw = load('i32.load', get(OP), OP_RAW);
const raiseEvent = store('i32.store', i32(EVENT), i32(1));
const hasTrapped = load('i32.load', i32(TRAPPED));
const rawBits = (at: number): Code => op('i32.and', op('i32.shr_u', raw, i32(at)), i32(31));

/** Writes a floating-point register, or may raise a flag: fmv.x.*, fclass.* and stores do neither. */
function mayChangeFloatState({ operands, format, name }: Insn): boolean {
  const text = operands ?? formatOf(format).operands;
  return /\bfrd\b/.test(text) || formatOf(format).rm === true || /^f(eq|lt|le)\./.test(name);
}

class StepOps extends WasmOps {
  readonly rs1 = load('i64.load', load('i32.load16_u', get(OP), OP_RS1));
  readonly rs2 = load('i64.load', load('i32.load16_u', get(OP), OP_RS2));
  readonly rs3 = load('i64.load', op('i32.shl', rawBits(27), i32(3)), F_REGS);
  readonly imm = load('i64.load32_s', get(OP), OP_IMM);
  readonly pc = load('i64.load', i32(PC));
  readonly nextPc = get(LINK);

  /** @param endDepth label that ends the instruction */
  constructor(
    private readonly calls: StepCalls,
    private readonly insn: Insn,
    private readonly endDepth: number,
  ) {
    super(FIRST_TEMPORARY);
  }

  generate(): Code {
    const format = formatOf(this.insn.format);
    const operands = this.insn.operands ?? format.operands;
    const isFloat = /\bfr/.test(operands);
    if (isFloat) {
      this.emit(this.call('enterFloat', raw, i32(format.rm ? 1 : 0)));
      this.endIfTrapped();
    }
    const result = this.insn.run<Code>(this);
    if (result) {
      this.emit(store('i64.store', load('i32.load16_u', get(OP), OP_RD), result));
      if (isFloat && mayChangeFloatState(this.insn)) this.emit(this.call('touchFloat'));
    }
    this.emit(br(this.endDepth));
    return this.body;
  }

  branch(condition: Condition, a: Code, b: Code): void {
    this.emit(ifThen(this.condition(condition, a, b), this.goTo(op('i64.add', this.pc, this.imm))));
  }
  jump(): void {
    this.emit(this.goTo(op('i64.add', this.pc, this.imm)));
  }
  jumpRegister(target: Code): void {
    this.emit(this.goTo(op('i64.and', target, i64(-2))));
  }

  load(width: Width, signed: boolean, address: Code): Code {
    return this.extend(width, signed, this.trying(this.call('loadSlow', address, i32(width))));
  }
  store(width: Width, address: Code, value: Code): void {
    this.emit(this.call('storeSlow', address, i32(width), value));
  }
  loadReserved(width: 4 | 8, address: Code): Code {
    return this.extend(width, true, this.trying(this.call('loadReserved', address, i32(width))));
  }
  storeConditional(width: 4 | 8, address: Code, value: Code): Code {
    return this.trying(this.call('storeConditional', address, i32(width), value));
  }
  amo(width: 4 | 8, address: Code, update: (old: Code) => Code): Code {
    const at = this.bind(address);
    const loaded = this.trying(this.call('loadForUpdate', at, i32(width)));
    const old = this.bind(this.extend(width, true, loaded));
    this.emit(this.call('storeSlow', at, i32(width), update(old)));
    this.endIfTrapped();
    return old;
  }
  carrylessProduct(part: ProductPart, a: Code, b: Code): Code {
    return this.call('carrylessProduct', i32(PRODUCT_SHIFTS[part]), a, b);
  }
  csr(operation: CsrOp, source: 'register' | 'immediate'): Code {
    const operand = source === 'register' ? this.rs1 : op('i64.extend_i32_u', rawBits(15));
    return this.trying(this.call('csr', i32(CSR_OPS[operation]), raw, operand));
  }
  system(operation: SystemOp): void {
    const { name, takes } = SYSTEM[operation];
    const operands = { nothing: [], raw: [raw], 'raw and rs1': [raw, this.rs1] }[takes];
    this.emit(this.call(name, ...operands));
  }
  float(operation: string, ...operands: Code[]): Code {
    return this.bind(call(this.calls.float(operation, operands.length), ...operands));
  }

  private call(name: string, ...operands: Code[]): Code {
    return call(this.calls.named(name), ...operands);
  }
  /** A value that counts only when the call did not trap. */
  private trying(value: Code): Code {
    const result = this.bind(value);
    this.endIfTrapped();
    return result;
  }
  private endIfTrapped(): void {
    this.emit(brIf(this.endDepth, hasTrapped));
  }
  private goTo(target: Code): Code {
    return [store('i64.store', i32(NEXT_PC), target), raiseEvent];
  }
  private extend(width: Width, signed: boolean, value: Code): Code {
    if (!signed || width === 8) return value;
    return width === 4 ? this.sext32(value) : width === 2 ? this.sext16(value) : this.sext8(value);
  }
}

/** The floating-point operations of the rows and how many operands they have. */
export function floatOperations(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const collector: StepCalls = {
    named: () => 0,
    float: (operation, arity) => {
      found.set(operation, arity);
      return 0;
    },
  };
  for (const insn of RV64FD) new StepOps(collector, insn, 0).generate();
  return found;
}

/** Body of `step(op) -> i32`; `self` is its own function index. */
export function stepFunction(calls: StepCalls, self: number): Code {
  const depths = HANDLERS.map(handler => BASE_ROWS.indexOf(handler.insn));
  const illegalDepth = BASE_ROWS.length;
  const isLong = op('i32.eq', op('i32.and', raw, i32(3)), i32(3));
  const length = op('select', i64(4), i64(2), isLong);
  const pseudo = Array.from({ length: HANDLER_FIRST_ROW }, () => illegalDepth);
  const handler = load('i32.load16_u', get(OP), OP_HANDLER);
  return [
    ifThen(op('i32.eq', handler, i32(HANDLER_STRADDLE)), straddle(calls, self)),
    store('i32.store', i32(TRAPPED), i32(0)),
    set(LINK, op('i64.add', load('i64.load', i32(PC)), length)),
    store('i64.store', i32(NEXT_PC), get(LINK)),
    Array.from({ length: BASE_ROWS.length + 2 }, () => VOID_BLOCK), // end, illegal, row n-1 … row 0
    brTable([...pseudo, ...depths], illegalDepth, handler),
    END,
    ...BASE_ROWS.flatMap((insn, position) => [new StepOps(calls, insn, BASE_ROWS.length - position).generate(), END]),
    call(calls.named('unhandled'), raw),
    END,
    store('i64.store', i32(PC), load('i64.load', i32(NEXT_PC))),
    load('i32.load', i32(EVENT)),
  ];
}

/** Fetches the second half, decodes into a cached op unless it is there, and steps that; or the fetch traps. */
function straddle(calls: StepCalls, self: number): Code {
  const page = op('i32.wrap_i64', op('i64.shr_u', load('i64.load', i32(PC)), i64(8)));
  const index = op('i32.and', page, i32((STRADDLE_ENTRIES - 1) * OP_BYTES));
  const fetched = op('i64.extend_i32_u', call(calls.named('fetchStraddling'), raw));
  const word = op('i32.wrap_i64', get(LINK));
  const cached = op('i32.add', index, i32(STRADDLE_OPS));
  return [
    store('i32.store', i32(TRAPPED), i32(0)),
    set(LINK, fetched),
    ifThen(hasTrapped, [store('i64.store', i32(PC), load('i64.load', i32(NEXT_PC))), op('return', i32(1))]),
    set(OP, cached),
    ifThen(op('i32.ne', raw, word), call(calls.named('decodeStraddle'), get(OP), word)),
    op('return', call(self, get(OP))),
  ];
}
