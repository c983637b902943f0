/** What all that draws privileged streams shares: choices, values, addresses of the data, and registers. */
import { X } from './harness.ts';
import { DATA_PAGES, DATA_PAGES_COUNT } from './random-harness.ts';

export type Random = (below: number) => number;
export const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!;
export const chance = (random: Random, percent: number): boolean => random(100) < percent;
export const random64 = (random: Random): bigint =>
  (BigInt(random(2 ** 16)) << 48n) | (BigInt(random(2 ** 24)) << 24n) | BigInt(random(2 ** 24));
/** A value for a register: an edge, one bit, or anything. */
export function value(random: Random): bigint {
  const kind = random(6);
  if (kind === 0) return 0n;
  if (kind === 1) return -1n;
  if (kind < 4) return 1n << BigInt(random(64));
  return random64(random);
}

/** Results are added up in a0…a3. */
export const RESULT = 28;
export const SUMS = [X.a0, X.a1, X.a2, X.a3] as const;
export const POINTER = 16;
export const VALUE = 17;

export const pageOffset = (random: Random): bigint =>
  BigInt(chance(random, 40) ? pick(random, [0, 1, 8, 0xff8, 0xffa, 0xffc, 0xffd, 0xfff]) : random(4096));
export function goodAddress(random: Random): bigint {
  return BigInt(DATA_PAGES + 4096 * random(DATA_PAGES_COUNT)) + pageOffset(random);
}

/**
 * What bodies store: bytes of 00 and 80, of which no halfword is an instruction that does harm (most are none), for
 * jumps lead to the data too.
 */
export function dataValue(random: Random): bigint {
  let bytes = 0n;
  for (let i = 0; i < 8; i++) bytes = (bytes << 8n) | BigInt(128 * random(2));
  return bytes;
}
