import { beforeEach, expect, test } from 'vitest';
import { answerSbi, type SbiHost, type SbiResult } from './sbi.ts';

const BASE = 0x10;
const TIME = 0x5449_4d45;
const IPI = 0x73_5049;
const RFENCE = 0x5246_4e43;
const HSM = 0x48_534d;
const SRST = 0x5352_5354;
const DBCN = 0x4442_434e;
const RAM = 0x8000_0000;
const ALL_ONES = 2 ** 64;

let log: string[];
let memory: Uint8Array;
let typed: number[];
let host: SbiHost;

const call = (extension: number, fid: number, ...args: number[]): SbiResult => {
  while (args.length < 6) args.push(0);
  return answerSbi(host, { extension, fid, args });
};

beforeEach(() => {
  log = [];
  memory = new Uint8Array(64);
  typed = [];
  host = {
    setTimer: tick => log.push(`timer ${tick}`),
    setSoftwareInterrupt: level => log.push(`ssip ${level}`),
    flushTranslations: () => log.push('flush'),
    consoleWrite: byte => log.push(String.fromCharCode(byte)),
    consoleRead: () => typed.shift() ?? -1,
    memory: (pa, length) =>
      pa >= RAM && pa + length <= RAM + 64 ? memory.subarray(pa - RAM, pa - RAM + length) : undefined,
    memoryChanged: (pa, length) => log.push(`changed ${pa - RAM} ${length}`),
    shutdown: isFailure => log.push(`off ${isFailure}`),
    reboot: () => log.push('reboot'),
  };
});

test('base: version 2.0, and probe tells what is there', () => {
  expect(call(BASE, 0)).toEqual({ error: 0, value: 0x0200_0000 });
  expect(call(BASE, 3, TIME).value).toBe(1);
  expect(call(BASE, 3, 0x1234).value).toBe(0);
});

test.each([
  [TIME, 0, [1234], 'timer 1234'],
  [IPI, 0, [1, 0], 'ssip true'],
  [IPI, 0, [0, ALL_ONES], 'ssip true'],
  [RFENCE, 1, [1, 0, 0, ALL_ONES], 'flush'],
  [SRST, 0, [0, 0], 'off false'],
  [SRST, 0, [0, 1], 'off true'],
  [SRST, 0, [1, 0], 'reboot'],
] as const)('extension %i function %i', (extension, fid, args, expected) => {
  expect(call(extension, fid, ...args)).toEqual({ error: 0, value: 0 });
  expect(log).toEqual([expected]);
});

test.each([
  ['an unknown extension', 0x999, 0, [], -2],
  ['an unknown function', TIME, 5, [], -2],
  ['harts that are not there', IPI, 0, [2, 0], -3],
  ['starting the running hart', HSM, 0, [0], -6],
  ['the status of another hart', HSM, 2, [1], -3],
  ['an unknown reset type', SRST, 0, [9], -3],
  ['a console write from nowhere', DBCN, 0, [4, 16, 0], -3],
] as const)('%s is refused', (_what, extension, fid, args, error) => {
  expect(call(extension, fid, ...args).error).toBe(error);
  expect(log).toEqual([]);
});

test('an empty hart mask does nothing, successfully', () => {
  expect(call(IPI, 0, 0, 0).error).toBe(0);
  expect(log).toEqual([]);
});

test('debug console: writes from memory, reads what is typed', () => {
  memory.set([0x68, 0x69]);
  expect(call(DBCN, 0, 2, RAM, 0)).toEqual({ error: 0, value: 2 });
  expect(call(DBCN, 2, 0x21).error).toBe(0);
  expect(log).toEqual(['h', 'i', '!']);
  typed = [0x61, 0x62];
  expect(call(DBCN, 1, 10, RAM + 8, 0)).toEqual({ error: 0, value: 2 });
  expect([memory[8], memory[9], log.at(-1)]).toEqual([0x61, 0x62, 'changed 8 2']);
});

test('legacy calls answer in a0 alone, whatever the function id', () => {
  expect(call(1, 77, 0x41)).toMatchObject({ error: 0, isLegacy: true });
  expect(call(2, 0)).toMatchObject({ error: -1, isLegacy: true });
  call(0, 0, 5);
  call(8, 0);
  expect(log).toEqual(['A', 'timer 5', 'off false']);
});
