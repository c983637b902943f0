/** A call whose result is returned at once, or that a return without value follows, becomes a jump to the callee. */
import { argumentPlaces } from '../ir/abi.ts';
import type { Block, IrFunction, Value } from '../ir/ir.ts';

export function makeTailCalls(fn: IrFunction): void {
  for (const block of fn.blocks) {
    const call = block.values[block.values.length - 1];
    if (call === undefined || !endsInCall(block, call)) continue;
    block.values.pop();
    const off = call.off;
    block.term = { kind: 'tail', callee: call.op === 'call' ? call.sym : null, args: call.args, off };
  }
}

function endsInCall({ term }: Block, call: Value): boolean {
  if (term.kind !== 'return' || (call.op !== 'call' && call.op !== 'callr')) return false;
  if (term.value !== call && term.value !== null) return false;
  // The routine reports its own caller, which must therefore still be there.
  if (call.sym === '__here') return false;
  const args = call.op === 'call' ? call.args : call.args.slice(1);
  // Arguments on the stack would lie in the frame that is given up.
  return argumentPlaces(args.map(arg => arg.type)).stackSize === 0;
}
