/** Checks of our own invariants. A failure is a bug of this program (never of a guest or of a user) and keeps its stack. */

export class InternalError extends Error {
  constructor(what: string) {
    super(`internal error: ${what}`);
  }
}

export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InternalError(what);
}

/** Narrows away `undefined` where the index or key is known to exist; `what` names the thing that should have been there. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new InternalError(`no ${what}`);
  return value;
}

/** Whether a thrown thing is a mistake of this program, and not something that the host or a file did. */
export function isOurMistake(error: unknown): boolean {
  return error instanceof InternalError || error instanceof TypeError || error instanceof RangeError;
}
