import { expect, test } from 'vitest';
import { defaultMac } from '../device/net/config.ts';
import { networkFromOptions } from '../device/net/options.ts';
import { Machine } from '../machine/machine.ts';
import { Program, R, testConfig } from '../machine/test-kernel.ts';
import { MemoryBackend } from '../storage/memory-backend.ts';
import { runMonitorCommand, type MonitorHost } from './monitor.ts';

function stopped(): MonitorHost {
  const program = new Program().li(R.a0, 0x8020_0000).spin();
  const blk = { kind: 'blk', backend: new MemoryBackend(new Uint8Array(4096), true), serial: 'abc' } as const;
  const machine = new Machine(testConfig(program, { devices: [blk] }));
  machine.powerOn();
  machine.advance(100);
  return { machine, isStopped: true, hart: 0, quit: () => {} };
}

test('x shows instructions and numbers at sums of registers and numbers', () => {
  const host = stopped();
  expect(runMonitorCommand(host, 'x/3i 0x80200000')).toBe(
    '0x0000000080200000:  80200537  lui\ta0,0x80200\n' +
      '0x0000000080200004:  0005051b  sext.w\ta0,a0\n' +
      '0x0000000080200008:  0000006f  j\t0x80200008\n',
  );
  expect(runMonitorCommand(host, 'x/1xw $pc - 8')).toBe('0000000080200000: 0x80200537\n');
  // a0 is sign-extended: modulo 2^64 this is RAM again.
  expect(runMonitorCommand(host, 'xp/1xh $a0 + 4294967296 + 4')).toBe('0000000080200004: 0x051b\n');
});

test.each([
  ['x', 'no address: not an address'],
  ['x/4q 0', '/4q: q is no format'],
  ['x $nobody', '$nobody: not an address'],
  ['x/2xg 0xfffffffffffffff8', 'Cannot access memory'],
  ['cpu 1', 'the machine has harts 0 to 0'],
  ['cpu', 'the machine has harts'],
  ['info nothing', "unknown command: 'info nothing'; type help"],
  ['info m', 'could be info mem, info mtree'],
  ['stop now', "takes nothing, 'now' is too much"],
])('%s is refused in a line', (line, what) => {
  const answer = runMonitorCommand(stopped(), line);
  expect(answer).toContain(what);
  expect(answer.split('\n')).toHaveLength(2);
});

test('words may be cut short where that leaves one meaning', () => {
  const host = stopped();
  expect(runMonitorCommand(host, 'i st')).toMatch(/^VM status: paused, 0\.000 s, \d+ instructions\n$/);
  expect(runMonitorCommand(host, 'c')).toBe('');
  expect(host.isStopped).toBe(false);
});

test('the board is shown by address, by device and by drive', () => {
  const host = stopped();
  const tree = runMonitorCommand(host, 'info mtree');
  expect(tree).toContain('  0000000080000000-0000000080ffffff (ram): ram\n');
  expect(tree).toContain('  000000000c000000-000000000c5fffff (i/o): plic\n');
  expect(runMonitorCommand(host, 'info qtree')).toMatch(
    /dev: virtio_mmio7\n {4}irq 8\n {4}mmio 0{8}10008000\/0{12}1000\n {4}dev: virtio-blk\n/,
  );
  expect(runMonitorCommand(host, 'info block')).toBe('drive 0: in memory, 4096 bytes, read-only, serial abc\n');
});

test('help has a line for each command', () => {
  const lines = runMonitorCommand(stopped(), 'help').trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(14);
  expect(lines).toContain('x/FMT ADDRESS            memory by virtual address, such as x/10i $pc or x/4xg $sp');
});

test('info network shows cards and forwards', () => {
  const host = stopped();
  expect(runMonitorCommand(host, 'info network')).toBe('no network cards\n');
  const network = networkFromOptions([
    ['hostfwd', 'tcp:127.0.0.1:8080-:80'],
    ['guestfwd', 'tcp:10.0.2.100:81-tcp:127.0.0.1:5555'],
  ]);
  const machine = new Machine(
    testConfig(new Program().spin(), { devices: [{ kind: 'net', mac: defaultMac(0), network, bus: 'pci' }] }),
  );
  expect(runMonitorCommand({ ...host, machine }, 'info network')).toBe(
    'model=virtio-net-pci,macaddr=52:54:00:12:34:56\n' +
      ' \\ type=user,net=10.0.2.0/24,host=10.0.2.2\n' +
      '   hostfwd=tcp:127.0.0.1:8080-10.0.2.15:80\n' +
      '   guestfwd=tcp:10.0.2.100:81-tcp:127.0.0.1:5555\n',
  );
});
