/** Operands made for one purpose: exact results, and results that rounding twice gets wrong. Register contents. */

export type Random = (below: number) => number;

/** Numbers of a few significant bits, with which results are often exact, or halfway between two. */
function sparse(random: Random): number {
  if (random(12) === 0) return random(2) === 0 ? 0 : -0;
  const bits = 1 + random([4, 12, 27][random(3)]!);
  const value = (random(2 ** bits) | 1) * 2 ** (random(24) - 12);
  return random(2) === 0 ? value : -value;
}

/** Operands whose exact results have few bits: products, quotients and squares of sparse numbers. */
function exactOperands(random: Random): number[] {
  const [a, b, c] = [sparse(random), sparse(random), sparse(random)];
  return [
    [a, b, c],
    [a * b, b, c],
    [a * a, b, -(a * a * b)],
    [a, b, -(a * b)],
  ][random(4)]!;
}

/**
 * Operands for which a fused operation that rounds twice goes wrong: an addend close to the product, or around the place
 * where it begins to matter, or half a unit beside it; exponents sometimes where the fast way ends.
 */
function fusedOperands(random: Random, isSingle: boolean): number[] {
  const precision = isSingle ? 24 : 53;
  const dense = (): number => (1 + random(2 ** 26) / 2 ** 26 + random(2 ** 26) / 2 ** 52) * (random(2) === 0 ? 1 : -1);
  const near = isSingle ? [-130, -120, -63, 0, 0, 0, 60, 63] : [-830, -824, -820, 0, 0, 0, 0, 770, 778, 870, 878, 890];
  const a = (random(2) === 0 ? dense() : sparse(random)) * 2 ** (near[random(near.length)]! + random(5) - 2);
  const b = random(2) === 0 ? dense() : sparse(random);
  const product = a * b;
  const ulps = precision + [-1, 0, 1, 2, precision - 1, precision, precision + 1, 2, -20][random(9)]!;
  const shift = random(2) === 0 ? ulps : -ulps;
  const c = [
    -product,
    -product * (1 + 2 ** -(random(60) + 1)),
    product * 2 ** shift,
    (random(2) === 0 ? 1.5 : 1) * 2 ** (Math.floor(Math.log2(Math.abs(product) || 1)) + shift),
    dense() * product * 2 ** (random(8) - 4),
  ][random(5)]!;
  return [a, b, c];
}

const scratch = new DataView(new ArrayBuffer(8));
function bitsOf(value: number, isSingle: boolean): bigint {
  if (isSingle) {
    scratch.setFloat32(0, value);
    return 0xffff_ffff_0000_0000n | BigInt(scratch.getUint32(0));
  }
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

export const operandsThat = {
  exact: (random: Random, isSingle: boolean): bigint[] => exactOperands(random).map(value => bitsOf(value, isSingle)),
  fused: (random: Random, isSingle: boolean): bigint[] =>
    fusedOperands(random, isSingle).map(value => bitsOf(value, isSingle)),
};
