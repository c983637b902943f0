/** TCP sequence numbers (RFC 9293, 3.4): unsigned 32-bit, compared by their distance, which is less than 2^31. */

export function seqAdd(seq: number, count: number): number {
  return (seq + count) >>> 0;
}

/** How far `a` is ahead of `b`; negative when it is behind. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}
