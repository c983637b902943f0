/** The stub without gdb: the protocol packet by packet, and packets that no gdb sends. What gdb makes of it: test/debug. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Machine, Stop } from '../../machine/machine.ts';
import { emptyTwin, SnapshotKeeper } from '../../machine/snapshot/snapshot.ts';
import { ENTRY, Program, R, testConfig } from '../../machine/test-kernel.ts';
import type { MonitorHost } from '../monitor.ts';
import { frame, fromBytes, PacketReader, toBytes, toHex } from './packets.ts';
import { GdbStub } from './stub.ts';

const DATA = 0x8030_0000;

/** A gdb at a machine that counts in t2 and stores t2 at DATA, for ever. */
class Session {
  readonly machine: Machine;
  readonly host: MonitorHost;
  readonly stub: GdbStub;
  readonly answers: string[] = [];
  isDone = false;
  private readonly reader = new PacketReader({
    packet: payload => this.answers.push(payload),
    garbled: () => this.answers.push('garbled'),
    again: () => this.answers.push('again'),
    interrupt: () => {},
  });

  constructor(change: (machine: Machine) => Machine = machine => machine) {
    const program = new Program()
      .li(R.t0, DATA)
      .op('slli', { rd: R.t0, rs1: R.t0, imm: 32 })
      .op('srli', { rd: R.t0, rs1: R.t0, imm: 32 })
      .op('addi', { rd: R.t2, rs1: R.t2, imm: 1 })
      .op('sd', { rs1: R.t0, rs2: R.t2, imm: 0 })
      .loop(2);
    const machine = new Machine(testConfig(program));
    machine.powerOn();
    this.machine = change(machine);
    this.host = { machine: this.machine, isStopped: false, hart: 0, quit: () => this.machine.end(0) };
    this.stub = new GdbStub(
      this.host,
      bytes => this.reader.push(bytes),
      () => (this.isDone = true),
    );
  }

  /** What the packet is answered at once. */
  ask(payload: string): string | undefined {
    this.answers.length = 0;
    this.stub.receive(frame(payload));
    return this.answers.at(-1);
  }
  run(instructions = 1000): Stop {
    this.machine.resume();
    return this.machine.advance(instructions);
  }
}

const LOOP = BigInt(ENTRY + 16);
const hex = (value: number | bigint): string => value.toString(16);

test('a packet is acknowledged until both agree not to, a garbled one asked for again', () => {
  const sent: string[] = [];
  const { host } = new Session();
  const stub = new GdbStub(
    host,
    bytes => sent.push(fromBytes(bytes)),
    () => {},
  );
  stub.receive(toBytes('+$qC#b4'));
  stub.receive(toBytes('$qC#b5'));
  stub.receive(toBytes('-'));
  stub.receive(frame('QStartNoAckMode'));
  stub.receive(frame('qC'));
  expect(sent).toEqual(['+', '$QC01#f5', '-', '$QC01#f5', '+', '$OK#9a', '$QC01#f5']);
});

test('bytes of any value survive framing', () => {
  const all = fromBytes(Array.from({ length: 256 }, (_, i) => i));
  const got: string[] = [];
  const reader = new PacketReader({
    packet: p => got.push(p),
    garbled: () => {},
    again: () => {},
    interrupt: () => {},
  });
  for (const byte of frame(all)) reader.push(Uint8Array.of(byte));
  expect(got).toEqual([all]);
});

test('connecting stops the machine; letting go lets it run', () => {
  const session = new Session();
  expect(session.host.isStopped).toBe(true);
  expect(session.machine.advance(10)).toBe(Stop.Paused);
  session.ask(`Z0,${hex(LOOP)},4`);
  expect(session.ask('D;1')).toBe('OK');
  expect([session.isDone, session.host.isStopped]).toEqual([true, false]);
  expect(session.run()).toBe(Stop.Budget);
});

test('registers and memory are read and written', () => {
  const session = new Session();
  expect(session.ask('g')).toHaveLength(33 * 16);
  expect(session.ask('p20')).toBe('0000208000000000');
  expect([session.ask('P5=efcdab8967452301'), session.ask('p5')]).toEqual(['OK', 'efcdab8967452301']);
  expect([session.ask('P140=0100000000000000'), session.ask('pffff'), session.ask('P5=00')]).toEqual([
    'E14',
    'E14',
    'E22',
  ]);
  expect([session.ask(`M${hex(DATA)},2:abcd`), session.ask(`m${hex(DATA)},3`)]).toEqual(['OK', 'abcd00']);
  expect([session.ask(`X${hex(DATA)},3:$#}`), session.ask(`m${hex(DATA)},3`)]).toEqual(['OK', toHex(toBytes('$#}'))]);
  // The boot ROM can be read; devices cannot, for they might notice.
  expect([session.ask('m1028,4'), session.ask('m10000000,1'), session.ask('m0,1')]).toEqual(['4f534249', 'E14', 'E14']);
  expect([session.ask('Qqemu.PhyMemMode:1'), session.ask('qqemu.PhyMemMode'), session.ask(`m${hex(DATA)},1`)]).toEqual([
    'OK',
    '1',
    '24',
  ]);
});

test('the boot ROM can be read in a fork too', () => {
  const fork = new Session(machine => {
    const twin = emptyTwin(machine);
    new SnapshotKeeper(twin).restore(new SnapshotKeeper(machine).take());
    return twin;
  });
  expect(fork.ask('m1028,4')).toBe('4f534249');
});

test('a step, a breakpoint, a watchpoint, Ctrl-C', () => {
  const session = new Session();
  session.ask('qSupported:multiprocess+;swbreak+');
  expect(session.ask('vCont;s:p1.1;c')).toBe('T05thread:p01.01;');
  expect(session.machine.cpu.pc).toBe(BigInt(ENTRY + 4));
  session.ask(`Z0,${hex(LOOP)},4`);
  expect(session.ask('vCont;c')).toBeUndefined();
  expect(session.run()).toBe(Stop.Paused);
  expect([session.answers.at(-1), session.machine.cpu.pc]).toEqual(['T05thread:p01.01;swbreak:;', LOOP]);
  session.ask(`z0,${hex(LOOP)},4`);
  session.ask(`Z2,${hex(DATA)},8`);
  session.ask('c');
  session.run();
  expect([session.answers.at(-1), session.machine.cpu.pc]).toEqual([`T05thread:p01.01;watch:${hex(DATA)};`, LOOP + 4n]);
  session.ask(`z2,${hex(DATA)},8`);
  session.ask('c');
  expect(session.run()).toBe(Stop.Budget);
  session.stub.receive(Uint8Array.of(3));
  expect([session.answers.at(-1), session.host.isStopped]).toEqual(['T02thread:p01.01;', true]);
});

test('the end of the machine is the end of the program', () => {
  const session = new Session();
  session.stub.machineEnded(7);
  expect(session.answers).toEqual(['W07']);
});

test("the monitor's commands", () => {
  const session = new Session();
  session.ask(`qRcmd,${toHex(toBytes('info status'))}`);
  expect(session.answers).toHaveLength(2);
  expect(session.answers[0]).toMatch(/^O564d20737461747573/);
  expect(session.answers[1]).toBe('OK');
});

const starts = '!?cCsSDgGpPmMXHTZzqQv'.split('');
const words = [
  'vCont;',
  'vCont;s:',
  'qSupported:',
  'qXfer:features:read:',
  'qXfer:features:read:target.xml:',
  'qRcmd,',
];
const more = [
  'qThreadExtraInfo,',
  'Qqemu.sstep=',
  'Hg',
  'Hc',
  'Z0,',
  'Z2,80300000,',
  'm80200000,',
  'M80300000,2:',
  'P20=',
];

test('no packet brings it down, and it answers afterwards', () => {
  const anything = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }).map(fromBytes);
  const plausible = fc.array(fc.constantFrom(...'0123456789abcdef,:;=-.pXs'), { maxLength: 24 }).map(c => c.join(''));
  const packet = fc
    .tuple(fc.constantFrom(...starts, ...words, ...more), fc.oneof(anything, plausible))
    .map(parts => parts.join(''));
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 12 }), packets => {
      const session = new Session();
      for (const each of packets) {
        session.ask(each);
        if (!session.host.isStopped) session.run(50);
      }
      session.stub.receive(Uint8Array.of(3));
      // A detachment is the connection's end.
      const answer = session.isDone ? undefined : expect.stringMatching(/^QC/);
      expect(session.ask('qC')).toEqual(answer);
    }),
    { numRuns: 100 },
  );
});

test('no bytes bring it down', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const session = new Session();
      session.stub.receive(bytes);
      // The first may complete what the noise began.
      session.ask('?');
      session.stub.receive(frame('qC'));
      expect(session.answers.at(-1)).toBe('QC01');
    }),
    { numRuns: 100 },
  );
});

/** Packets that mean something, with numbers at the edges, and now and then a byte that is another one. */
function* mutations(random: () => number, count: number): Generator<string> {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const edges = [0n, 1n, 0x1000n, 0x1_0000n, BigInt(ENTRY), BigInt(DATA), 0x87ff_fffen, 0x8800_0000n, 1n << 31n];
  const ends = [...edges, 1n << 32n, (1n << 53n) + 1n, 1n << 63n, (1n << 64n) - 1n, -8n & ((1n << 64n) - 1n)];
  const number = (): string => (pick(ends) + BigInt(pick([0, 1, 7, 4095]))).toString(16);
  const size = (): string => pick(['0', '1', '4', '8', 'fff', '1000', '2000', '2001', 'ffffffff', 'ffffffffffffffff']);
  const digits = (): string =>
    Array.from({ length: pick([0, 1, 2, 8, 16, 17, 528]) }, () => pick([...'0123456789abcdef'])).join('');
  const thread = (): string => pick(['-1', '0', '1', '2', 'p1.1', 'p1.-1', 'p-1.-1', 'p2.1', 'p1.', 'ffffffff', '']);
  const kinds: readonly (() => string)[] = [
    () => `m${number()},${size()}`,
    () => `M${number()},${size()}:${digits()}`,
    () => `X${number()},${size()}:${digits()}`,
    () => `${pick(['Z', 'z'])}${pick([...'012345'])},${number()},${size()}`,
    () => `p${pick(['0', '20', '21', '40', '41', '42', '342', '1041', '1042', number()])}`,
    () => `P${pick(['0', '1f', '20', '21', '41', '342', '1c2', '3e2', number()])}=${digits()}`,
    () => `${pick(['c', 's', 'C05', 'S05'])}${pick(['', ';', `;${number()}`, number()])}`,
    () => `vCont;${pick(['c', 's', 'C05', 'S00', 't', 'r'])}:${thread()};${pick(['c', 's', ''])}`,
    () => `${pick(['H', 'Hg', 'Hc', 'T', 'qThreadExtraInfo,', 'vAttach;'])}${thread()}`,
    () => `qXfer:features:read:${pick(['target.xml', 'riscv-csr.xml', 'nothing'])}:${number()},${size()}`,
    () =>
      `qRcmd,${toHex(toBytes(pick(['info mem', 'x /64i 0', 'p $pc', 'info registers -a', `x /8x 0x${number()}`])))}`,
    () =>
      pick(['?', 'g', `G${digits()}`, '!', 'D', 'vAttach;1', 'qfThreadInfo', 'Qqemu.PhyMemMode:1', 'Qqemu.sstep=5']),
  ];
  for (let i = 0; i < count; i++) {
    const packet = pick(kinds)();
    const at = Math.floor(random() * packet.length);
    const byte = String.fromCharCode(Math.floor(random() * 256));
    const other = packet.slice(0, at) + byte + packet.slice(at + 1);
    // A kill or a reset is no mistake.
    yield random() < 0.1 && !/^[kR]/.test(other) ? other : packet;
  }
}

/** Numbers from 0 to 1, the same every time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    const a = Math.imul(state ^ (state >>> 15), state | 1);
    const b = a ^ (a + Math.imul(a ^ (a >>> 7), a | 61));
    return ((b ^ (b >>> 14)) >>> 0) / 2 ** 32;
  };
}

test.each([1, 2, 3])('2000 packets of seed %i at one machine: each is answered, and the next one too', seed => {
  const session = new Session();
  // A detachment that is no end of the connection.
  session.ask('!');
  for (const packet of mutations(seeded(seed), 2000)) {
    session.ask(packet);
    if (session.host.isStopped) {
      expect([packet, session.answers.length]).toEqual([packet, expect.toSatisfy(count => count > 0)]);
    } else {
      session.run(20);
      session.stub.receive(Uint8Array.of(3));
    }
    expect([packet, session.machine.exitCode]).toEqual([packet, undefined]);
    expect([packet, session.ask('qC')]).toEqual([packet, expect.stringMatching(/^QC/)]);
  }
  expect(session.ask('vAttach;1')).toMatch(/^T05/);
});
