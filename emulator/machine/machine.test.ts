import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { UserError } from '../base/user-error.ts';
import { CowLayer } from '../storage/cow-layer.ts';
import { MemoryBackend } from '../storage/memory-backend.ts';
import type { MachineConfig } from './config.ts';
import { Machine, Stop } from './machine.ts';
import { loadSnapshot } from './snapshot/load.ts';
import { saveSnapshot } from './snapshot/save.ts';
import { emptyTwin, SnapshotKeeper } from './snapshot/snapshot.ts';
import { ENTRY, Program, R, testConfig } from './test-kernel.ts';

const DATA = 0x8040_0000;
const SBI_TIME = 0x5449_4d45;
const SBI_SRST = 0x5352_5354;

function start(program: Program, changes: Partial<MachineConfig> = {}): { machine: Machine; printed: () => string } {
  const machine = new Machine(testConfig(program, changes));
  let text = '';
  machine.onConsole = bytes => (text += new TextDecoder().decode(bytes));
  machine.powerOn();
  return { machine, printed: () => text };
}

/** Of all RAM: comparing megabytes with toEqual takes minutes. */
function digest(machine: Machine): string {
  return createHash('sha256').update(machine.ram.u8).digest('hex');
}

/** t2 counts up and goes to DATA, for ever. */
function counter(): Program {
  return new Program()
    .li(R.t0, DATA >>> 1)
    .op('slli', { rd: R.t0, rs1: R.t0, imm: 1, uimm: 1 })
    .op('addi', { rd: R.t2, rs1: R.t2, imm: 1 })
    .op('sw', { rs1: R.t0, rs2: R.t2, imm: 0 })
    .loop(2);
}

test('a kernel prints and ends the machine with its code', () => {
  const { machine, printed } = start(new Program().print('hi\n').finish(0x0007_3333));
  expect(machine.advance(10_000)).toBe(Stop.Ended);
  expect([machine.exitCode, printed()]).toEqual([7, 'hi\n']);
});

test('the hart starts in S-mode with a0 = 0 and the device tree in a1', () => {
  const { machine } = start(new Program().spin());
  expect([machine.cpu.pc, machine.cpu.privilege, machine.cpu.getRegNumber(R.a0)]).toEqual([BigInt(ENTRY), 1, 0]);
  expect(machine.ram.read32(machine.cpu.getRegNumber(R.a1))).toBe(0xedfe_0dd0);
});

test('-bios none starts in M-mode at the start of RAM', () => {
  const { machine } = start(new Program().spin(), { bios: 'none' });
  expect([machine.cpu.pc, machine.cpu.privilege]).toEqual([0x8000_0000n, 3]);
});

test('under virtual time, wfi jumps to the timer', () => {
  const oneSecond = 10_000_000;
  const program = new Program()
    .li(R.a0, oneSecond)
    .li(R.a7, SBI_TIME)
    .li(R.a6, 0)
    .op('ecall')
    .li(R.t0, 1 << 5)
    .op('csrrs', { rd: 0, rs1: R.t0, uimm: 0x104, imm: 0x104 })
    .op('wfi')
    .finish(0x5555);
  const { machine } = start(program);
  expect(machine.advance(1000)).toBe(Stop.Ended);
  expect(machine.nowMs).toBeGreaterThanOrEqual(1000);
  expect(machine.nowMs).toBeLessThan(1001);
  expect(machine.cpu.instret).toBeLessThan(40);
});

test('a deadline of the SBI is the same as one in stimecmp: who moves that on has none left over', () => {
  const STIMECMP = 0x14d;
  const SIP = 0x144;
  const program = new Program()
    .li(R.a0, 0)
    .li(R.a7, SBI_TIME)
    .li(R.a6, 0)
    .op('ecall')
    .op('csrrs', { rd: R.a0, rs1: 0, uimm: SIP, imm: SIP })
    .op('addi', { rd: R.t0, rs1: 0, imm: -1 })
    .op('csrrw', { rd: 0, rs1: R.t0, uimm: STIMECMP, imm: STIMECMP })
    .op('csrrs', { rd: R.a1, rs1: 0, uimm: SIP, imm: SIP })
    .finish(0x5555);
  const { machine } = start(program);
  expect(machine.advance(1000)).toBe(Stop.Ended);
  expect([R.a0, R.a1].map(register => machine.cpu.getRegNumber(register))).toEqual([1 << 5, 0]);
});

test('a hart that nothing can wake is idle', () => {
  const { machine } = start(new Program().op('wfi').spin());
  expect(machine.advance(1000)).toBe(Stop.Idle);
  expect(machine.idleMs).toBe(Infinity);
});

test('SBI system reset: shutdown, and a reboot that starts over', () => {
  const srst = (type: number): Program =>
    new Program().print('x').li(R.a0, type).li(R.a1, 0).li(R.a7, SBI_SRST).li(R.a6, 0).op('ecall').spin();
  const off = start(srst(0));
  expect(off.machine.advance(1000)).toBe(Stop.Ended);
  expect(off.machine.exitCode).toBe(0);
  const again = start(srst(1), { isRebootRefused: false });
  again.machine.advance(100);
  expect(again.printed().length).toBeGreaterThan(3);
  expect(again.machine.nowMs).toBeGreaterThanOrEqual((100 * 8) / 1e6);
  const refused = start(srst(1));
  expect(refused.machine.advance(1000)).toBe(Stop.Ended);
});

test('pause stops after the instruction in progress; end wins over everything', () => {
  const { machine } = start(counter());
  machine.timers.timer(() => machine.pause()).set(10);
  expect(machine.advance(1_000_000)).toBe(Stop.Paused);
  expect(machine.timers.now()).toBe(10);
  machine.end(9);
  expect(machine.advance(1000)).toBe(Stop.Ended);
  machine.end(5);
  expect(machine.exitCode).toBe(9);
});

test('the same inputs make the same run, to the instruction', () => {
  const states = [1000, 333].map(slice => {
    const { machine } = start(counter());
    for (let left = 10_000; left > 0; left -= slice) machine.advance(Math.min(slice, left));
    return { state: machine.saveState(), count: machine.cpu.instret };
  });
  expect(states[0]).toEqual(states[1]);
});

test('rolling back restores hart, RAM and disk, as often as asked', () => {
  const disk = new CowLayer(new MemoryBackend(new Uint8Array(8192)));
  const { machine } = start(counter(), { devices: [{ kind: 'blk', backend: disk, serial: '' }] });
  const keeper = new SnapshotKeeper(machine);
  machine.advance(1000);
  const snapshot = keeper.take();
  const before = machine.cpu.getReg(R.t2);
  const future = (): unknown[] => {
    disk.write(0, Uint8Array.of(1));
    machine.advance(1000);
    return [machine.cpu.getReg(R.t2), machine.nowMs, digest(machine)];
  };
  const first = future();
  for (let i = 0; i < 2; i++) {
    keeper.restore(snapshot);
    const sector = new Uint8Array(1);
    disk.read(0, sector);
    expect([machine.cpu.getReg(R.t2), sector[0]]).toEqual([before, 0]);
    expect(future()).toEqual(first);
  }
});

test('an older moment than the last one can be gone back to', () => {
  const { machine } = start(counter());
  const keeper = new SnapshotKeeper(machine);
  machine.advance(100);
  const old = keeper.take();
  const count = machine.cpu.getReg(R.t2);
  machine.advance(100);
  keeper.take();
  machine.advance(100);
  keeper.restore(old);
  expect(machine.cpu.getReg(R.t2)).toBe(count);
});

test('a fork goes its own way', () => {
  const { machine } = start(counter());
  machine.advance(1000);
  const snapshot = new SnapshotKeeper(machine).take();
  const twin = emptyTwin(machine);
  new SnapshotKeeper(twin).restore(snapshot);
  machine.advance(500);
  expect(twin.cpu.instret).toBe(1000);
  twin.advance(500);
  expect(twin.saveState()).toEqual(machine.saveState());
  expect(digest(twin)).toBe(digest(machine));
});

test('the boot ROM is the same in a fork and in a loaded machine, which nobody has switched on', () => {
  const FW_DYNAMIC_INFO = 0x1028;
  const rom = ({ bus }: Machine): number[] =>
    Array.from({ length: 12 }, (_, i) => bus.read(FW_DYNAMIC_INFO + 4 * i, 4));
  const { machine } = start(new Program().spin());
  expect(rom(machine).slice(0, 2)).toEqual([0x4942_534f, 0]);
  const twin = emptyTwin(machine);
  new SnapshotKeeper(twin).restore(new SnapshotKeeper(machine).take());
  expect(rom(twin)).toEqual(rom(machine));
  const host = { openDrive: () => new MemoryBackend(new Uint8Array(512), true) };
  const loaded = loadSnapshot(saveSnapshot(twin), host).machine;
  expect(rom(loaded)).toEqual(rom(machine));
});

test.each([
  ['a kernel outside of RAM', { memoryMiB: 1 }],
  ['no kernel', { kernel: undefined as never }],
  ['an initrd that does not fit', { initrd: { name: 'i', bytes: new Uint8Array(12 << 20) } }],
  ['an empty kernel', { kernel: { name: 'k', bytes: new Uint8Array(0) } }],
])('%s is the user’s error', (_what, changes) => {
  expect(() => start(new Program().spin(), changes)).toThrow(UserError);
});

test("the clock's alarm reaches the interrupt controller", () => {
  const RTC = 0x10_1000;
  const PLIC_PENDING = 0xc00_1000;
  const { machine } = start(new Program().spin());
  const { bus } = machine;
  const low = bus.read(RTC, 4);
  bus.write(RTC + 0x0c, 4, bus.read(RTC + 4, 4), 0);
  bus.write(RTC + 0x08, 4, low + 1_000_000, 0);
  bus.write(RTC + 0x10, 4, 1, 0);
  const isPending = (): boolean => (bus.read(PLIC_PENDING, 4) & (1 << 11)) !== 0;
  machine.advance(100_000);
  expect(isPending()).toBe(false);
  machine.advance(100_000);
  expect(isPending()).toBe(true);
});

test('SSWI raises the supervisor software interrupt of the hart whose register is written, and lowers none', () => {
  const machine = new Machine(testConfig(new Program().spin(), { harts: 2, hasAclint: true }));
  machine.bus.write(0x2f0_0004, 4, 1, 0);
  machine.bus.write(0x2f0_0004, 4, 0, 0);
  machine.bus.write(0x2f0_0008, 4, 1, 0);
  expect(machine.harts.map(hart => hart.isSsip)).toEqual([false, true]);
  expect(machine.bus.read(0x2f0_0004, 4)).toBe(0);
  const without = new Machine(testConfig(new Program().spin()));
  without.bus.write(0x2f0_0000, 4, 1, 0);
  expect(without.bus.fault).toBe(true);
});
