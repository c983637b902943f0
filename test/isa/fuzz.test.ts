/**
 * Garbage as code: random words, random valid instructions, random privileged state. The guest may trap as it likes; the
 * host must not throw, must use exactly the budget, and must do the same again from the same start.
 */
import { expect, test } from 'vitest';
import { INSTRUCTIONS } from '../../emulator/isa/all.ts';
import { CSR_NUMBERS } from '../../emulator/isa/csr-names.ts';
import { Interrupt, Privilege, type Cpu } from '../../emulator/cpu/cpu.ts';
import { ExitReason } from '../../emulator/cpu/exit-reason.ts';
import type { Ram } from '../../emulator/bus/ram.ts';
import { hartWith } from './machine.ts';
import { randomFrom } from './random-program.ts';

const RAM_BYTES = 4 << 20;
const STEPS = 20_000;
const CSRS = [...CSR_NUMBERS.values()];
type Random = (below: number) => number;

const word = (random: Random): number => ((random(0x1_0000) << 16) | random(0x1_0000)) >>> 0;

/** A word that decodes more often than chance: a row's fixed bits, the rest random; CSR numbers that exist. */
function likelyWord(random: Random): number {
  const insn = INSTRUCTIONS[random(INSTRUCTIONS.length)]!;
  const bits = (word(random) & ~insn.mask) | insn.match;
  const isCsr = insn.format === 'Csr' || insn.format === 'CsrImm';
  return (isCsr ? (bits & 0xf_ffff) | (CSRS[random(CSRS.length)]! << 20) : bits) >>> 0;
}

function fillWithCode(ram: Ram, random: Random): void {
  let pa = ram.base;
  while (pa < ram.base + 0x2_0000) {
    const bits = random(8) === 0 ? word(random) : likelyWord(random);
    ram.write32(pa, bits);
    pa += (bits & 3) === 3 ? 4 : 2;
  }
}

/** Pointers into RAM, at its ends, into nothing, and plain numbers. */
function register(random: Random): bigint {
  const pointers = [0x8000_0000, 0x8000_0000 + random(RAM_BYTES), 0x8000_0000 + RAM_BYTES - random(9), 0x1000_0000];
  const kind = random(6);
  if (kind < 4) return BigInt(pointers[kind]!);
  const wide = (BigInt(word(random)) << 32n) | BigInt(word(random));
  return kind === 4 ? wide : wide >> BigInt(random(64));
}

function prepare(cpu: Cpu, ram: Ram, random: Random): void {
  fillWithCode(ram, random);
  cpu.reset(0x8000_0000, [Privilege.M, Privilege.S, Privilege.U][random(3)]!);
  for (let x = 1; x < 32; x++) cpu.setReg(x, register(random));
  for (let f = 0; f < 32; f++) cpu.setFreg(f, register(random));
  for (let i = 0; i < 20; i++) cpu.setCsr(CSRS[random(CSRS.length)]!, register(random));
  // Vectors into the code, so that a trap is not the end; sometimes a page table made of whatever is there.
  cpu.setCsr(0x305, BigInt(0x8000_0000 + 4 * random(0x8000)));
  cpu.setCsr(0x105, BigInt(0x8000_0000 + 4 * random(0x8000)));
  if (random(2) === 0) cpu.setCsr(0x180, 0n);
}

/** Everything the guest could see, as text. */
function runFuzz(seed: number): string {
  const random = randomFrom(seed);
  const { cpu, ram, bus } = hartWith(() => {});
  prepare(cpu, ram, random);
  bus.onAccess = () => {
    if (random(4) === 0) cpu.setInterruptPending(Interrupt.SEIP, random(2) === 0);
    if (random(16) === 0) cpu.requestExit();
    if (random(16) === 0) ram.write32(ram.base + 4 * random(0x1000), word(random));
  };
  while (cpu.instret < STEPS) {
    const before = cpu.instret;
    const reason = cpu.run(STEPS - before);
    if (reason === ExitReason.Budget) expect(cpu.instret).toBe(STEPS);
    else expect(cpu.instret).toBeGreaterThan(before);
  }
  const registers = Array.from({ length: 32 }, (_, x) => cpu.getReg(x).toString(16));
  const floats = Array.from({ length: 32 }, (_, f) => cpu.getFreg(f).toString(16));
  return [cpu.pc.toString(16), cpu.privilege, ...registers, ...floats, bus.log.length].join(' ');
}

test('garbage never throws and is repeatable', () => {
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const outcome = runFuzz(seed);
    expect(runFuzz(seed), `seed ${seed}`).toBe(outcome);
    outcomes.add(outcome);
  }
  expect(outcomes.size).toBe(20);
});
