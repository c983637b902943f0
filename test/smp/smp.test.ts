/** Small guests with four harts: locks, interrupts from hart to hart, HSM, remote fences, and that every run is the same. */
import assert from 'node:assert';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Interrupt } from '../../emulator/cpu/cpu.ts';
import type { MachineConfig } from '../../emulator/machine/config.ts';
import { Machine, Stop } from '../../emulator/machine/machine.ts';
import { loadSnapshot } from '../../emulator/machine/snapshot/load.ts';
import { saveSnapshot } from '../../emulator/machine/snapshot/save.ts';
import { emptyTwin, SnapshotKeeper } from '../../emulator/machine/snapshot/snapshot.ts';
import { elf, ENTRY, Program, testConfig } from '../../emulator/machine/test-kernel.ts';
import { Code, R } from './assembler.ts';

const HARTS = 4;
const DATA = 0x8040_0000;
const LOCKED = DATA + 8;
const ATOMIC = DATA + 16;
const DONE = DATA + 24;
const ROUNDS = 500;
const FINISHER = 0x10_0000;
const PASS = 0x5555;

const IPI = 0x73_5049;
const HSM = 0x48_534d;
const HSM_START = 0;
const HSM_STOP = 1;
const HSM_STATUS = 2;
const HSM_SUSPEND = 3;
const NON_RETENTIVE = 0x8000_0000;
const SIE = 0x104;
const SIP = 0x144;
const MIP = 0x344;
const SSIP = 2;

function start(code: Code, changes: Partial<MachineConfig> = {}): Machine {
  const kernel = { name: 'test.elf', bytes: elf(code.bytes()) };
  const machine = new Machine(testConfig(new Program(), { harts: HARTS, kernel, ...changes }));
  machine.powerOn();
  return machine;
}

function digest(machine: Machine): string {
  return createHash('sha256').update(machine.ram.u8).update(machine.saveState()).digest('hex');
}

function finish(code: Code): Code {
  return code
    .li(R.t0, FINISHER)
    .li(R.t1, PASS)
    .op('sw', { rs1: R.t0, rs2: R.t1, imm: 0 })
    .label('end')
    .to('jal', 'end');
}

/** Every hart, in M-mode: ROUNDS times a plain increment inside an LR/SC lock, and an atomic one outside. */
function lockProgram(): Code {
  const code = new Code()
    .li(R.t0, DATA)
    .li(R.a2, 1)
    .li(R.a1, ATOMIC)
    .li(R.t2, ROUNDS)
    .label('lock')
    .op('lr.w', { rd: R.t1, rs1: R.t0 })
    .to('bne', 'lock', { rs1: R.t1, rs2: 0 })
    .op('sc.w', { rd: R.t1, rs1: R.t0, rs2: R.a2 })
    .to('bne', 'lock', { rs1: R.t1, rs2: 0 })
    .op('lw', { rd: R.a3, rs1: R.t0, imm: 8 })
    .op('addi', { rd: R.a3, rs1: R.a3, imm: 1 })
    .op('sw', { rs1: R.t0, rs2: R.a3, imm: 8 })
    .op('amoswap.w', { rd: 0, rs1: R.t0, rs2: 0 })
    .op('amoadd.w', { rd: 0, rs1: R.a1, rs2: R.a2 })
    .op('addi', { rd: R.t2, rs1: R.t2, imm: -1 })
    .to('bne', 'lock', { rs1: R.t2, rs2: 0 })
    .li(R.a1, DONE)
    .op('amoadd.w', { rd: 0, rs1: R.a1, rs2: R.a2 })
    .to('beq', 'collect', { rs1: R.a0, rs2: 0 })
    .label('parked')
    .op('wfi')
    .to('jal', 'parked')
    .label('collect')
    .li(R.t1, HARTS)
    .label('poll')
    .op('lw', { rd: R.a3, rs1: R.a1, imm: 0 })
    .to('bne', 'poll', { rs1: R.a3, rs2: R.t1 });
  return finish(code);
}
const BARE = { bios: 'none', startsAtEntry: true } as const;

test('four harts count under an LR/SC lock and with amoadd; none is lost', () => {
  const machine = start(lockProgram(), BARE);
  expect(machine.advance(10_000_000)).toBe(Stop.Ended);
  expect([LOCKED, ATOMIC, DONE].map(at => machine.ram.read32(at))).toEqual([HARTS * ROUNDS, HARTS * ROUNDS, HARTS]);
  expect(machine.exitCode).toBe(0);
});

test('two runs are the same, however they are cut; so is the future of a snapshot, here, in a fork and from a file', () => {
  const runs = [1_000_000, 777].map(slice => {
    const machine = start(lockProgram(), BARE);
    for (let left = 60_000; left > 0; left -= slice) machine.advance(Math.min(slice, left));
    return [machine.harts.map(hart => hart.instret), digest(machine)];
  });
  expect(runs[0]).toEqual(runs[1]);

  const machine = start(lockProgram(), BARE);
  const keeper = new SnapshotKeeper(machine);
  machine.advance(10_001);
  const snapshot = keeper.take();
  const future = (of: Machine): unknown => {
    of.advance(10_007);
    return [of.harts.map(hart => hart.instret), digest(of)];
  };
  const first = future(machine);
  keeper.restore(snapshot);
  const twin = emptyTwin(machine);
  new SnapshotKeeper(twin).restore(snapshot);
  expect([future(machine), future(twin)]).toEqual([first, first]);
  keeper.restore(snapshot);
  const host = { openDrive: () => assert.fail('it has no drive') };
  const { machine: loaded } = loadSnapshot(saveSnapshot(machine), host);
  expect(digest(loaded)).toBe(digest(machine));
  expect(future(loaded)).toEqual(first);
});

/** Hart 0 starts the others; each waits for its IPI, answers with an IPI to hart 0, and stops itself. */
function pingPong(): Code {
  const build = (workerAt: number): Code => {
    const code = new Code().li(R.s2, 1).li(R.s3, HARTS).li(R.t0, SSIP).csr('csrrs', SIE, R.t0);
    code
      .label('each')
      .op('addi', { rd: R.a0, rs1: R.s2, imm: 0 })
      .li(R.a1, workerAt)
      .op('addi', { rd: R.a2, rs1: R.s2, imm: 100 })
      .sbi(HSM, HSM_START)
      .to('bne', 'fail', { rs1: R.a0, rs2: 0 })
      .li(R.a0, 1)
      .op('addi', { rd: R.a1, rs1: R.s2, imm: 0 })
      .sbi(IPI, 0)
      .label('wait')
      .op('wfi')
      .csr('csrrc', SIP, R.t0, R.t1)
      .op('andi', { rd: R.t1, rs1: R.t1, imm: SSIP })
      .to('beq', 'wait', { rs1: R.t1, rs2: 0 })
      .label('status')
      .op('addi', { rd: R.a0, rs1: R.s2, imm: 0 })
      .sbi(HSM, HSM_STATUS)
      .li(R.t1, 1)
      .to('bne', 'status', { rs1: R.a1, rs2: R.t1 })
      .op('addi', { rd: R.s2, rs1: R.s2, imm: 1 })
      .to('bne', 'each', { rs1: R.s2, rs2: R.s3 });
    finish(code).label('fail').to('jal', 'fail');
    return code
      .label('worker')
      .li(R.t0, DATA)
      .op('slli', { rd: R.t1, rs1: R.a0, imm: 3, uimm: 3 })
      .op('add', { rd: R.t0, rs1: R.t0, rs2: R.t1 })
      .op('sd', { rs1: R.t0, rs2: R.a1, imm: 0 })
      .li(R.t0, SSIP)
      .csr('csrrs', SIE, R.t0)
      .label('worker-wait')
      .op('wfi')
      .csr('csrrc', SIP, R.t0, R.t1)
      .op('andi', { rd: R.t1, rs1: R.t1, imm: SSIP })
      .to('beq', 'worker-wait', { rs1: R.t1, rs2: 0 })
      .li(R.a0, 1)
      .li(R.a1, 0)
      .sbi(IPI, 0)
      .sbi(HSM, HSM_STOP);
  };
  return build(ENTRY + build(ENTRY).offset('worker'));
}

test('HSM starts harts with their opaque value, IPIs wake them from wfi, answer, and stop', () => {
  const machine = start(pingPong());
  expect(machine.advance(1_000_000)).toBe(Stop.Ended);
  expect([1, 2, 3].map(hart => machine.ram.read32(DATA + 8 * hart))).toEqual([101, 102, 103]);
});

/** Hart 1 suspends, not keeping its state; hart 0's IPI brings it to `resumed`, where the IPI is still pending. */
function suspension(): Code {
  const build = (workerAt: number, resumeAt: number): Code => {
    const code = new Code().li(R.a0, 1).li(R.a1, workerAt).li(R.a2, 0).sbi(HSM, HSM_START);
    code
      .label('status')
      .li(R.a0, 1)
      .sbi(HSM, HSM_STATUS)
      .li(R.t1, 4)
      .to('bne', 'status', { rs1: R.a1, rs2: R.t1 })
      .li(R.a0, 1)
      .li(R.a1, 1)
      .sbi(IPI, 0)
      .label('idle')
      .op('wfi')
      .to('jal', 'idle')
      .label('worker')
      .li(R.t0, SSIP)
      .csr('csrrs', SIE, R.t0)
      .li(R.a0, NON_RETENTIVE)
      .li(R.a1, resumeAt)
      .li(R.a2, 77)
      .sbi(HSM, HSM_SUSPEND)
      .label('wrong')
      .to('jal', 'wrong')
      .label('resumed')
      .li(R.t0, DATA)
      .op('sd', { rs1: R.t0, rs2: R.a0, imm: 0 })
      .op('sd', { rs1: R.t0, rs2: R.a1, imm: 8 })
      .csr('csrrs', SIP, 0, R.t1)
      .op('sd', { rs1: R.t0, rs2: R.t1, imm: 16 });
    return finish(code);
  };
  const shape = build(ENTRY, ENTRY);
  return build(ENTRY + shape.offset('worker'), ENTRY + shape.offset('resumed'));
}

test('a non-retentive suspend resumes with hart id and opaque value, and the interrupt that woke it is still pending', () => {
  const machine = start(suspension());
  expect(machine.advance(100_000)).toBe(Stop.Ended);
  expect([0, 8, 16].map(at => machine.ram.read32(DATA + at))).toEqual([1, 77, SSIP]);
});

test('code that one hart changes is seen by another that ran it before', () => {
  const build = (codeAt: number, newWord: number): Code => {
    // Hart 1 calls `changed` until it returns 2; hart 0 lets it run for a while, then replaces the instruction.
    const code = new Code()
      .li(R.t0, codeAt)
      .li(R.t2, DATA)
      .to('bne', 'runner', { rs1: R.a0, rs2: 0 })
      .label('until-run')
      .op('lw', { rd: R.t1, rs1: R.t2, imm: 0 })
      .to('beq', 'until-run', { rs1: R.t1, rs2: 0 })
      .li(R.t1, newWord)
      .op('sw', { rs1: R.t0, rs2: R.t1, imm: 0 })
      .label('parked')
      .op('wfi')
      .to('jal', 'parked')
      .label('runner')
      .li(R.a1, 1)
      .to('bne', 'parked', { rs1: R.a0, rs2: R.a1 })
      .li(R.a2, 2)
      .label('again')
      .op('fence.i')
      .op('jalr', { rd: 1, rs1: R.t0, imm: 0 })
      .op('sw', { rs1: R.t2, rs2: R.a3, imm: 0 })
      .to('bne', 'again', { rs1: R.a3, rs2: R.a2 });
    return finish(code).label('changed').op('addi', { rd: R.a3, rs1: 0, imm: 1 }).op('jalr', { rd: 0, rs1: 1, imm: 0 });
  };
  const replacement = new Code().op('addi', { rd: R.a3, rs1: 0, imm: 2 }).bytes();
  const word = new DataView(replacement.buffer).getUint32(0, true);
  const machine = start(build(ENTRY + build(ENTRY, word).offset('changed'), word), BARE);
  expect(machine.advance(1_000_000)).toBe(Stop.Ended);
});

test('an IPI does not latch the level of another wire', () => {
  const machine = start(new Code().li(R.a0, 2).li(R.a1, 0).sbi(IPI, 0).op('wfi'));
  machine.harts[1]!.setInterruptPending(Interrupt.SEIP, true);
  expect(machine.advance(1000)).toBe(Stop.Idle);
  expect(machine.harts[1]!.getCsr(MIP)).toBe(BigInt(SSIP | (1 << Interrupt.SEIP)));
  machine.harts[1]!.setInterruptPending(Interrupt.SEIP, false);
  expect(machine.harts[1]!.getCsr(MIP)).toBe(BigInt(SSIP));
});
