/** Checks of our own invariants. A failure is a bug of this program (never of a guest or of a user) and keeps its stack. */

export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`internal error: ${what}`);
}

/** Narrows away `undefined` where the index or key is known to exist; `what` names the thing that should have been there. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`internal error: no ${what}`);
  return value;
}
