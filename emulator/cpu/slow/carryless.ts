/** Zbc: the product of two polynomials over GF(2), 128 bits of it shifted right by 0, 63 or 64. */
export function carrylessProduct(shift: i32, a: u64, b: u64): u64 {
  let low: u64 = 0;
  let high: u64 = 0;
  for (let i = 0; i < 64; i++) {
    if (((b >> i) & 1) == 0) continue;
    low ^= a << i;
    if (i > 0) high ^= a >> (64 - i);
  }
  if (shift == 0) return low;
  return shift == 64 ? high : (high << 1) | (low >> 63);
}
