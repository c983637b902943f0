/** Runs the kernels on the bare machine and prints `name instructions result` for each. main.c is its twin. */
import { csrr_instret, sbi, st32, symAddr_heap_base } from './rv';
import * as k from './kernels';

const N: i32 = 16384;
const FINISHER: u64 = 0xffffffffc0100000;
const PASS: u32 = 0x5555;
const MAX_GROWTH_PAGES: u32 = 256;
const SBI_PUTCHAR: u64 = 1;

let begun: u64 = 0;
/** sbi() stores what a call returns besides its status. */
const unused = memory.data(8, 8);

let pages: i32 = 0;

/** All RAM behind the image is mapped: growing is counting. asc's allocator first asks to double what is there. */
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

function putText(text: string): void {
  for (let i = 0; i < text.length; i++) sbi(SBI_PUTCHAR, 0, text.charCodeAt(i), 0, 0, 0, unused);
}

function report(name: string, result: u32): void {
  const spent = csrr_instret() - begun;
  putText(name + ' ' + spent.toString() + ' ' + result.toString() + '\n');
}

function noise(data: StaticArray<u8>): void {
  let seed: u32 = 1;
  for (let i = 0; i < data.length; i++) {
    seed = seed * 1664525 + 1013904223;
    // Long common prefixes: three letters, mostly one of them.
    data[i] = <u8>(97 + (seed >> 30 == 0 ? (seed >> 28) & 1 : 0));
  }
}

export function kmain(_hart: u64, _tree: u64): usize {
  const source = new StaticArray<u8>(N);
  const target = new StaticArray<u8>(N);
  noise(source);

  begun = csrr_instret();
  k.copy(target, source, N);
  report('copy', target[N - 1]);

  const table = new StaticArray<u32>(256);
  k.crc32Table(table);
  begun = csrr_instret();
  const crc = k.crc32(table, source, N);
  report('crc32', crc);

  const map = new k.HashMap(N);
  begun = csrr_instret();
  const sum = k.hashMap(map, <u32>N / 2);
  report('hash-map', sum);

  const buddy = new k.Buddy(10);
  const live = new StaticArray<i32>(256);
  for (let i = 0; i < 256; i++) live[i] = -1;
  const orders = new StaticArray<i32>(256);
  begun = csrr_instret();
  const failures = k.allocator(buddy, live, orders, N);
  report('allocator', <u32>failures);

  begun = csrr_instret();
  const smaller = k.stringCompare(source, N, 64);
  report('string-compare', <u32>smaller);

  const values = new StaticArray<i32>(N);
  let seed: u32 = 7;
  for (let i = 0; i < N; i++) values[i] = <i32>(seed = seed * 1664525 + 1013904223);
  begun = csrr_instret();
  k.shellSort(values, N);
  report('shell-sort', <u32>values[N / 2]);

  st32(FINISHER, PASS);
  return 0;
}

export function trapUser(frame: usize): usize {
  return frame;
}

export function trapKernel(frame: usize): void {
  putText('trap at 0x' + load<u64>(frame).toString(16) + '\n');
  st32(FINISHER, PASS);
}
