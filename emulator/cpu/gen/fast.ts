/**
 * The fast loop: one br_table over pre-decoded ops, a handler per row and length. A handler holds no calls: whatever it
 * cannot do at once (TLB miss, device, CSR, trap) jumps to the shared `slow` label, which runs the same instruction
 * through the step function; since nothing was changed before the jump, that is a clean second start.
 *
 * Labels, innermost first, seen from handler k of K: the handlers behind it, `far` (go to `target`), `slow`, `next`
 * (dispatch), `spent` (out of budget), `outer` (look at the state again: pc, privilege, pending events).
 */
import { InternalError } from '../../base/assert.ts';
import { EXEC_TLB_DECODED, EXEC_TLB_ENTRIES, EXEC_TLB_ENTRY_BYTES } from '../../bus/memory-map.ts';
import { formatOf } from '../../isa/formats.ts';
import type { Condition, Width } from '../../isa/insn.ts';
import {
  br,
  brIf,
  brTable,
  call,
  get,
  i32,
  i32Hole,
  i64,
  i64Hole,
  ifThen,
  load,
  loop,
  op,
  set,
  store,
  tee,
  type Code,
  type Hole,
  type ValueType,
} from '../../wasm/encoder.ts';
import {
  CUR_EXEC_TLB,
  CUR_OP,
  CUR_PAGE,
  CUR_PAGE_VA,
  CUR_TLB,
  F_REGS,
  FS_DIRTY,
  HANDLER_FIRST_ROW,
  OP_HANDLER,
  OP_IMM,
  OP_RAW,
  OP_RD,
  OP_RS1,
  OP_RS2,
  PC,
  REMAINING,
} from '../layout.ts';
import { FAST_FLOAT } from './fast-float.ts';
import { INDEX_MASK, mustBeZero, WRITE_TABLE } from '../memory-constants.ts';
import { HANDLERS, type Handler } from './handlers.ts';
import type { FloatEmitter } from './native-float.ts';
import { loadOf, STORES, DOUBLE_TEMPORARIES, TEMPORARIES, WasmOps } from './wasm-ops.ts';

/** Parameter and locals. */
const LEFT = 0;
const OP = 1;
const PAGE = 2;
const TLB = 3;
const STATUS = 4;
const PAGE_VA = 5;
const TARGET = 6;
const ADDRESS = 7;
const PLACE = 8;
const FIRST_TEMPORARY = 9;
const FIRST_DOUBLE = FIRST_TEMPORARY + TEMPORARIES;
export const FAST_LOCALS: readonly ValueType[] = [
  ...(['i32', 'i32', 'i32', 'i32'] as const),
  ...(['i64', 'i64', 'i64', 'i64'] as const),
  ...Array.from({ length: TEMPORARIES }, () => 'i64' as const),
  ...Array.from({ length: DOUBLE_TEMPORARIES }, () => 'f64' as const),
];

/** Functions the loop calls. */
export interface FastCalls {
  /** (remaining) -> 0 go on, n leave with ExitReason n - 1, -1 trapped while fetching. */
  readonly enter: number;
  /** (op) -> 0 go on with the next op, else look at the state again. */
  readonly step: number;
  /** (page, op): decode from here on. */
  readonly decode: number;
  /** (op) -> the op to run instead of the marked one at PC, or 0: stop in front of it. */
  readonly breakpoint: number;
}

const PSEUDO_HANDLERS = HANDLER_FIRST_ROW;
const HANDLER_COUNT = PSEUDO_HANDLERS + HANDLERS.length;
const VOID_BLOCK: Code = [0x02, 0x40];
const END: Code = [0x0b];
const SET_LOCAL = 0x21;

const field16 = (offset: number): Code => load('i32.load16_u', get(OP), offset);
/** Address of the current op's instruction: ops are 16 bytes, halfwords 2. */
const pcOf: Code = op(
  'i64.add',
  get(PAGE_VA),
  op('i64.extend_i32_u', op('i32.shr_u', op('i32.sub', get(OP), get(PAGE)), i32(3))),
);

/** The op of PC, which is in the current page. */
const opAtPc: Code = op(
  'i32.add',
  get(PAGE),
  op('i32.shl', op('i32.sub', load('i32.load', i32(PC)), op('i32.wrap_i64', get(PAGE_VA))), i32(3)),
);

class FastOps extends WasmOps {
  readonly rs1 = load('i64.load', field16(OP_RS1));
  readonly rs2 = load('i64.load', field16(OP_RS2));
  readonly rs3 = load(
    'i64.load',
    op('i32.shl', op('i32.shr_u', load('i32.load', get(OP), OP_RAW), i32(27)), i32(3)),
    F_REGS,
  );
  readonly imm = load('i64.load32_s', get(OP), OP_IMM);
  readonly pc = pcOf;
  readonly nextPc: Code;
  /** How the handler ends when not by falling through to the next op. */
  private leave: Code | undefined;
  private nextDouble = 0;
  private readonly farDepth: number;
  private readonly slowDepth: number;
  private readonly nextDepth: number;

  /** @param position of the handler among all, counting the pseudo handlers */
  constructor(
    private readonly handler: Handler,
    position: number,
  ) {
    super(FIRST_TEMPORARY);
    this.nextPc = op('i64.add', pcOf, i64(handler.length));
    this.farDepth = HANDLER_COUNT - 1 - position;
    this.slowDepth = this.farDepth + 1;
    this.nextDepth = this.farDepth + 2;
  }

  /** The whole handler. */
  generate(): Code {
    const { insn } = this.handler;
    const operands = insn.operands ?? formatOf(insn.format).operands;
    // With FS dirty there is nothing to check or to record.
    if (/\bfr/.test(operands)) this.emit(brIf(this.slowDepth, op('i32.eqz', load('i32.load', i32(FS_DIRTY)))));
    const result = insn.run<Code>(this);
    if (result) this.emit(store('i64.store', field16(OP_RD), result));
    this.emit(this.leave ?? this.toNext(0));
    return this.body;
  }

  branch(condition: Condition, a: Code, b: Code): void {
    const taken = this.handler.isFar ? this.toTarget(1) : this.toNear(1);
    this.emit(ifThen(this.condition(condition, a, b), taken));
  }
  jump(): void {
    this.leave = this.handler.isFar ? this.toTarget(0) : this.toNear(0);
  }
  jumpRegister(target: Code): void {
    this.emit(set(TARGET, op('i64.and', target, i64(-2))));
    this.leave = br(this.farDepth);
  }

  load(width: Width, signed: boolean, address: Code): Code {
    this.find(width, address);
    return loadOf(width, signed, op('i32.wrap_i64', get(PLACE)));
  }
  store(width: Width, address: Code, value: Code): void {
    this.find(width, address, { hole: WRITE_TABLE });
    this.emit(store(STORES[width], op('i32.wrap_i64', get(PLACE)), value));
  }
  amo(width: 4 | 8, address: Code, update: (old: Code) => Code): Code {
    this.find(width, address, { hole: WRITE_TABLE });
    const place = op('i32.wrap_i64', get(PLACE));
    const old = this.bind(loadOf(width, true, place));
    this.emit(store(STORES[width], place, update(old)));
    return old;
  }

  loadReserved(): Code {
    return this.giveUp();
  }
  storeConditional(): Code {
    return this.giveUp();
  }
  carrylessProduct(): Code {
    return this.giveUp();
  }
  csr(): Code {
    return this.giveUp();
  }
  system(): void {
    this.giveUp();
  }
  float(operation: string, ...operands: Code[]): Code {
    const generator = FAST_FLOAT.get(operation);
    if (generator === undefined) return this.giveUp();
    let nesting = 0;
    const emitter: FloatEmitter = {
      giveUpIf: condition => this.emit(brIf(this.slowDepth + nesting, condition)),
      when: (condition, body) => {
        const outside = this.body;
        this.body = [];
        nesting++;
        body();
        nesting--;
        const inside = this.body;
        this.body = outside;
        this.emit(ifThen(condition, inside));
      },
      bind: value => this.bind(value),
      bindDouble: value => this.bindDouble(value),
      assign: (name, value) => this.emit([value, SET_LOCAL, name.slice(1)]),
      opAddress: get(OP),
    };
    return generator(emitter, operands);
  }

  private bindDouble(value: Code): Code {
    const local = FIRST_DOUBLE + this.nextDouble++;
    if (this.nextDouble > DOUBLE_TEMPORARIES) throw new InternalError('out of doubles');
    this.emit(set(local, value));
    return get(local);
  }

  /** Sets PLACE to where the address is in the wasm memory; to `slow` when the TLB cannot tell or it is misaligned. */
  private find(width: Width, address: Code, table?: Hole): void {
    const shifted = op('i32.wrap_i64', op('i64.shr_u', get(ADDRESS), i64(9)));
    const entry = load('i64.load', op('i32.add', op('i32.and', shifted, i32Hole(INDEX_MASK)), get(TLB)), table);
    this.emit(set(ADDRESS, address));
    this.emit(set(PLACE, op('i64.xor', get(ADDRESS), entry)));
    this.emit(brIf(this.slowDepth, op('i64.ne', op('i64.and', get(PLACE), i64Hole(mustBeZero(width))), i64(0))));
  }

  /** The code behind is unreachable; the value only keeps it well-formed. */
  private giveUp(): Code {
    this.emit(br(this.slowDepth));
    return i64(0);
  }

  private toNext(nesting: number): Code {
    const step = i32(this.handler.length * 8);
    return [set(OP, op('i32.add', get(OP), step)), br(this.nextDepth + nesting)];
  }
  private toNear(nesting: number): Code {
    const distance = op('i32.shl', load('i32.load', get(OP), OP_IMM), i32(3));
    return [set(OP, op('i32.add', get(OP), distance)), br(this.nextDepth + nesting)];
  }
  private toTarget(nesting: number): Code {
    return [set(TARGET, op('i64.add', pcOf, this.imm)), br(this.farDepth + nesting)];
  }
}

/** Body of `run(remaining) -> ExitReason`. @param isStepOnly every instruction is the step function's */
export function fastLoop(calls: FastCalls, isStepOnly = false): Code {
  const handlers: Code[] = [
    ...pseudoHandlers(calls),
    ...HANDLERS.map((handler, i) =>
      isStepOnly ? br(slowDepth(PSEUDO_HANDLERS + i)) : new FastOps(handler, PSEUDO_HANDLERS + i).generate(),
    ),
  ];
  const depths = handlers.map((_, i) => i);
  const dispatch = [
    brIf(HANDLER_COUNT + 3, op('i32.lt_s', tee(LEFT, op('i32.sub', get(LEFT), i32(1))), i32(0))),
    brTable(depths, 0, load('i32.load16_u', get(OP), OP_HANDLER)),
  ];
  const nested = [
    Array.from({ length: HANDLER_COUNT + 2 }, () => VOID_BLOCK), // slow, far, handler K-1 … handler 0
    ...[dispatch, END],
    ...handlers.flatMap(handler => [handler, END]),
    ...[farCode(), END],
    slowCode(calls),
  ];
  return loop(enterCode(calls), VOID_BLOCK, loop(nested), END, spentCode());
}

/** Label `slow` as the handler at `position` sees it. */
function slowDepth(position: number): number {
  return HANDLER_COUNT - position;
}

/** Undecoded, page end, straddling, illegal, breakpoint: the numbers of layout.ts. The first two are no instructions. */
function pseudoHandlers(calls: FastCalls): Code[] {
  const uncount = set(LEFT, op('i32.add', get(LEFT), i32(1)));
  const far = (position: number): number => HANDLER_COUNT - 1 - position;
  return [
    [uncount, call(calls.decode, get(PAGE), get(OP)), br(far(0) + 2)],
    [uncount, set(TARGET, pcOf), br(far(1))],
    br(far(2) + 1),
    br(far(3) + 1),
    [
      store('i64.store', i32(PC), pcOf),
      store('i32.store', i32(REMAINING), get(LEFT)),
      set(STATUS, call(calls.breakpoint, get(OP))),
      ifThen(op('i32.eqz', get(STATUS)), [uncount, br(far(4) + 5)]),
      brIf(far(4) + 4, call(calls.step, get(STATUS))),
      set(OP, opAtPc),
      br(far(4) + 2),
    ],
  ];
}

/** Start of `outer`. */
function enterCode(calls: FastCalls): Code {
  return [
    set(STATUS, call(calls.enter, get(LEFT))),
    ifThen(op('i32.lt_s', get(STATUS), i32(0)), [set(LEFT, op('i32.sub', get(LEFT), i32(1))), br(1)]),
    ifThen(get(STATUS), [
      store('i32.store', i32(REMAINING), get(LEFT)),
      op('return', op('i32.sub', get(STATUS), i32(1))),
    ]),
    set(PAGE, load('i32.load', i32(CUR_PAGE))),
    set(OP, load('i32.load', i32(CUR_OP))),
    set(TLB, load('i32.load', i32(CUR_TLB))),
    set(PAGE_VA, load('i64.load', i32(CUR_PAGE_VA))),
  ];
}

/** Behind `far`, inside slow, next, spent, outer: to TARGET, by the exec TLB when it is in another page. */
function farCode(): Code {
  const distance = op('i64.xor', get(TARGET), get(PAGE_VA));
  const entry = op(
    'i32.add',
    load('i32.load', i32(CUR_EXEC_TLB)),
    op(
      'i32.and',
      op('i32.wrap_i64', op('i64.shr_u', get(TARGET), i64(8))),
      i32((EXEC_TLB_ENTRIES - 1) * EXEC_TLB_ENTRY_BYTES),
    ),
  );
  const offsetInPage = op('i32.and', op('i32.wrap_i64', get(TARGET)), i32(0xffe));
  const resume = [set(OP, op('i32.add', get(PAGE), op('i32.shl', offsetInPage, i32(3)))), br(2)];
  return [
    ifThen(op('i64.lt_u', distance, i64(4096)), resume),
    set(STATUS, entry),
    ifThen(op('i64.eq', load('i64.load', get(STATUS)), op('i64.or', op('i64.and', get(TARGET), i64(-4096)), i64(1))), [
      set(PAGE, load('i32.load', get(STATUS), EXEC_TLB_DECODED)),
      set(PAGE_VA, op('i64.and', get(TARGET), i64(-4096))),
      resume,
    ]),
    store('i64.store', i32(PC), get(TARGET)),
    br(3),
  ];
}

/** Behind `slow`, inside next, spent, outer: this instruction by the step function. */
function slowCode(calls: FastCalls): Code {
  return [
    store('i64.store', i32(PC), pcOf),
    store('i32.store', i32(REMAINING), get(LEFT)),
    brIf(2, call(calls.step, get(OP))),
    set(OP, opAtPc),
    br(0),
  ];
}

/** Behind `spent`, inside outer: `enter` sees that nothing remains. */
function spentCode(): Code {
  return [store('i64.store', i32(PC), pcOf), set(LEFT, i32(0)), br(0)];
}
