/** The kernels over and over, on the bare machine, for the speed of what runs them: no output but the finisher's. */
import { finish } from './bare';
import * as k from './kernels';
export { memoryGrow, memorySize, trapKernel, trapUser } from './bare';

const N: i32 = 16384;
const ROUNDS: i32 = 60;

export function kmain(_hart: u64, _tree: u64): usize {
  const source = new StaticArray<u8>(N);
  const target = new StaticArray<u8>(N);
  const table = new StaticArray<u32>(256);
  const values = new StaticArray<i32>(N);
  let seed: u32 = 1;
  for (let i = 0; i < N; i++) {
    seed = seed * 1664525 + 1013904223;
    source[i] = <u8>(97 + (seed >> 30 == 0 ? (seed >> 28) & 1 : 0));
  }
  k.crc32Table(table);
  let sum: u32 = 0;
  for (let round = 0; round < ROUNDS; round++) {
    k.copy(target, source, N);
    sum += k.crc32(table, target, N);
    sum += <u32>k.stringCompare(target, N, 64);
    for (let i = 0; i < N; i++) values[i] = <i32>(seed = seed * 1664525 + 1013904223);
    k.shellSort(values, N);
    sum += <u32>values[N / 2];
  }
  finish(sum != 0);
  return 0;
}
