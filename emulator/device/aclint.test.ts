import { beforeEach, expect, test } from 'vitest';
import { Aclint } from './aclint.ts';
import { ManualClock, transplant, Wire } from './test-devices.ts';

const MTIMECMP = 0x4000;
const MTIME = 0xbff8;

let clock: ManualClock;
let msip: Wire;
let mtip: Wire;
let aclint: Aclint;

beforeEach(() => {
  clock = new ManualClock();
  msip = new Wire();
  mtip = new Wire();
  aclint = new Aclint(clock, [{ msip: msip.line, mtip: mtip.line }]);
});

test('msip keeps its lowest bit and drives the software interrupt', () => {
  aclint.write(0, 4, 0xffff_ffff);
  expect(aclint.read(0, 4)).toBe(1);
  expect(msip.level).toBe(true);
  aclint.write(0, 4, 0);
  expect(msip.level).toBe(false);
});

test('the timer interrupt is high from mtimecmp on, and drops when it moves ahead', () => {
  aclint.write64(MTIMECMP, 1000, 0);
  clock.advance(999);
  expect(mtip.level).toBe(false);
  clock.advance(1);
  expect(mtip.level).toBe(true);
  aclint.write64(MTIMECMP, 2000, 0);
  expect(mtip.level).toBe(false);
  aclint.write64(MTIMECMP, 5, 0);
  expect(mtip.level).toBe(true);
});

test('halves of mtimecmp can be written apart', () => {
  aclint.write(MTIMECMP + 4, 4, 0);
  aclint.write(MTIMECMP, 4, 50);
  expect(aclint.read64(MTIMECMP)).toEqual({ lo: 50, hi: 0 });
  clock.advance(50);
  expect(mtip.level).toBe(true);
});

test('mtime can be set: the comparison follows it', () => {
  clock.advance(0x1_0000_0005);
  expect(aclint.read64(MTIME)).toEqual({ lo: 5, hi: 1 });
  aclint.write64(MTIMECMP, 0, 2);
  aclint.write(MTIME + 4, 4, 2);
  expect(aclint.read(MTIME + 4, 4)).toBe(2);
  expect(mtip.level).toBe(true);
  clock.advance(10);
  expect(aclint.read(MTIME, 4)).toBe(15);
});

test('harts that do not exist read 0 and take nothing', () => {
  aclint.write(4, 4, 1);
  aclint.write(MTIMECMP + 8, 4, 1);
  expect([aclint.read(4, 4), aclint.read(MTIMECMP + 8, 4), aclint.read(0xb000, 4)]).toEqual([0, 0, 0]);
  expect(msip.level).toBe(false);
});

test('state travels: a pending comparison fires in the copy', () => {
  aclint.write64(MTIMECMP, 100, 0);
  const other = new Wire();
  const copy = new Aclint(clock, [{ msip: msip.line, mtip: other.line }]);
  transplant(aclint, copy);
  clock.advance(100);
  expect(other.level).toBe(true);
});
