/** Selection of single values: arithmetic by the rows of isel-rows.ts, memory with folded addresses, calls, intrinsics. */
import { must } from '../../../emulator/base/assert.ts';
import { A0, A1, A6, A7, CALLER_SAVED, T1, X0, isFloatType, resultRegister } from '../ir/abi.ts';
import { csrNumber } from '../asm/csr.ts';
import { findIntrinsic } from '../ir/intrinsics.ts';
import type { Value } from '../ir/ir.ts';
import { conditionOf } from './isel-conditions.ts';
import { IMMEDIATE, ROUNDING, ROWS } from './isel-rows.ts';
import type { Selector } from './isel.ts';

const LIMIT_F32 = 0x4b000000n; // 2^23: no fraction from here on
const LIMIT_F64 = 0x4330000000000000n; // 2^52

export function selectValue(s: Selector, value: Value): void {
  const special = SPECIAL[value.op];
  if (special !== undefined) special(s, value);
  else if (!immediateForm(s, value)) expandRow(s, value);
}

const SPECIAL: Readonly<Record<string, (s: Selector, value: Value) => void>> = {
  load: selectLoad,
  store: selectStore,
  'global.get': (s, v) => void (s.emit(loadOf(v), [s.use(v)], []).sym = v.sym),
  'global.set': (s, v) => void (s.emit(storeOf(v), [], [s.use(v.args[0]!)]).sym = v.sym),
  symaddr: (s, v) => void (s.emit('la', [s.use(v)], []).sym = v.sym),
  call: selectCall,
  callr: selectCall,
  select: selectSelect,
  trapif: selectTrap,
  rv: selectIntrinsic,
  clz32: countBits,
  ctz32: countBits,
  popcnt32: countBits,
  clz64: countBits,
  ctz64: countBits,
  popcnt64: countBits,
  ...Object.fromEntries(
    ['f32', 'f64'].flatMap(type => [
      [`${type}.min`, minMax],
      [`${type}.max`, minMax],
      ...Object.keys(ROUNDING).map(mode => [`${type}.${mode}`, roundToInteger] as const),
    ]),
  ),
};

const fits12 = (n: bigint | number): boolean => n >= -2048 && n < 2048;

function loadOf(value: Value): string {
  return { i32: 'lw', i64: 'ld', f32: 'flw', f64: 'fld', void: '' }[value.type];
}

function storeOf({ args, imm }: Value): string {
  return `${isFloatType(args[0]!.type) ? 'f' : ''}s${imm === 4 ? 'w' : 'd'}`;
}

function expandRow(s: Selector, value: Value): void {
  const row = must(ROWS.get(value.op), `selection of ${value.op}`);
  const names = new Map<string, number>([
    ['d', s.use(value)],
    ['z', X0],
  ]);
  const reg = (name: string): number => {
    let found = names.get(name);
    if (found === undefined) {
      if (name === 'a') found = s.use(value.args[0]!);
      else if (name === 'b') found = s.use(value.args[1]!);
      else found = s.newReg(name.startsWith('f'));
      names.set(name, found);
    }
    return found;
  };
  for (const { op, defs, uses, imm, rm } of row) s.emit(op, defs.map(reg), uses.map(reg), imm).rm = rm;
}

/** The operation with its second operand as immediate, where there is such an instruction. */
function immediateForm(s: Selector, value: Value): boolean {
  const [a, b] = value.args;
  if (a === undefined || b === undefined || !b.isConst) return false;
  const { op } = value;
  const imm = b.bits;
  if (op === 'eq' || op === 'ne') return equality(s, value, a, imm);
  const rotation = /^rot([lr])(32|64)$/.exec(op);
  if (rotation) {
    const bits = Number(rotation[2]);
    // An amount of 64 bits does not fit a Number: take what counts first.
    const amount = Number(BigInt.asUintN(6, imm));
    const left = (rotation[1] === 'l' ? amount : -amount) & (bits - 1);
    const w = bits === 32 ? 'w' : '';
    const high = s.temp(`slli${w}`, [s.use(a)], left);
    const low = s.temp(`srli${w}`, [s.use(a)], (bits - left) & (bits - 1));
    s.emit('or', [s.use(value)], [high, low]);
    return true;
  }
  if ((op === 'ge_s' || op === 'ge_u') && fits12(imm)) {
    const less = s.temp(op === 'ge_s' ? 'slti' : 'sltiu', [s.use(a)], imm);
    s.emit('xori', [s.use(value)], [less], 1);
    return true;
  }
  const immediate = IMMEDIATE[op];
  if (immediate === undefined) return false;
  if (/^sh[lr]/.test(op)) {
    s.emit(immediate, [s.use(value)], [s.use(a)], Number(BigInt.asUintN(op.endsWith('32') ? 5 : 6, imm)));
    return true;
  }
  if (!fits12(imm)) return false;
  s.emit(immediate, [s.use(value)], [s.use(a)], Number(imm));
  return true;
}

function equality(s: Selector, value: Value, a: Value, imm: bigint): boolean {
  if (!fits12(-imm)) return false;
  const difference = imm === 0n ? s.use(a) : s.temp('addi', [s.use(a)], Number(-imm));
  if (value.op === 'eq') s.emit('sltiu', [s.use(value)], [difference], 1);
  else s.emit('sltu', [s.use(value)], [X0, difference]);
  return true;
}

/**
 * Base register and 12-bit offset of an access. An i32.add of a small constant is folded although the sum could wrap at 2^31:
 * no object lies across that boundary (user memory ends below it, firmware owns what is above).
 */
function addressOf(s: Selector, address: Value, offset: number): { base: number; imm: number } {
  let at = address;
  let imm = offset;
  for (;;) {
    if (at.op !== 'add32' && at.op !== 'add64') break;
    const [base, addend] = at.args as [Value, Value];
    if (!addend.isConst || s.phiOperands.has(at) || !fits12(BigInt(imm) + addend.bits)) break;
    imm += Number(addend.bits);
    at = base;
  }
  if (at.isConst) {
    const target = at.bits + BigInt(imm);
    const low = BigInt.asIntN(12, target);
    return { base: s.use(s.fn.constant('i64', target - low)), imm: Number(low) };
  }
  if (fits12(imm)) return { base: s.use(at), imm };
  const low = (imm << 20) >> 20;
  const high = s.use(s.fn.constant('i64', BigInt(imm - low)));
  return { base: s.temp('add', [s.use(at), high]), imm: low };
}

function selectLoad(s: Selector, value: Value): void {
  const { base, imm } = addressOf(s, value.args[0]!, value.imm);
  s.emit(value.sym, [s.use(value)], [base], imm);
}

function selectStore(s: Selector, value: Value): void {
  const { base, imm } = addressOf(s, value.args[0]!, value.imm);
  s.emit(value.sym, [], [base, s.use(value.args[1]!)], imm);
}

function selectCall(s: Selector, value: Value): void {
  const isIndirect = value.op === 'callr';
  const regs = s.passArguments(isIndirect ? value.args.slice(1) : value.args);
  const result = value.type === 'void' ? [] : [resultRegister(value.type)];
  const call = s.emit('call', result, isIndirect ? [s.use(value.args[0]!), ...regs] : regs);
  call.sym = value.sym;
  call.clobbers = CALLER_SAVED;
  if (value.reg >= 0) s.emit('pcopy', [value.reg], [...result]);
}

function selectSelect(s: Selector, value: Value): void {
  const [test, then, otherwise] = value.args as [Value, Value, Value];
  const { cond, uses } = conditionOf(s, test);
  const made = s.emit('select', [s.use(value)], [...uses, s.use(then), s.use(otherwise)]);
  made.cond = cond;
  made.lateUses = 2;
}

function selectTrap(s: Selector, value: Value): void {
  const { cond, uses } = conditionOf(s, value.args[0]!);
  s.emit('trapif', [], uses, value.imm).cond = cond;
}

/** RISC-V's fmin and fmax ignore a NaN; wasm's pass it on, which an addition does. */
function minMax(s: Selector, value: Value): void {
  const [a, b] = value.args.map(arg => s.use(arg)) as [number, number];
  const suffix = value.type === 'f32' ? 's' : 'd';
  const least = s.newReg(true);
  s.emit(`f${value.op.slice(4)}.${suffix}`, [least], [a, b]);
  const nan = s.newReg(true);
  s.emit(`fadd.${suffix}`, [nan], [a, b]);
  const ordered = s.temp('and', [s.temp(`feq.${suffix}`, [a, a]), s.temp(`feq.${suffix}`, [b, b])]);
  const made = s.emit('select', [s.use(value)], [ordered, X0, least, nan]);
  made.cond = 'bne';
  made.lateUses = 2;
}

/** By way of an integer, where the magnitude leaves room for a fraction; the sign survives, so -0.5 becomes -0. */
function roundToInteger(s: Selector, value: Value): void {
  const rm = ROUNDING[value.op.slice(4)]!;
  const isSingle = value.type === 'f32';
  const suffix = isSingle ? 's' : 'd';
  const integer = isSingle ? 'w' : 'l';
  const x = s.use(value.args[0]!);
  const limit = s.use(s.fn.constant(value.type as 'f32', isSingle ? LIMIT_F32 : LIMIT_F64));
  const magnitude = s.newReg(true);
  s.emit(`fsgnjx.${suffix}`, [magnitude], [x, x]);
  const isSmall = s.temp(`flt.${suffix}`, [magnitude, limit]);
  const whole = s.newReg(false);
  s.emit(`fcvt.${integer}.${suffix}`, [whole], [x]).rm = rm;
  const back = s.newReg(true);
  s.emit(`fcvt.${suffix}.${integer}`, [back], [whole]);
  const signed = s.newReg(true);
  s.emit(`fsgnj.${suffix}`, [signed], [back, x]);
  const made = s.emit('select', [s.use(value)], [isSmall, X0, signed, x]);
  made.cond = 'bne';
  made.lateUses = 2;
}

/** Routines of bit-routines.ts: argument and result in a0; they clobber only what is listed. */
const BIT_CLOBBERS = [1, A0, A1, 5, T1];

function countBits(s: Selector, value: Value): void {
  const x = s.use(value.args[0]!);
  const op = value.op.slice(0, -2);
  let argument = x;
  if (value.op.endsWith('32')) {
    // The wide question with the same answer: a guard bit just outside for an argument of zero.
    if (op === 'ctz') argument = s.temp('or', [x, s.use(s.fn.constant('i64', 1n << 32n))]);
    else argument = s.temp('slli', [x], 32);
    if (op === 'clz') argument = s.temp('or', [argument, s.use(s.fn.constant('i64', 1n << 31n))]);
  }
  s.emit('pcopy', [A0], [argument]);
  const call = s.emit('call', [A0], [A0]);
  call.sym = `__${op}64`;
  call.clobbers = BIT_CLOBBERS;
  s.emit('pcopy', [s.use(value)], [A0]);
}

function selectIntrinsic(s: Selector, value: Value): void {
  const intrinsic = must(findIntrinsic(value.sym), `intrinsic ${value.sym}`);
  const { args } = value;
  const result = value.type === 'void' ? X0 : value.reg >= 0 ? value.reg : s.newReg(isFloatType(value.type));
  switch (intrinsic.kind) {
    case 'load':
      s.emit(intrinsic.op, [result], [s.use(args[0]!)]);
      return;
    case 'store':
      s.emit(intrinsic.op, [], [s.use(args[0]!), s.use(args[1]!)]);
      return;
    case 'csr':
      s.emit(intrinsic.op, [result], [args.length > 0 ? s.use(args[0]!) : X0], csrNumber(intrinsic.csr));
      return;
    case 'insn':
      if (intrinsic.op === 'fence') s.emit('fence', [], []);
      else if (value.type === 'void')
        s.emit(
          intrinsic.op,
          [],
          args.map(arg => s.use(arg)),
        );
      else
        s.emit(
          intrinsic.op,
          [result],
          args.map(arg => s.use(arg)),
        );
      return;
    case 'ecall':
      environmentCall(s, args.slice(1), [A7], [args[0]!]);
      if (value.reg >= 0) s.emit('pcopy', [value.reg], [A0]);
      return;
    case 'sbi': {
      const [ext, fid, a0, a1, a2, a3, out] = args as [Value, Value, Value, Value, Value, Value, Value];
      const address = s.use(out);
      environmentCall(s, [a0, a1, a2, a3], [A7, A6], [ext, fid]);
      const both = [s.newReg(false), value.reg >= 0 ? value.reg : s.newReg(false)];
      s.emit('pcopy', both, [A1, A0]);
      s.emit('sd', [], [address, both[0]!]);
    }
  }
}

/** Arguments from a0 on, and the call's number where the convention wants it. SBI returns in a0 and a1, Linux in a0. */
function environmentCall(s: Selector, args: Value[], numberRegs: number[], numbers: Value[]): void {
  const regs = args.map((_, i) => A0 + i);
  const pairs = [
    ...args.map((value, i) => ({ reg: A0 + i, value })),
    ...numbers.map((value, i) => ({ reg: numberRegs[i]!, value })),
  ];
  s.copyTo(pairs);
  s.emit('ecall', numberRegs.length > 1 ? [A0, A1] : [A0], [...regs, ...numberRegs]);
}
