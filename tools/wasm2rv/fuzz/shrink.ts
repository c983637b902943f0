/**
 * Makes a failing tree smaller as long as it stays valid and fails: functions lose their bodies, statements disappear,
 * expressions become constants or one of their own parts.
 */
import { emitModule } from './emit.ts';
import type { Node, Tree } from './tree.ts';
import { node } from './tree.ts';

/** Attempts to try at once: one process runs a whole batch. */
const BATCH = 40;

/** `stillFails` judges candidates, all valid; the first that fails is taken. */
export function shrink(tree: Tree, stillFails: (candidates: readonly Tree[]) => boolean[], maxRounds = 200): Tree {
  let best = tree;
  for (let round = 0; round < maxRounds; round++) {
    const smaller = findSmaller(best, stillFails);
    if (smaller === null) return best;
    best = smaller;
  }
  return best;
}

function findSmaller(tree: Tree, stillFails: (candidates: readonly Tree[]) => boolean[]): Tree | null {
  let batch: Tree[] = [];
  const tryBatch = (): Tree | null => {
    const verdicts = stillFails(batch);
    const found = batch.find((_, i) => verdicts[i]);
    batch = [];
    return found ?? null;
  };
  for (const candidate of candidates(tree)) {
    if (!WebAssembly.validate(emitModule(candidate))) continue;
    batch.push(candidate);
    if (batch.length < BATCH) continue;
    const found = tryBatch();
    if (found) return found;
  }
  return batch.length > 0 ? tryBatch() : null;
}

/** Every tree that is one step smaller, largest steps first: nodes are visited from the outside in. */
function* candidates(tree: Tree): Generator<Tree> {
  for (const [index, fn] of tree.functions.entries()) {
    for (const body of reductions(fn.body)) {
      const functions = tree.functions.slice();
      functions[index] = { ...fn, body };
      yield { ...tree, functions };
    }
  }
}

function* reductions(root: Node): Generator<Node> {
  const queue: { at: Node; rebuild: (replacement: Node | null) => Node }[] = [];
  queue.push({ at: root, rebuild: replacement => replacement ?? node('sequence', 'void') });
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { at, rebuild } = next;
    for (const replacement of replacements(at)) yield rebuild(replacement);
    at.kids.forEach((kid, i) => {
      queue.push({
        at: kid,
        rebuild: replacement => {
          const kids = at.kids.slice();
          if (replacement === null) kids.splice(i, 1);
          else kids[i] = replacement;
          return rebuild({ ...at, kids });
        },
      });
    });
  }
}

/** What may stand in a node's place; null removes a statement. */
function* replacements(at: Node): Generator<Node | null> {
  if (at.type === 'void') {
    if (at.op !== 'sequence') yield null;
    else if (at.kids.length > 0) yield node('sequence', 'void');
    if (at.op === 'if' || at.op === 'block' || at.op === 'loop') {
      for (const kid of at.kids) if (kid.type === 'void') yield kid;
    }
    return;
  }
  if (at.op !== 'const') {
    yield node('const', at.type, [], { bits: 0n });
    yield node('const', at.type, [], {
      bits: at.type === 'f64' ? 0x3ff0000000000000n : at.type === 'f32' ? 0x3f800000n : 1n,
    });
    yield* partsOf(at, at.type);
  }
}

/** The nearest parts of a node that have its type. */
function* partsOf(at: Node, type: string): Generator<Node> {
  for (const kid of at.kids) {
    if (kid.type === type) yield kid;
    else yield* partsOf(kid, type);
  }
}
