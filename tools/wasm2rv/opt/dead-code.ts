/** Drops values that nothing needs. What has effects is a root; a phi lives only if something that lives reads it. */
import { type IrFunction, type Value, mapTerminator } from '../ir/ir.ts';
import { effectOf } from '../ir/ir-ops.ts';

export function removeDead(fn: IrFunction): void {
  const live = new Set<Value>();
  const work: Value[] = [];
  const need = (value: Value): Value => {
    if (!live.has(value)) {
      live.add(value);
      work.push(value);
    }
    return value;
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      const effect = effectOf(value.op);
      if (effect !== 'pure' && effect !== 'read') need(value);
    }
    mapTerminator(block.term, need);
  }
  for (let value = work.pop(); value !== undefined; value = work.pop()) value.args.forEach(need);
  for (const block of fn.blocks) {
    block.phis = block.phis.filter(phi => live.has(phi));
    block.values = block.values.filter(value => live.has(value) || value.op === 'param');
  }
}
