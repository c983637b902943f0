import { beforeEach, expect, test } from 'vitest';
import { Plic } from './plic.ts';
import { transplant, Wire } from './test-devices.ts';

const S = 1;
const priority = (source: number): number => 4 * source;
const enable = (context: number): number => 0x2000 + 0x80 * context;
const threshold = (context: number): number => 0x20_0000 + 0x1000 * context;
const claim = (context: number): number => threshold(context) + 4;

let m: Wire;
let s: Wire;
let plic: Plic;

const write = (offset: number, value: number): void => plic.write(offset, 4, value >>> 0);
const read = (offset: number): number => plic.read(offset, 4);

beforeEach(() => {
  m = new Wire();
  s = new Wire();
  plic = new Plic([m.line, s.line], () => {});
  write(priority(10), 1);
  write(priority(8), 1);
  write(enable(S), (1 << 10) | (1 << 8));
});

test('an enabled source above the threshold raises its context alone', () => {
  plic.line(10)(true);
  expect([m.level, s.level]).toEqual([false, true]);
  expect(read(0x1000)).toBe(1 << 10);
});

test('claim takes the source, until its device speaks again; complete of a line that stayed high brings nothing', () => {
  plic.line(10)(true);
  expect(read(claim(S))).toBe(10);
  expect(s.level).toBe(false);
  expect(read(claim(S))).toBe(0);
  write(claim(S), 10);
  expect(s.level).toBe(false);
  plic.line(10)(true);
  expect(s.level).toBe(true);
  plic.line(10)(false);
  expect(s.level).toBe(false);
});

test('what a device says between claim and complete is heard of at complete', () => {
  plic.line(10)(true);
  expect(read(claim(S))).toBe(10);
  plic.line(10)(true);
  expect([read(0x1000), s.level]).toEqual([1 << 10, false]);
  write(claim(S), 10);
  expect(s.level).toBe(true);
  expect(read(claim(S))).toBe(10);
});

test('highest priority first, then lowest number', () => {
  plic.line(10)(true);
  plic.line(8)(true);
  expect(read(claim(S))).toBe(8);
  write(claim(S), 8);
  write(priority(10), 2);
  expect(read(claim(S))).toBe(10);
});

test('priority 0 never interrupts; a threshold masks its own priority', () => {
  plic.line(10)(true);
  write(threshold(S), 1);
  expect(s.level).toBe(false);
  write(threshold(S), 0);
  expect(s.level).toBe(true);
  write(priority(10), 0);
  expect(s.level).toBe(false);
});

test('source 0 and sources that do not exist cannot be claimed', () => {
  write(enable(S), -1);
  write(enable(S) + 12, -1);
  expect(read(enable(S))).toBe(0xffff_fffe);
  write(priority(0), 7);
  expect(read(priority(0))).toBe(0);
  expect(read(claim(S))).toBe(0);
  write(claim(S), 4000);
  expect(s.level).toBe(false);
});

test('the last source works: it is alone in its word', () => {
  write(priority(96), 7);
  write(enable(S) + 12, 1);
  plic.line(96)(true);
  expect(read(0x100c)).toBe(1);
  expect(read(claim(S))).toBe(96);
});

test('registers keep three bits of priority and threshold; contexts that do not exist read 0', () => {
  write(priority(3), 0xff);
  write(threshold(0), 0xff);
  expect([read(priority(3)), read(threshold(0))]).toEqual([7, 7]);
  write(threshold(2), 1);
  expect([read(threshold(2)), read(claim(5)), read(enable(9))]).toEqual([0, 0, 0]);
});

test('state travels with a source claimed', () => {
  plic.line(10)(true);
  plic.line(8)(true);
  expect(read(claim(S))).toBe(8);
  const otherS = new Wire();
  const other = new Plic([m.line, otherS.line], () => {});
  transplant(plic, other);
  expect(otherS.level).toBe(true);
  expect(other.read(claim(S), 4)).toBe(10);
  expect(other.read(claim(S), 4)).toBe(0);
});
