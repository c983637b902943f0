/** Harts and the board's flash: code that runs from it, and what they see of it while a command is under way. */
import { expect, test } from 'vitest';
import { viewOf } from '../base/bytes.ts';
import { FLASH_BANK_BYTES } from '../device/flash.ts';
import { CowLayer } from '../storage/cow-layer.ts';
import { MemoryBackend } from '../storage/memory-backend.ts';
import type { MachineConfig } from './config.ts';
import { Machine, Stop } from './machine.ts';
import { loadSnapshot } from './snapshot/load.ts';
import { saveSnapshot } from './snapshot/save.ts';
import { emptyTwin, SnapshotKeeper } from './snapshot/snapshot.ts';
import { Program, R, testConfig } from './test-kernel.ts';

const BASE = 0x2000_0000;
const BANK1 = BASE + FLASH_BANK_BYTES;
const S0 = 8;
const S1 = 9;
const A2 = 12;
const A3 = 13;
const RA = 1;
const RETURN = 0x0000_8067;
/** addi a3, x0, n */
const setA3 = (n: number): number => (n << 20) | 0x693;

function image(program: Program, words: readonly (readonly [at: number, value: number])[] = []): Uint8Array {
  const bytes = new Uint8Array(FLASH_BANK_BYTES);
  bytes.set(program.bytes());
  for (const [at, value] of words) viewOf(bytes).setUint32(at, value, true);
  return bytes;
}

/** Runs in M-mode from the first bank, with s0 there and s1 at the second. */
function firmware(): Program {
  return new Program().li(S0, BASE).li(S1, BANK1);
}

const store = (program: Program, base: number, value: number): Program =>
  program.li(R.t1, value).op('sw', { rs1: base, rs2: R.t1, imm: 0 });

function run(banks: readonly Uint8Array[], changes: Partial<MachineConfig> = {}): Machine {
  const flash = banks.map((bytes, bank) => ({
    bank: bank as 0 | 1,
    backend: new CowLayer(new MemoryBackend(bytes, true)),
  }));
  const { kernel: _kernel, ...config } = testConfig(new Program().spin(), { flash });
  const machine = new Machine({ ...config, ...changes });
  machine.powerOn();
  return machine;
}

test('a hart starts in bank 0, in M-mode, with hart id and device tree; its loads see what is there', () => {
  const program = firmware().op('lw', { rd: A2, rs1: S0, imm: 0x100 }).op('lw', { rd: A3, rs1: S0, imm: 0x102 });
  const machine = run([image(program.finish(0x5555), [[0x100, 0x1122_3344]])]);
  const deviceTree = machine.cpu.getRegNumber(R.a1);
  expect(machine.ram.contains(deviceTree, 4)).toBe(true);
  expect(machine.advance(1000)).toBe(Stop.Ended);
  expect(machine.exitCode).toBe(0);
  expect([A2, A3].map(register => machine.cpu.getRegNumber(register))).toEqual([0x1122_3344, 0x1122]);
});

test('in a command a hart reads status and identification, and the contents again behind it', () => {
  const program = firmware().op('lw', { rd: R.a0, rs1: S1, imm: 0 });
  store(program, S1, 0x90).op('lw', { rd: R.a1, rs1: S1, imm: 0 });
  store(program, S1, 0xff).op('lw', { rd: A2, rs1: S1, imm: 0 });
  const machine = run([image(program.finish(0x5555)), image(new Program(), [[0, 0x7654]])]);
  expect(machine.advance(1000)).toBe(Stop.Ended);
  expect([R.a0, R.a1, A2].map(register => machine.cpu.getRegNumber(register))).toEqual([0x7654, 0x89_0089, 0x7654]);
});

test('code that has run and is programmed anew runs anew', () => {
  const program = firmware().op('jalr', { rd: RA, rs1: S1, imm: 0 }).op('addi', { rd: A2, rs1: A3, imm: 0 });
  store(store(store(program, S1, 0x40), S1, setA3(2)), S1, 0xff).op('jalr', { rd: RA, rs1: S1, imm: 0 });
  const bank1 = image(new Program(), [
    [0, setA3(1)],
    [4, RETURN],
  ]);
  const machine = run([image(program.finish(0x5555)), bank1]);
  expect(machine.advance(1000)).toBe(Stop.Ended);
  expect([A2, A3].map(register => machine.cpu.getRegNumber(register))).toEqual([1, 2]);
});

test('a kernel for the firmware of bank 1 stays out of RAM; the built-in SBI starts that firmware', () => {
  const machine = run([], {
    flash: [{ bank: 1, backend: new MemoryBackend(image(new Program().finish(0x5555)), true) }],
    kernel: { name: 'k', bytes: Uint8Array.of(1, 2, 3) },
  });
  expect(machine.ram.read32(0x8020_0000)).toBe(0);
  expect(machine.cpu.pc).toBe(BigInt(BANK1));
  machine.bus.write(0x1010_0008, 2, 0x1100, 0);
  expect(machine.bus.read(0x1010_0000, 4)).toBe(0x03_0201);
  expect(machine.advance(100)).toBe(Stop.Ended);
});

test('moments hold what was written to flash, in memory and in a file', () => {
  const bytes = image(new Program().spin(), [[0x100, 5]]);
  const machine = run([bytes]);
  const read = (from: Machine): number => from.bus.read(BASE + 0x100, 4);
  const program = (value: number): void => {
    for (const word of [0x40, value, 0xff]) machine.bus.write(BASE + 0x100, 4, word, 0);
  };
  const keeper = new SnapshotKeeper(machine);
  const first = keeper.take();
  program(6);
  const second = keeper.take();
  const file = saveSnapshot(machine);
  keeper.restore(first);
  expect(read(machine)).toBe(5);
  keeper.restore(second);
  expect(read(machine)).toBe(6);
  program(7);
  const fork = emptyTwin(machine);
  new SnapshotKeeper(fork).restore(second);
  expect([read(machine), read(fork)]).toEqual([7, 6]);
  const loaded = loadSnapshot(file, { openDrive: () => new MemoryBackend(bytes, true) }).machine;
  expect(read(loaded)).toBe(6);
  expect(loaded.ram.rom[0x100]).toBe(6);
});

test('nobody who does not use flash has memory for it', () => {
  expect(new Machine(testConfig(new Program().spin())).ram.rom.length).toBe(0);
});

test('-device loader puts bytes into flash and RAM at each power-on', () => {
  const file = { name: 'f', bytes: Uint8Array.of(1, 2, 3, 4) };
  const loaders = [BASE + 0x10, BANK1 - 2, 0x8040_0000].map(address => ({ file, address, isRaw: true }));
  const machine = new Machine(testConfig(new Program().spin(), { loaders }));
  machine.powerOn();
  expect([BASE + 0x10, BANK1].map(at => machine.bus.read(at, 4))).toEqual([0x0403_0201, 0x0403]);
  expect(machine.ram.read32(0x8040_0000)).toBe(0x0403_0201);
  expect(() => saveSnapshot(machine)).toThrow(/-device loader/);
});
