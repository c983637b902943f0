import { expect, test } from 'vitest';
import { Program, R, testConfig } from '../machine/test-kernel.ts';
import { Vm } from './vm.ts';

const IDLE_MS = 1000;

/** Echoes the console for ever, by polling. */
function echo(): Program {
  return new Program()
    .print('ready\n')
    .li(R.t0, 0x1000_0000)
    .op('lbu', { rd: R.t1, rs1: R.t0, imm: 5 })
    .op('andi', { rd: R.t1, rs1: R.t1, imm: 1 })
    .op('beq', { rs1: R.t1, rs2: 0, imm: -8 })
    .op('lbu', { rd: R.t1, rs1: R.t0, imm: 0 })
    .op('sb', { rs1: R.t0, rs2: R.t1, imm: 0 })
    .loop(5);
}

test('waits for what the console prints, and for what comes after typing', async () => {
  const vm = Vm.powerOn(testConfig(echo()));
  await vm.waitForConsole(/ready\n/);
  vm.type('hello');
  expect((await vm.waitForConsole(/l+o/))[0]).toBe('llo');
  expect(vm.console).toBe('ready\nhello');
});

test('the machine stands still while nobody waits', async () => {
  const vm = Vm.powerOn(testConfig(echo()));
  await vm.waitForConsole(/ready\n/);
  const count = vm.instret;
  await new Promise(resolve => setTimeout(resolve, 30));
  expect(vm.instret).toBe(count);
});

test('a wait ends at its deadline in guest time, with the console’s tail', async () => {
  const vm = Vm.powerOn(testConfig(new Program().print('last words').op('wfi').spin()));
  await expect(vm.waitForConsole(/never/, IDLE_MS)).rejects.toThrow(/1000 ms of guest time[^]*last words/);
  expect(vm.machine.nowMs).toBeGreaterThanOrEqual(IDLE_MS);
});

test('a prompt that the guest then waits at is heard of before time jumps to a deadline', async () => {
  const vm = Vm.powerOn(testConfig(new Program().print('login: ').op('wfi').spin()));
  await vm.waitForConsole(/login: $/);
  expect(vm.machine.nowMs).toBeLessThan(IDLE_MS);
});

test('the end of the machine rejects every wait with the console’s tail', async () => {
  const vm = Vm.powerOn(testConfig(new Program().print('panic: oh').finish(0x00ff_3333)));
  const waits = [vm.waitForConsole(/never/), vm.waitForConsole(/nor this/)];
  expect(await vm.waitForExit()).toBe(255);
  for (const wait of waits) await expect(wait).rejects.toThrow(/status 255[^]*panic: oh/);
});

test('an exit that is awaited is no error', async () => {
  const vm = Vm.powerOn(testConfig(new Program().finish(0x0003_3333)));
  expect(await vm.waitForExit()).toBe(3);
  expect(await vm.waitForExit()).toBe(3);
});

test('restore brings back machine and console; a fork has its own', async () => {
  const vm = Vm.powerOn(testConfig(echo()));
  await vm.waitForConsole(/ready\n/);
  const moment = vm.snapshot();
  vm.type('a');
  await vm.waitForConsole(/a$/);
  const fork = vm.fork(moment);
  fork.type('b');
  await fork.waitForConsole(/\nb$/);
  vm.restore(moment);
  expect(vm.console).toBe('ready\n');
  vm.type('c');
  await vm.waitForConsole(/\nc$/);
  expect(fork.console).toBe('ready\nb');
});

test('time passes without anything to wait for', async () => {
  const vm = Vm.powerOn(testConfig(echo()));
  await vm.runFor(2);
  expect(vm.machine.nowMs).toBeGreaterThanOrEqual(2);
});
