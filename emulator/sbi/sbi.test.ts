import { beforeEach, expect, test } from 'vitest';
import type { HartState } from './hart-state.ts';
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
const MASK_AT = 0x1000;
const NON_RETENTIVE = 0x8000_0000;

let log: string[];
let memory: Uint8Array;
let typed: number[];
let host: SbiHost;
let states: HartState[];

const call = (extension: number, fid: number, ...args: number[]): SbiResult => {
  while (args.length < 6) args.push(0);
  return answerSbi(host, { hart: 1, extension, fid, args });
};

beforeEach(() => {
  log = [];
  memory = new Uint8Array(64);
  typed = [];
  states = [0, 0, 1, 4];
  host = {
    harts: 4,
    machineIds: [1, 2, 3],
    setTimer: (hart, tick) => log.push(`timer ${hart} ${tick}`),
    setSoftwareInterrupt: (hart, level) => log.push(`ssip ${hart} ${level}`),
    flushTranslations: hart => log.push(`flush ${hart}`),
    hartState: hart => states[hart]!,
    startHart: (hart, address, opaque) => log.push(`start ${hart} ${address - RAM} ${opaque}`),
    stopHart: hart => log.push(`stop ${hart}`),
    suspendHart: (hart, resume) =>
      log.push(`suspend ${hart} ${resume ? `${resume.address - RAM} ${resume.opaque}` : ''}`),
    loadVirtual: (_hart, va) => (va === MASK_AT ? 0b1010 : undefined),
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

test('base: the ids of the machine', () => {
  expect([4, 5, 6].map(fid => call(BASE, fid).value)).toEqual([1, 2, 3]);
});

test.each([
  [TIME, 0, [1234], ['timer 1 1234']],
  [IPI, 0, [1, 0], ['ssip 0 true']],
  [IPI, 0, [0b101, 1], ['ssip 1 true', 'ssip 3 true']],
  [IPI, 0, [0, ALL_ONES], ['ssip 0 true', 'ssip 1 true', 'ssip 2 true', 'ssip 3 true']],
  [RFENCE, 0, [1, 0], []],
  [RFENCE, 1, [0b11, 2, 0, ALL_ONES], ['flush 2', 'flush 3']],
  [RFENCE, 2, [1, 3, 0, 4096, 7], ['flush 3']],
  [HSM, 0, [2, RAM + 16, 77], ['start 2 16 77']],
  [HSM, 3, [0, 0, 0], ['suspend 1 ']],
  [HSM, 3, [NON_RETENTIVE, RAM + 8, 9], ['suspend 1 8 9']],
  [SRST, 0, [0, 0], ['off false']],
  [SRST, 0, [0, 1], ['off true']],
  [SRST, 0, [1, 0], ['reboot']],
] as const)('extension %i function %i %j', (extension, fid, args, expected) => {
  expect(call(extension, fid, ...args)).toEqual({ error: 0, value: 0 });
  expect(log).toEqual(expected);
});

test.each([
  ['an unknown extension', 0x999, 0, [], -2],
  ['an unknown function', TIME, 5, [], -2],
  ['harts that are not there', IPI, 0, [0b10, 3], -3],
  ['a mask far too large', IPI, 0, [2 ** 63, 0], -3],
  ['a base behind the last hart', RFENCE, 1, [1, 4], -3],
  ['starting a hart that runs', HSM, 0, [0, RAM], -6],
  ['starting a suspended hart', HSM, 0, [3, RAM], -6],
  ['starting a hart that is not there', HSM, 0, [4, RAM], -3],
  ['starting a hart outside of RAM', HSM, 0, [2, 64], -5],
  ['starting a hart at an odd address', HSM, 0, [2, RAM + 1], -5],
  ['the status of a hart that is not there', HSM, 2, [4], -3],
  ['resuming outside of RAM', HSM, 3, [NON_RETENTIVE, 64], -5],
  ['a reserved suspend type', HSM, 3, [1], -3],
  ['a reserved non-retentive type', HSM, 3, [NON_RETENTIVE + 1], -3],
  ["a platform's suspend type", HSM, 3, [0x1000_0000], -2],
  ['a suspend type above 32 bits', HSM, 3, [2 ** 32], -3],
  ['an unknown reset type', SRST, 0, [9], -3],
  ['a console write from nowhere', DBCN, 0, [4, 16, 0], -3],
] as const)('%s is refused', (_what, extension, fid, args, error) => {
  expect(call(extension, fid, ...args).error).toBe(error);
  expect(log).toEqual([]);
});

test('HSM: states by hart, and a stop that does not return', () => {
  expect([0, 1, 2, 3].map(hart => call(HSM, 2, hart).value)).toEqual([0, 0, 1, 4]);
  call(HSM, 1);
  expect(log).toEqual(['stop 1']);
});

test('legacy masks are in memory; a null pointer means every hart', () => {
  expect(call(4, 0, MASK_AT)).toMatchObject({ error: 0, isLegacy: true });
  expect(call(6, 0, 0)).toMatchObject({ error: 0 });
  expect(log).toEqual(['ssip 1 true', 'ssip 3 true', 'flush 0', 'flush 1', 'flush 2', 'flush 3']);
  expect(call(4, 0, 12)).toMatchObject({ error: -5 });
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
  expect(log).toEqual(['A', 'timer 1 5', 'off false']);
});
