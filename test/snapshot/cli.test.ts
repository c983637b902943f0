/** savevm, loadvm and -loadvm as a user has them; and files that are no snapshots, kernels or disks: exit 125, two lines. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { builtImage } from '../../emulator/host/node/files.ts';
import { boot } from '../../emulator/host/node/index.ts';
import { echoKernel, file, runCli } from '../cli/cli.ts';
import { openTerminal, pty } from '../cli/terminal.ts';

const hasImages = existsSync(builtImage('rootfs.img')) && existsSync(builtImage('kernel.elf'));

describe.skipIf(!hasImages)('snapshots on the command line', () => {
  const saved = file('moment.snapshot', new Uint8Array(0));

  beforeAll(async () => {
    const vm = await boot({ drives: [{ image: builtImage('rootfs.img'), isReadOnly: true }] });
    await vm.sh('echo kept > /tmp/kept');
    writeFileSync(saved, vm.save());
  });

  test('-loadvm goes on with a command', async () => {
    expect(await runCli(['-loadvm', saved, '--', 'cat /tmp/kept; exit 9'])).toEqual({
      status: 9,
      stdout: 'kept\n',
      stderr: '',
    });
  });

  test('-loadvm takes no flag that says what the machine is, and the drive that it had', async () => {
    expect(await runCli(['-loadvm', saved, '-m', '256'])).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('-m beside -loadvm'),
    });
    expect(await runCli(['-loadvm', saved, '-M', 'virt,aclint=on'])).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('aclint=on beside -loadvm'),
    });
    expect(await runCli(['-loadvm', saved, '-display', 'none', '-monitor', 'none', '--', 'true'])).toMatchObject({
      status: 0,
    });
    const other = file('other.img', new Uint8Array(1024));
    const wrong = await runCli(['-loadvm', saved, '-drive', `file=${other},format=raw`]);
    expect(wrong).toMatchObject({ status: 125, stderr: expect.stringContaining('section drive 0') });
    const same = file('same.img', readFileSync(builtImage('rootfs.img')));
    expect(await runCli(['-loadvm', saved, '-drive', `file=${same}`, '--', 'cat /tmp/kept'])).toMatchObject({
      status: 0,
      stdout: 'kept\n',
    });
  });

  test('-loadvm listens again at the ports of hostfwd', async () => {
    const vm = await boot({
      drives: [{ image: builtImage('rootfs.img'), isReadOnly: true }],
      net: { hostfwd: ['tcp::0-:80', 'udp::0-:53'] },
    });
    const path = file('forwards.snapshot', vm.save());
    vm.machine.end(0);
    const { status, stdout, stderr } = await runCli(['-loadvm', path, '--', 'echo loaded']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'loaded\n' });
    expect(stderr).toMatch(
      /^qemu-like: hostfwd tcp:127\.0\.0\.1:[1-9]\d* leads to 10\.0\.2\.15:80\nqemu-like: hostfwd udp:127\.0\.0\.1:[1-9]\d* leads to 10\.0\.2\.15:53\n$/,
    );
  });

  test.skipIf(!pty)('savevm and loadvm in the monitor', async () => {
    const terminal = openTerminal(['-icount', '3']);
    const path = join(saved, '..', 'monitor.snapshot');
    await terminal.waitFor(/root# /);
    terminal.type('echo first > /tmp/x; echo do""ne\r');
    await terminal.waitFor(/\ndone[^]*root# /);
    terminal.type(`\x01csavevm ${path}\r`);
    await terminal.waitFor(/MiB/);
    terminal.type('\x01c');
    terminal.type('echo second > /tmp/x; echo writ""ten\r');
    await terminal.waitFor(/\nwritten[^]*root# /);
    terminal.type(`\x01cloadvm ${path}\r`);
    terminal.type('loadvm nosuch\r');
    await terminal.waitFor(/Error: snapshot nosuch.snapshot: no such file/);
    terminal.type('\x01c');
    terminal.type('cat /tmp/x; exit\r');
    await terminal.waitFor(/\nfirst\b/);
    await terminal.waitFor(/status 0\r\n/);
    await terminal.ended;
    expect(await runCli(['-loadvm', path, '--', 'cat /tmp/x'])).toMatchObject({ status: 0, stdout: 'first\n' });
  });

  test('a damaged one is refused by the name of its section', async () => {
    const bytes = readFileSync(saved);
    bytes[bytes.length - 100_000]! ^= 1;
    const { status, stderr } = await runCli(['-loadvm', file('damaged.snapshot', bytes)]);
    expect(status).toBe(125);
    expect(stderr).toMatch(/^qemu-like: snapshot: section memory \d+: damaged: its checksum is wrong\n +\S.*\n$/);
  });
});

const junk = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7) & 0xff);
const brokenElf = readFileSync(echoKernel()).subarray(0, 100);
const brokenQcow2 = Uint8Array.of(0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 9, ...new Uint8Array(504));

test.each([
  ['a snapshot', ['-loadvm', file('junk.snapshot', junk)]],
  ['an empty snapshot', ['-loadvm', file('empty.snapshot', new Uint8Array(0))]],
  ['a cut ELF file', ['-kernel', file('cut.elf', brokenElf)]],
  ['an empty kernel', ['-kernel', file('empty.elf', new Uint8Array(0))]],
  ['a cut firmware', ['-kernel', echoKernel(), '-bios', file('cut-bios.elf', brokenElf)]],
  ['an initrd too large', ['-m', '1', '-kernel', echoKernel(), '-initrd', file('big', new Uint8Array(2 << 20))]],
  [
    'a broken qcow2',
    ['-kernel', echoKernel(), '-drive', `file=${file('broken.qcow2', brokenQcow2)},if=virtio,readonly=on`],
  ],
  [
    'a raw image as qcow2',
    ['-kernel', echoKernel(), '-drive', `file=${file('raw.img', junk)},format=qcow2,if=virtio,readonly=on`],
  ],
  ['an empty disk', ['-kernel', echoKernel(), '-drive', `file=${file('none.img', new Uint8Array(0))},if=virtio`]],
])('%s that is none: two lines, exit 125', async (_what, args) => {
  const { status, stdout, stderr } = await runCli(args);
  expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
  expect(stderr).toMatch(/^qemu-like: \S.*\n +\S.*\n$/);
});
