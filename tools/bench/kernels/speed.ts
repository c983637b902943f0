/** The kernels over and over, on the bare machine, for the speed of what runs them: no output but the finisher's. */
import { st32, symAddr_heap_base } from './rv';
import * as k from './kernels';

const N: i32 = 16384;
const ROUNDS: i32 = 60;
const FINISHER: u64 = 0xffffffffc0100000;
const PASS: u32 = 0x5555;
const FAIL: u32 = 0x3333;
const MAX_GROWTH_PAGES: u32 = 256;

let pages: i32 = 0;

/** All RAM behind the image is mapped: growing is counting. */
export function memorySize(): i32 {
  if (pages == 0) pages = <i32>(symAddr_heap_base() >> 16);
  return pages;
}

export function memoryGrow(more: i32): i32 {
  const before = memorySize();
  if (<u32>more > MAX_GROWTH_PAGES) return -1;
  pages = before + more;
  return before;
}

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
  st32(FINISHER, sum == 0 ? FAIL : PASS);
  return 0;
}

export function trapUser(frame: usize): usize {
  return frame;
}

export function trapKernel(_frame: usize): void {
  st32(FINISHER, FAIL);
}
