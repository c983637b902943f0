/**
 * Locals to SSA values while the control-flow graph is being built. Braun et al., "Simple and Efficient Construction of
 * Static Single Assignment Form": a block is sealed once its predecessors are known; until then a read leaves a phi behind.
 */
import { must } from '../../../emulator/base/assert.ts';
import type { ValType } from '../wasm/decode.ts';
import { type Block, type IrFunction, type Value, resolve } from './ir.ts';

export class Variables {
  private readonly definitions = new Map<Block, Map<number, Value>>();
  private readonly sealed = new Set<Block>();
  private readonly incomplete = new Map<Block, Map<number, Value>>();

  /** With `isComplete`, the graph is finished: every block counts as sealed. */
  constructor(
    private readonly fn: IrFunction,
    private readonly types: readonly ValType[],
    private readonly isComplete = false,
  ) {}

  private isSealed(block: Block): boolean {
    return this.isComplete || this.sealed.has(block);
  }

  write(block: Block, variable: number, value: Value): void {
    let map = this.definitions.get(block);
    if (map === undefined) this.definitions.set(block, (map = new Map<number, Value>()));
    map.set(variable, value);
  }

  read(block: Block, variable: number): Value {
    // Walks up chains of single predecessors without recursion, then leaves the answer in every block of the chain.
    const chain: Block[] = [];
    let at = block;
    let found = this.definitions.get(at)?.get(variable);
    while (found === undefined && this.isSealed(at) && at.preds.length === 1) {
      chain.push(at);
      at = at.preds[0]!;
      found = this.definitions.get(at)?.get(variable);
    }
    found ??= this.readHere(at, variable);
    for (const passed of chain) this.write(passed, variable, found);
    return found;
  }

  /** `block` defines nothing itself and is unsealed, or has no predecessor or several. */
  private readHere(block: Block, variable: number): Value {
    const type = must(this.types[variable], 'local');
    if (this.isSealed(block) && block.preds.length === 0) {
      const zero = this.fn.constant(type, 0n);
      this.write(block, variable, zero);
      return zero;
    }
    const phi = this.fn.value('phi', type, [], -1);
    phi.block = block;
    block.phis.push(phi);
    this.write(block, variable, phi);
    if (this.isSealed(block)) {
      phi.args = block.preds.map(pred => this.read(pred, variable));
    } else {
      let waiting = this.incomplete.get(block);
      if (waiting === undefined) this.incomplete.set(block, (waiting = new Map<number, Value>()));
      waiting.set(variable, phi);
    }
    return phi;
  }

  seal(block: Block): void {
    this.sealed.add(block);
    const waiting = this.incomplete.get(block);
    if (waiting === undefined) return;
    this.incomplete.delete(block);
    for (const [variable, phi] of waiting) phi.args = block.preds.map(pred => this.read(pred, variable));
  }
}

/** Replaces phis whose arguments are all one value (or the phi itself) by that value, until there are none. */
export function removeTrivialPhis(fn: IrFunction): void {
  let changed: boolean;
  do {
    changed = false;
    for (const block of fn.blocks) {
      for (const phi of block.phis) {
        if (phi.same !== null) continue;
        const only = onlyArgument(phi);
        if (only !== null) {
          phi.same = only;
          changed = true;
        }
      }
    }
  } while (changed);
}

function onlyArgument(phi: Value): Value | null {
  let only: Value | null = null;
  for (const arg of phi.args) {
    const value = resolve(arg);
    if (value === phi || value === only) continue;
    if (only !== null) return null;
    only = value;
  }
  return only;
}
