/** The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. */

/** The sum so far, not folded: parts add up. Every part but the last must have an even length. */
export function sumWords(bytes: Uint8Array, sum = 0): number {
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (even !== bytes.length) sum += bytes[even]! << 8;
  return sum;
}

/** A sum to the value of a header's checksum field. A part that holds a right checksum already gives 0. */
export function finishChecksum(sum: number): number {
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}

export function checksum(bytes: Uint8Array): number {
  return finishChecksum(sumWords(bytes));
}

/** The sum of the pseudo header that UDP (RFC 768) and TCP (RFC 9293, 3.1) put in front of themselves. */
export function pseudoHeaderSum(source: number, destination: number, protocol: number, length: number): number {
  return (
    (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + (length & 0xffff)
  );
}
