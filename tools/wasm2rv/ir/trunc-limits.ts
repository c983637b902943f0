/**
 * Which floats a trapping conversion to an integer accepts: those whose truncation is in range. The lower limit is
 * exclusive where the float format can tell minimum - 1 from the minimum, else inclusive.
 */
export interface TruncLimits {
  /** Bits of the limits in the source format. */
  low: bigint;
  isLowInside: boolean;
  high: bigint;
}

function bits32(value: number): bigint {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
}

function bits64(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

const TWO_31 = 2 ** 31;
const TWO_63 = 2 ** 63;

/** By target and source format in RISC-V letters: w wu l lu, s d. */
export const TRUNC_LIMITS: Readonly<Record<string, TruncLimits>> = {
  'w.s': { low: bits32(-TWO_31), isLowInside: true, high: bits32(TWO_31) },
  'wu.s': { low: bits32(-1), isLowInside: false, high: bits32(2 * TWO_31) },
  'l.s': { low: bits32(-TWO_63), isLowInside: true, high: bits32(TWO_63) },
  'lu.s': { low: bits32(-1), isLowInside: false, high: bits32(2 * TWO_63) },
  'w.d': { low: bits64(-TWO_31 - 1), isLowInside: false, high: bits64(TWO_31) },
  'wu.d': { low: bits64(-1), isLowInside: false, high: bits64(2 * TWO_31) },
  'l.d': { low: bits64(-TWO_63), isLowInside: true, high: bits64(TWO_63) },
  'lu.d': { low: bits64(-1), isLowInside: false, high: bits64(2 * TWO_63) },
};
