/** Exit statuses and streams of the command line. Needs dist/ (npm run build). */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { elf, Program, R } from '../../emulator/machine/test-kernel.ts';
import { echoKernel, file, kernel, runCli } from './cli.ts';

const hello = kernel('hello', new Program().print('hello\n').finish(0x0007_3333));

test("the guest's status and console, and nothing else on stdout", async () => {
  expect(await runCli(['-kernel', hello])).toEqual({ status: 7, stdout: 'hello\n', stderr: '' });
});

test('the test finisher and a panic', async () => {
  const pass = kernel('pass', new Program().finish(0x5555));
  const panic = kernel('panic', new Program().finish(0x00ff_3333));
  expect((await runCli(['-kernel', pass])).status).toBe(0);
  expect((await runCli(['-kernel', panic])).status).toBe(255);
});

test('what is piped in is typed, and its end is Ctrl-D', async () => {
  expect(await runCli(['-kernel', echoKernel()], { stdin: 'abc\n' })).toEqual({
    status: 3,
    stdout: 'ready\nabc\n',
    stderr: '',
  });
});

test('no input at all ends as an empty one', async () => {
  expect((await runCli(['-kernel', echoKernel()])).status).toBe(3);
});

test('-timeout ends with 124, in guest time', async () => {
  const spin = kernel('spin', new Program().spin());
  const { status, stderr } = await runCli(['-kernel', spin, '-icount', '3', '-timeout', '50ms']);
  expect(status).toBe(124);
  expect(stderr).toContain('timeout');
});

test('a waiting guest is timed out too', async () => {
  const wait = kernel('wait', new Program().op('wfi').spin());
  expect((await runCli(['-kernel', wait, '-timeout', '100ms'])).status).toBe(124);
});

test('SIGINT without a terminal ends with 130', async () => {
  const spin = kernel('chatter', new Program().print('up').spin());
  const { status } = await runCli(['-kernel', spin], { stdin: '', signalAfter: { text: 'up', signal: 'SIGINT' } });
  expect(status).toBe(130);
});

test('under -icount two runs are the same', async () => {
  const reports = [1, 2].map(n => file(`report${n}.json`, new Uint8Array(0)));
  for (const report of reports) await runCli(['-kernel', hello, '-icount', 'auto', '-report', report]);
  const [first, second] = reports.map(report => JSON.parse(readFileSync(report, 'utf8')) as Record<string, unknown>);
  expect(first).toMatchObject({ status: 7, reason: 'guest' });
  expect([first!['instructions'], first!['guestMs']]).toEqual([second!['instructions'], second!['guestMs']]);
});

test('-serial file keeps the console out of stdout', async () => {
  const log = file('serial.log', new Uint8Array(0));
  expect(await runCli(['-kernel', hello, '-serial', `file:${log}`])).toEqual({ status: 7, stdout: '', stderr: '' });
  expect(readFileSync(log, 'utf8')).toBe('hello\n');
});

test('-d guest_errors goes to its file', async () => {
  const log = file('trace.log', new Uint8Array(0));
  const wild = new Program().li(5, 0x1800_0000).op('sw', { rs1: 5, rs2: 0, imm: 0 }).spin();
  await runCli([
    '-kernel',
    kernel('wild', wild),
    '-d',
    'guest_errors,int',
    '-D',
    log,
    '-icount',
    '3',
    '-timeout',
    '10ms',
  ]);
  expect(readFileSync(log, 'utf8')).toContain('4-byte access to 0x18000000: nothing there');
  expect(readFileSync(log, 'utf8')).toContain('exception 7');
});

test('-d exec and page tell what runs and how addresses are translated', async () => {
  const log = file('exec.log', new Uint8Array(0));
  const hello = kernel('exec', new Program().li(R.a0, 1).finish(0x5555));
  const { status } = await runCli(['-kernel', hello, '-smp', '2', '-icount', '3', '-d', 'exec,page', '-D', log]);
  expect(status).toBe(0);
  expect(readFileSync(log, 'utf8').split('\n').slice(0, 3)).toEqual([
    'hart 0: 0x80200000: lui\ta0,0x0',
    'hart 0: 0x80200004: addiw\ta0,a0,1',
    'hart 0: 0x80200008: lui\tt0,0x100',
  ]);
  const system = await runCli(['-icount', '3', '-d', 'page', '-D', log, '-timeout', '20ms']);
  expect(system.status).toBe(124);
  expect(readFileSync(log, 'utf8')).toMatch(
    /^page: execute 0xffffffff802[0-9a-f]{5} -> 0x802[0-9a-f]{5} in a page of 1048576 KiB$/m,
  );
});

test('-profile writes what Chrome DevTools reads', async () => {
  const profile = file('out.cpuprofile', new Uint8Array(0));
  const spin = kernel('spin', new Program().spin());
  await runCli(['-kernel', spin, '-icount', '3', '-timeout', '50ms', '-profile', profile]);
  const { samples, nodes } = JSON.parse(readFileSync(profile, 'utf8')) as { samples: number[]; nodes: object[] };
  expect(samples.length).toBeGreaterThan(490);
  expect(nodes).toHaveLength(3); // root, supervisor, the one address
});

describe('what cannot start: two lines and 125', () => {
  const truncated = file('truncated.elf', elf(new Program().spin().bytes()).subarray(0, 100));
  const odd = file('odd.img', new Uint8Array(1000));
  const drive = (path: string): string[] => [
    '-kernel',
    hello,
    '-drive',
    `file=${path},format=raw,if=none,id=x`,
    '-device',
    'virtio-blk-device,drive=x',
  ];
  test.each([
    ['an unknown flag', ['--frobnicate']],
    ['a missing kernel', ['-kernel', '/no/such/kernel']],
    ['a truncated ELF', ['-kernel', truncated]],
    ['an image whose size is no multiple of 512', drive(odd)],
    ['a missing image', drive('/no/such.img')],
    ['a drive nobody uses', ['-kernel', hello, '-drive', `file=${hello},id=y`]],
    ['a device without its drive', ['-kernel', hello, '-device', 'virtio-blk-device,drive=z']],
    ['a profile that cannot be written', ['-kernel', hello, '-profile', '/no/such/x.cpuprofile']],
    [
      'symbols that are not there',
      ['-kernel', hello, '-profile', file('p', new Uint8Array(0)), '-symbols', '/no/such'],
    ],
    ['too little memory', ['-kernel', hello, '-m', '1M']],
  ])('%s', async (_what, args) => {
    const { status, stdout, stderr } = await runCli(args);
    expect([status, stdout]).toEqual([125, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  test('an image that another machine writes to', async () => {
    const image = file('locked.img', new Uint8Array(512));
    writeFileSync(`${image}.lock`, `${process.pid}`);
    const refused = await runCli(drive(image));
    expect([refused.status, refused.stderr]).toEqual([125, expect.stringContaining('in use')]);
    rmSync(`${image}.lock`);
    expect((await runCli(drive(image))).status).toBe(7);
    expect(existsSync(`${image}.lock`)).toBe(false);
  });

  test('a lock whose owner is gone is void', async () => {
    const image = file('stale.img', new Uint8Array(512));
    writeFileSync(`${image}.lock`, '999999999');
    expect((await runCli(drive(image))).status).toBe(7);
  });
});

test('--help and --version go to stdout', async () => {
  expect(await runCli(['--help'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('-kernel FILE'),
    stderr: '',
  });
  expect((await runCli(['--version'])).stdout).toMatch(/^strata \d+\.\d+\.\d+\n$/);
});

test('a command needs a guest with an agent', async () => {
  const { status, stderr } = await runCli(['-kernel', hello, '--', 'true']);
  expect(status).toBe(7);
  expect(stderr).toContain('hello');
});
