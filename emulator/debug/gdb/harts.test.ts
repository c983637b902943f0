/** The stub at a machine of four harts: threads, who runs and who stands, and what all of them see. */
import { expect, test } from 'vitest';
import { Code, R } from '../../../test/smp/assembler.ts';
import { Machine, Stop } from '../../machine/machine.ts';
import { elf, ENTRY, Program, testConfig } from '../../machine/test-kernel.ts';
import { runMonitorCommand, type MonitorHost } from '../monitor.ts';
import { frame, PacketReader, toBytes, toHex } from './packets.ts';
import { GdbStub } from './stub.ts';

const HARTS = 4;
const DATA = 0x8040_0000;
const HSM = 0x48_534d;
const HSM_START = 0;
/** A few turns of every hart. */
const LONG = 200_000;

/** Hart 3 stays behind a wfi, hart 2 counts in t2 and stores it, harts 0 and 1 count alone. */
function program(): Code {
  return new Code()
    .li(R.t0, DATA)
    .li(R.t1, 3)
    .to('beq', 'wait', { rs1: R.a0, rs2: R.t1 })
    .li(R.t1, 2)
    .to('beq', 'store', { rs1: R.a0, rs2: R.t1 })
    .label('count')
    .op('addi', { rd: R.t2, rs1: R.t2, imm: 1 })
    .to('jal', 'count')
    .label('store')
    .op('addi', { rd: R.t2, rs1: R.t2, imm: 1 })
    .op('sd', { rs1: R.t0, rs2: R.t2, imm: 0 })
    .to('jal', 'store')
    .label('wait')
    .op('wfi')
    .to('jal', 'wait');
}

/** Hart 0 starts hart 1 at `worker`, which counts; harts 2 and 3 stay stopped. */
function startsOne(): Code {
  const build = (worker: number): Code =>
    new Code()
      .li(R.a0, 1)
      .li(R.a1, worker)
      .li(R.a2, 0)
      .sbi(HSM, HSM_START)
      .li(R.t0, DATA)
      .label('idle')
      .to('jal', 'idle')
      .label('worker')
      .li(R.t0, DATA)
      .op('addi', { rd: R.t2, rs1: R.t2, imm: 1 })
      .op('sd', { rs1: R.t0, rs2: R.t2, imm: 0 })
      .label('end')
      .to('jal', 'end');
  return build(ENTRY + build(ENTRY).offset('worker'));
}

class Session {
  readonly machine: Machine;
  readonly host: MonitorHost;
  readonly stub: GdbStub;
  readonly answers: string[] = [];
  private readonly reader = new PacketReader({
    packet: payload => this.answers.push(payload),
    garbled: () => this.answers.push('garbled'),
    again: () => this.answers.push('again'),
    interrupt: () => {},
  });

  constructor(code: Code, isBare: boolean) {
    const kernel = { name: 'test.elf', bytes: elf(code.bytes()) };
    const bare = isBare ? ({ bios: 'none', startsAtEntry: true } as const) : {};
    this.machine = new Machine(testConfig(new Program(), { harts: HARTS, kernel, ...bare }));
    this.machine.powerOn();
    this.host = { machine: this.machine, isStopped: false, hart: 0, quit: () => this.machine.end(0) };
    this.stub = new GdbStub(
      this.host,
      bytes => this.reader.push(bytes),
      () => {},
    );
  }
  ask(payload: string): string | undefined {
    this.answers.length = 0;
    this.stub.receive(frame(payload));
    return this.answers.at(-1);
  }
  /** Goes on for a while, and what is said then. */
  run(payload: string, instructions = LONG): string | undefined {
    this.ask(payload);
    this.machine.resume();
    this.machine.advance(instructions);
    return this.answers.at(-1);
  }
  interrupt(): string | undefined {
    this.stub.receive(Uint8Array.of(3));
    return this.answers.at(-1);
  }
  get began(): number[] {
    return this.machine.harts.map(hart => hart.instret);
  }
  /** Which harts ran meanwhile. */
  ran(action: () => void): number[] {
    const before = this.began;
    action();
    return this.began.flatMap((count, hart) => (count === before[hart] ? [] : [hart]));
  }
}

const hex = (value: number): string => value.toString(16);
const at = (label: 'count' | 'store'): number => ENTRY + program().offset(label);

test('four threads, each with registers of its own; one that waits is halted', () => {
  const session = new Session(program(), true);
  session.run('c');
  session.interrupt();
  const listed = [session.ask('qfThreadInfo')];
  for (let i = 0; i < HARTS; i++) listed.push(session.ask('qsThreadInfo'));
  expect(listed).toEqual(['m01', 'm02', 'm03', 'm04', 'l']);
  expect([1, 2, 3, 4].map(thread => session.ask(`qThreadExtraInfo,${thread}`))).toEqual(
    ['CPU#0 [running]', 'CPU#1 [running]', 'CPU#2 [running]', 'CPU#3 [halted ]'].map(text => toHex(toBytes(text))),
  );
  const ids = [1, 2, 3, 4].map(thread => [session.ask(`Hg${thread}`), session.ask('pa')]);
  expect(ids).toEqual([0, 1, 2, 3].map(id => ['OK', `0${id}00000000000000`]));
  expect([session.ask('Hg2'), session.ask('P7=ff00000000000000'), session.machine.harts[1]!.getReg(7)]).toEqual([
    'OK',
    'OK',
    0xffn,
  ]);
});

test('break- and watchpoints stop with the hart that hit them, again and again', () => {
  const session = new Session(program(), true);
  session.ask(`Z0,${hex(at('store'))},4`);
  for (let i = 0; i < 3; i++) expect(session.run('c')).toBe('T05thread:03;');
  session.ask(`z0,${hex(at('store'))},4`);
  session.ask(`Z2,${hex(DATA)},8`);
  for (let i = 0; i < 3; i++) expect(session.run('c')).toBe(`T05thread:03;watch:${hex(DATA)};`);
  session.ask(`z2,${hex(DATA)},8`);
  session.ask(`Z0,${hex(at('count'))},4`);
  expect([2, 1, 2].map(thread => session.run(`vCont;c:${thread}`))).toEqual(
    [2, 1, 2].map(thread => `T05thread:0${thread};`),
  );
});

test('one hart is stepped while others stand; vCont;c of one lets that one alone go on, c all again', () => {
  const session = new Session(program(), true);
  session.run('c');
  session.interrupt();
  expect(session.ran(() => expect(session.ask('vCont;s:3;c')).toBe('T05thread:03;'))).toEqual([2]);
  expect(session.ran(() => session.run('vCont;c:2'))).toEqual([1]);
  expect(session.interrupt()).toBe('T02thread:03;');
  expect(session.ran(() => session.run('vCont;c'))).toEqual([0, 1, 2]);
  session.interrupt();
  expect(session.ran(() => session.run('vCont;c:4'))).toEqual([]);
  session.stub.close();
  expect(session.ran(() => session.machine.advance(LONG))).toEqual([0, 1, 2]);
});

test('stopped harts never run, stepped or not; one that HSM starts has the watchpoints', () => {
  const session = new Session(startsOne(), false);
  expect(session.ran(() => expect(session.ask('vCont;s:4')).toBe('T05thread:04;'))).toEqual([]);
  session.ask(`Z2,${hex(DATA)},8`);
  expect(session.run('c')).toBe(`T05thread:02;watch:${hex(DATA)};`);
  expect(session.ask('qThreadExtraInfo,3')).toBe(toHex(toBytes('CPU#2 [halted ]')));
  expect(session.ran(() => expect(session.run('c')).toBeUndefined())).toEqual([0, 1]);
});

test('code that gdb writes is what every hart runs', () => {
  const session = new Session(program(), true);
  session.run('c');
  session.interrupt();
  const nop = '13000000';
  expect(session.ask(`M${hex(at('count'))},4:${nop}`)).toBe('OK');
  const counts = (): bigint[] => [0, 1].map(hart => session.machine.harts[hart]!.getReg(R.t2));
  const before = counts();
  session.run('c');
  expect(counts()).toEqual(before);
});

test("the monitor's stop is a Ctrl-C for gdb; what it lets go on stops without a word", () => {
  const session = new Session(program(), true);
  session.run('c');
  runMonitorCommand(session.host, 'stop');
  expect(session.answers).toEqual(['T02thread:01;']);
  runMonitorCommand(session.host, 'cont');
  runMonitorCommand(session.host, 'stop');
  expect(session.answers).toHaveLength(1);
  session.machine.resume();
  expect(session.machine.advance(1)).toBe(Stop.Budget);
});
