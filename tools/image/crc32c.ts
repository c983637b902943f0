/** CRC-32C (Castagnoli, reflected 0x82f63b78), raw as ext4 uses it: no inversion at either end. */

const TABLE = new Uint32Array(256).map((_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c >>> 0;
});

/** Continues `crc` over `data`; ext4 starts from 0xffff_ffff. */
export function crc32c(crc: number, data: Uint8Array): number {
  let c = crc;
  for (const byte of data) c = (TABLE[(c ^ byte) & 0xff]! ^ (c >>> 8)) >>> 0;
  return c;
}

/** Continues `crc` over a little-endian 32-bit number. */
export function crc32cU32(crc: number, value: number): number {
  return crc32c(crc, Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24));
}
