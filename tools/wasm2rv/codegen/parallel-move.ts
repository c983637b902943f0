/** Orders the moves of a parallel copy so that no source is overwritten before it is read. */

export interface Move<L> {
  to: L;
  from: L;
}

/**
 * Sequence of single moves with the effect of doing all `moves` at once. Destinations are distinct. `scratch` is free for the
 * moves that break cycles; it appears only if there is a cycle.
 */
export function sequenceMoves<L>(moves: readonly Move<L>[], scratch: (of: L) => L): Move<L>[] {
  const out: Move<L>[] = [];
  const pending = new Map<L, L>();
  const readers = new Map<L, number>();
  for (const { to, from } of moves) {
    if (to === from) continue;
    pending.set(to, from);
    readers.set(from, (readers.get(from) ?? 0) + 1);
  }
  const ready = [...pending.keys()].filter(to => !readers.get(to));
  while (pending.size > 0) {
    const to = ready.pop();
    if (to !== undefined) {
      const from = pending.get(to)!;
      pending.delete(to);
      out.push({ to, from });
      const left = readers.get(from)! - 1;
      readers.set(from, left);
      if (left === 0 && pending.has(from)) ready.push(from);
      continue;
    }
    // Only cycles are left, in which everything is read once: save one member, and let its reader read the copy.
    const [first] = pending.keys() as MapIterator<L>;
    const saved = scratch(first!);
    out.push({ to: saved, from: first! });
    for (const [target, from] of pending) if (from === first) pending.set(target, saved);
    readers.set(saved, 1);
    readers.set(first!, 0);
    ready.push(first!);
  }
  return out;
}
