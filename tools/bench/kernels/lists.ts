/** As CoreMark mixes it: linked lists sorted and searched, small integer matrices, a state machine over text, a CRC of it all. */
import { finish } from './bare';
export { memoryGrow, memorySize, trapKernel, trapUser } from './bare';

const NODES: i32 = 256;
const SIDE: i32 = 24;
const TEXT: i32 = 2048;
const ROUNDS: i32 = 1000;

@unmanaged
class Node {
  next: usize = 0;
  key: i32 = 0;
  value: i32 = 0;
}

let seed: u32 = 12345;
function random(): u32 {
  seed = seed * 1664525 + 1013904223;
  return seed >> 8;
}

function merge(a: usize, b: usize): usize {
  let head: usize = 0;
  let tail: usize = 0;
  while (a != 0 || b != 0) {
    let taken: usize;
    if (b == 0 || (a != 0 && changetype<Node>(a).key <= changetype<Node>(b).key)) {
      taken = a;
      a = changetype<Node>(a).next;
    } else {
      taken = b;
      b = changetype<Node>(b).next;
    }
    if (tail == 0) head = taken;
    else changetype<Node>(tail).next = taken;
    tail = taken;
  }
  if (tail != 0) changetype<Node>(tail).next = 0;
  return head;
}

function sort(list: usize, count: i32): usize {
  if (count <= 1) return list;
  const half = count >> 1;
  let last = list;
  for (let i = 1; i < half; i++) last = changetype<Node>(last).next;
  const second = changetype<Node>(last).next;
  changetype<Node>(last).next = 0;
  return merge(sort(list, half), sort(second, count - half));
}

function find(list: usize, key: i32): i32 {
  for (let at = list; at != 0; at = changetype<Node>(at).next) {
    if (changetype<Node>(at).key == key) return changetype<Node>(at).value;
  }
  return -1;
}

function multiply(a: StaticArray<i16>, b: StaticArray<i16>, product: StaticArray<i32>): i32 {
  let trace: i32 = 0;
  for (let i = 0; i < SIDE; i++) {
    for (let j = 0; j < SIDE; j++) {
      let sum: i32 = 0;
      for (let k = 0; k < SIDE; k++) sum += <i32>a[i * SIDE + k] * <i32>b[k * SIDE + j];
      product[i * SIDE + j] = sum;
      if (i == j) trace += sum;
    }
  }
  return trace;
}

/** Counts what in the text are integers, and what are decimal fractions. */
function scan(text: StaticArray<u8>): i32 {
  let state: i32 = 0;
  let integers: i32 = 0;
  let fractions: i32 = 0;
  for (let i = 0; i < TEXT; i++) {
    const c = text[i];
    switch (state) {
      case 0:
        state = c >= 48 && c <= 57 ? 1 : c == 44 ? 0 : 3;
        break;
      case 1:
        if (c == 46) state = 2;
        else if (c == 44) {
          integers++;
          state = 0;
        } else if (c < 48 || c > 57) state = 3;
        break;
      case 2:
        if (c == 44) {
          fractions++;
          state = 0;
        } else if (c < 48 || c > 57) state = 3;
        break;
      default:
        if (c == 44) state = 0;
    }
  }
  return (integers << 12) + fractions;
}

function crc(value: u32, into: u32): u32 {
  for (let bit = 0; bit < 32; bit++) {
    const isOdd = ((value >> bit) ^ into) & 1;
    into >>= 1;
    if (isOdd != 0) into ^= 0xa001;
  }
  return into;
}

export function kmain(_hart: u64, _tree: u64): usize {
  const nodes = new StaticArray<Node>(NODES);
  for (let i = 0; i < NODES; i++) nodes[i] = new Node();
  const a = new StaticArray<i16>(SIDE * SIDE);
  const b = new StaticArray<i16>(SIDE * SIDE);
  const product = new StaticArray<i32>(SIDE * SIDE);
  const text = new StaticArray<u8>(TEXT);
  const letters = '0123456789.,,.+x';
  let sum: u32 = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < NODES; i++) {
      nodes[i].key = <i32>(random() & 0xffff);
      nodes[i].value = i;
      nodes[i].next = i + 1 < NODES ? changetype<usize>(nodes[i + 1]) : 0;
    }
    const list = sort(changetype<usize>(nodes[0]), NODES);
    for (let i = 0; i < 32; i++) sum = crc(<u32>find(list, nodes[i * 7].key), sum);
    for (let i = 0; i < SIDE * SIDE; i++) {
      a[i] = <i16>random();
      b[i] = <i16>(random() & 0xff);
    }
    sum = crc(<u32>multiply(a, b, product), sum);
    for (let i = 0; i < TEXT; i++) text[i] = <u8>letters.charCodeAt(<i32>(random() & 15));
    sum = crc(<u32>scan(text), sum);
  }
  finish(sum != 0);
  return 0;
}
