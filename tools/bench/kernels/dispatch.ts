/** Indirect branches: a bytecode interpreter whose handlers are called through a table, as virtual methods are. */
import { finish } from './bare';
export { memoryGrow, memorySize, trapKernel, trapUser } from './bare';

const STEPS: i32 = 12_000_000;
const LENGTH: i32 = 256;

let accumulator: u32 = 1;
let counter: u32 = 0;

function increment(): void {
  accumulator += 1;
}
function double(): void {
  accumulator <<= 1;
}
function mix(): void {
  accumulator ^= accumulator >> 3;
}
function scale(): void {
  accumulator = accumulator * 3 + 7;
}
function count(): void {
  counter += accumulator & 1;
}
function swap(): void {
  const t = accumulator;
  accumulator = counter ^ 0x5a5a;
  counter = t;
}
function rotate(): void {
  accumulator = rotl<u32>(accumulator, 5);
}
function subtract(): void {
  accumulator -= counter;
}

export function kmain(_hart: u64, _tree: u64): usize {
  const handlers: Array<() => void> = [increment, double, mix, scale, count, swap, rotate, subtract];
  const code = new StaticArray<u8>(LENGTH);
  let seed: u32 = 99;
  for (let i = 0; i < LENGTH; i++) {
    seed = seed * 1664525 + 1013904223;
    code[i] = <u8>(seed >> 29);
  }
  for (let i = 0; i < STEPS; i++) handlers[code[i & (LENGTH - 1)]]();
  finish((accumulator | counter) != 0);
  return 0;
}
