/** Conditions that are known because a dominating branch has been taken one way. */
import { dominates } from '../ir/cfg.ts';
import type { Block, Value } from '../ir/ir.ts';
import { INVERSE_COMPARISON } from '../ir/ir-ops.ts';

interface Fact {
  /** Holds in this block and wherever it dominates. */
  block: Block;
  isTrue: boolean;
}

export class BranchFacts {
  private readonly facts = new Map<string, Fact[]>();

  /** At the start of a block with one predecessor: what its branch says. */
  enter(block: Block): void {
    const pred = block.preds[0];
    if (block.preds.length !== 1 || pred?.term.kind !== 'branch' || pred.term.then === pred.term.else) return;
    this.learn(block, pred.term.cond, pred.term.then === block);
  }

  private learn(block: Block, cond: Value, isTrue: boolean): void {
    this.add(keyOf(cond.op, cond), { block, isTrue });
    const inverse = INVERSE_COMPARISON[cond.op];
    if (inverse !== undefined) this.add(keyOf(inverse, cond), { block, isTrue: !isTrue });
  }

  private add(key: string, fact: Fact): void {
    const list = this.facts.get(key);
    if (list === undefined) this.facts.set(key, [fact]);
    else list.push(fact);
  }

  /** Whether `cond` is true when control passes from `from` to `to`; null if not known. */
  onEdge(from: Block, to: Block, cond: Value): boolean | null {
    const { term } = from;
    if (term.kind === 'branch' && term.then !== term.else) {
      const isTaken = term.then === to;
      if (keyOf(cond.op, cond) === keyOf(term.cond.op, term.cond)) return isTaken;
      const inverse = INVERSE_COMPARISON[term.cond.op];
      if (inverse !== undefined && keyOf(cond.op, cond) === keyOf(inverse, term.cond)) return !isTaken;
    }
    return this.find(from, cond);
  }

  /** Whether `cond` is true in `block`; null if not known. */
  find(block: Block, cond: Value): boolean | null {
    const list = this.facts.get(keyOf(cond.op, cond));
    return list?.find(fact => dominates(fact.block, block))?.isTrue ?? null;
  }
}

/** A comparison by what it compares; anything else is its own condition. */
function keyOf(op: string, cond: Value): string {
  return INVERSE_COMPARISON[op] === undefined ? `${cond.id}` : `${op} ${cond.args.map(arg => arg.id).join()}`;
}
