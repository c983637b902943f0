/** As Dhrystone mixes it: records copied field by field, strings of 30 characters compared, short calls, small arrays. */
import { finish } from './bare';
export { memoryGrow, memorySize, trapKernel, trapUser } from './bare';

const ROUNDS: i32 = 600_000;
const NAME: i32 = 32;

@unmanaged
class Entry {
  next: usize = 0;
  kind: i32 = 0;
  choice: i32 = 0;
  number: i32 = 0;
  name: StaticArray<u8> = new StaticArray<u8>(NAME);
}

let isOpen: bool = false;
let letter: u8 = 65;
const vector = new StaticArray<i32>(50);
const matrix = new StaticArray<i32>(50 * 50);

function compare(a: StaticArray<u8>, b: StaticArray<u8>): i32 {
  for (let i = 0; i < NAME - 1; i++) {
    const difference = <i32>a[i] - <i32>b[i];
    if (difference != 0) return difference;
    if (a[i] == 0) return 0;
  }
  return 0;
}

function assign(to: Entry, from: Entry): void {
  to.next = from.next;
  to.kind = from.kind;
  to.choice = from.choice;
  to.number = from.number;
  memory.copy(changetype<usize>(to.name), changetype<usize>(from.name), NAME);
}

function isLater(a: StaticArray<u8>, b: StaticArray<u8>): bool {
  let at = 2;
  while (at <= 2) {
    if (a[at] == b[at + 1]) letter = 66;
    at++;
  }
  return compare(a, b) > 0;
}

function choose(choice: i32): i32 {
  switch (choice) {
    case 0:
      return 0;
    case 1:
      return isOpen ? 0 : 3;
    case 2:
      return 1;
    case 3:
      return 2;
    default:
      return 2;
  }
}

function fill(row: i32, value: i32): void {
  const at = row + 5;
  vector[at] = value;
  vector[at + 1] = vector[at];
  vector[at + 30] = at;
  for (let i = at; i <= at + 1; i++) matrix[at * 50 + i] = at;
  matrix[at * 50 + at - 1] += 1;
  matrix[(at + 20) * 50 + at] = vector[at];
}

function pass(number: i32): i32 {
  return letter == 65 ? number + 9 - 10 : number + 1;
}

export function kmain(_hart: u64, _tree: u64): usize {
  const first = new Entry();
  const second = new Entry();
  const text = 'DHRYSTONE-LIKE, SOME STRING';
  for (let i = 0; i < text.length; i++) {
    first.name[i] = <u8>text.charCodeAt(i);
    second.name[i] = <u8>text.charCodeAt(i);
  }
  first.next = changetype<usize>(second);
  second.name[text.length - 1] = 48;
  let sum: i32 = 0;
  for (let round = 0; round < ROUNDS; round++) {
    letter = 65;
    isOpen = (round & 1) == 0;
    first.number = round & 7;
    first.choice = choose(round % 5);
    assign(second, first);
    second.name[26] = <u8>(48 + (round & 3));
    if (isLater(first.name, second.name)) sum += 1;
    fill(round & 7, pass(round & 15));
    second.number = first.choice * 3 + second.number / ((round & 3) + 1);
    sum += second.number;
  }
  finish(sum != 0);
  return 0;
}
