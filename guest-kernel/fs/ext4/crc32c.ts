/** CRC-32C (Castagnoli, reflected 0x82F63B78), as ext4 uses it: the running value is neither inverted at start nor end. */
import { Bytes } from "../../lib/bytes";

const table = makeTable();

function makeTable(): StaticArray<u32> {
  const t = new StaticArray<u32>(256);
  for (let i = 0; i < 256; i++) {
    let c: u32 = i;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0x82f63b78 : c >> 1;
    t[i] = c;
  }
  return t;
}

/** Continues `crc` over bytes [from, to) of `b`. */
export function crc32c(crc: u32, b: Bytes, from: i32, to: i32): u32 {
  assert(0 <= from && to <= b.len && b.off >= 0 && b.off + b.len <= b.buf.length);
  const end = b.off + to;
  for (let i = b.off + from; i < end; i++) {
    // In range: the assertion bounds i by the buffer, the index is masked to the table's 256 entries.
    crc = (crc >> 8) ^ unchecked(table[(crc ^ unchecked(b.buf[i])) & 0xff]);
  }
  return crc;
}

/** Continues `crc` over the four bytes of `v`. */
export function crc32cU32(crc: u32, v: u32): u32 {
  for (let i = 0; i < 4; i++, v >>= 8) crc = (crc >> 8) ^ table[(crc ^ v) & 0xff];
  return crc;
}

/** Continues `crc` over `n` zero bytes: a checksum field counts as zero in its own sum. */
export function crc32cZeros(crc: u32, n: i32): u32 {
  for (let i = 0; i < n; i++) crc = (crc >> 8) ^ table[crc & 0xff];
  return crc;
}
