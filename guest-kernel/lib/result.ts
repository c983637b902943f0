/** The kernel's one way to say how something went. */

/** A value >= 0, or a negative errno. Never a bare -1, never an exception. Check it on the next line. */
export type Result = i64;

/** `e` is an Errno. */
export function fail(e: i32): Result {
  return -(<Result>e);
}

export function failed(r: Result): bool {
  return r < 0;
}
