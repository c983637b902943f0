/** Conditions of branches, selects and traps: an integer comparison is folded into the branch. */
import { X0 } from '../ir/abi.ts';
import type { Value } from '../ir/ir.ts';
import { COMPARISONS } from '../ir/ir-ops.ts';
import { BRANCH } from './isel-rows.ts';
import type { Selector } from './isel.ts';

export interface Condition {
  /** A branch mnemonic over the two registers. */
  cond: string;
  uses: number[];
}

/** What must hold for `value` to be not zero. */
export function conditionOf(s: Selector, value: Value): Condition {
  if (COMPARISONS.has(value.op)) {
    const [a, b] = value.args as [Value, Value];
    // Against 1, the same question can be asked of zero, which has a register.
    if (b.isConst && b.bits === 1n && value.op === 'lt_s') return { cond: 'bge', uses: [X0, s.use(a)] };
    if (b.isConst && b.bits === 1n && value.op === 'ge_s') return { cond: 'blt', uses: [X0, s.use(a)] };
    if (b.isConst && b.bits === 1n && value.op === 'lt_u') return { cond: 'beq', uses: [s.use(a), X0] };
    if (b.isConst && b.bits === 1n && value.op === 'ge_u') return { cond: 'bne', uses: [s.use(a), X0] };
    if (a.isConst && a.bits === -1n && value.op === 'lt_s') return { cond: 'bge', uses: [s.use(b), X0] };
    if (a.isConst && a.bits === -1n && value.op === 'ge_s') return { cond: 'blt', uses: [s.use(b), X0] };
    return { cond: BRANCH[value.op]!, uses: [s.use(a), s.use(b)] };
  }
  if (value.op === 'f32.ne' || value.op === 'f64.ne') {
    const equal = s.temp(
      value.op === 'f32.ne' ? 'feq.s' : 'feq.d',
      value.args.map(arg => s.use(arg)),
    );
    return { cond: 'beq', uses: [equal, X0] };
  }
  return { cond: 'bne', uses: [s.use(value), X0] };
}
