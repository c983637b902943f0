/** Random bytes: xoshiro256**, seeded from the device tree's rng-seed where there is one, and the clock. */
import { csrr_time } from "../hal/rv";

let s0: u64 = 0x9e3779b97f4a7c15;
let s1: u64 = 0xbf58476d1ce4e5b9;
let s2: u64 = 0x94d049bb133111eb;
let s3: u64 = 0x2545f4914f6cdd1d;

/** Stirs `n` bytes at `p` into the state. */
export function addEntropy(p: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const byte: u64 = load<u8>(p + i);
    s0 ^= byte << ((i & 7) * 8);
    nextRandom();
  }
  s1 ^= csrr_time();
  for (let i = 0; i < 16; i++) nextRandom();
}

export function nextRandom(): u64 {
  const result = rotl(s1 * 5, 7) * 9;
  const t = s1 << 17;
  s2 ^= s0;
  s3 ^= s1;
  s1 ^= s2;
  s0 ^= s3;
  s2 ^= t;
  s3 = rotl(s3, 45);
  return result;
}

export function fillRandom(p: usize, n: i32): void {
  let i = 0;
  for (; i + 8 <= n; i += 8) store<u64>(p + i, nextRandom());
  for (; i < n; i++) store<u8>(p + i, <u8>(nextRandom() >> 32));
}
