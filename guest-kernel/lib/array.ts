/** What Array lacks. */

/** Takes element `i` out; the order stays. Unlike splice, makes no garbage. */
export function removeAt<T>(a: Array<T>, i: i32): void {
  const last = a.length - 1;
  for (let k = i; k < last; k++) a[k] = a[k + 1];
  a.length = last;
}

/** Puts `v` before element `i`. */
export function insertAt<T>(a: Array<T>, i: i32, v: T): void {
  a.push(v);
  for (let k = a.length - 1; k > i; k--) a[k] = a[k - 1];
  a[i] = v;
}
