/** `-- CMD`: the guest's shell as a program of the host. Needs images/out. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { builtImage } from '../../emulator/host/node/files.ts';
import { file, runCli, type CliResult } from './cli.ts';

const hasImages = existsSync(builtImage('rootfs.img')) && existsSync(builtImage('kernel.elf'));

describe.skipIf(!hasImages)('a command behind --', () => {
  test('its output and its status, and nothing else', async () => {
    expect(await runCli(['--', 'echo hi; echo no >&2; exit 7'])).toEqual({ status: 7, stdout: 'hi\n', stderr: 'no\n' });
  });

  test('arguments are joined by spaces, as ssh does', async () => {
    expect((await runCli(['--', 'echo', 'a  b', '|', 'tr', 'a-z', 'A-Z'])).stdout).toBe('A B\n');
  });

  test('standard input is its input', async () => {
    const stdin = 'line\n'.repeat(50_000);
    expect(await runCli(['--', 'wc -l'], { stdin })).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\s*50000\n$/),
    });
  });

  test('binary output is not changed', async () => {
    const { stdout } = await runCli(['--', String.raw`printf '\000\001\r\n\t'`]);
    expect(stdout).toBe('\0\x01\r\n\t');
  });

  test('a signal is 128 and its number', async () => {
    expect((await runCli(['--', 'kill -TERM $$'])).status).toBe(143);
  });

  test('a command that switches the machine off ends with 0 and says so', async () => {
    const { status, stderr } = await runCli(['--', 'poweroff; sleep 100']);
    expect(status).toBe(0);
    expect(stderr).toContain('before the command did');
  });

  test('a drive keeps what is written, unless -snapshot or readonly=on', async () => {
    const image = file('disk.img', new Uint8Array(4096));
    const run = (flags: string, ...more: string[]): Promise<CliResult> => {
      const drive = ['-drive', `file=${image},format=raw,if=none,id=d${flags}`, '-device', 'virtio-blk-device,drive=d'];
      return runCli([...drive, ...more, '--', 'printf kept | dd of=/dev/vdb 2>&1']);
    };
    const start = (): string => readFileSync(image, 'latin1').slice(0, 4);
    expect((await run('', '-snapshot')).status).toBe(0);
    expect(start()).toBe('\0\0\0\0');
    expect((await run(',readonly=on')).status).not.toBe(0);
    expect(start()).toBe('\0\0\0\0');
    expect((await run('')).status).toBe(0);
    expect(start()).toBe('kept');
  });

  test('virtio-mmio version 2 serves as well', async () => {
    const args = ['-global', 'virtio-mmio.force-legacy=false', '--', 'cat /proc/mounts | head -n 1'];
    expect((await runCli(args)).status).toBe(0);
  });
});

describe.skipIf(!hasImages)('input to the console through a pipe', () => {
  test("the console shell's exit status is the machine's, a signal's 128 and more", async () => {
    expect((await runCli([], { stdin: 'exit 3\n' })).status).toBe(3);
    expect((await runCli([], { stdin: 'kill -9 $$\n' })).status).toBe(137);
    expect((await runCli([], { stdin: 'false; poweroff\n' })).status).toBe(0);
  });

  test('is typed, and its end ends the shell and the machine', async () => {
    const { status, stdout } = await runCli([], { stdin: 'echo $((6*7))\ncat\n' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/\n42\s[^]*Power down/);
  });

  test('may come late, when the guest has long been waiting', async () => {
    const { status, stdout } = await runCli([], { stdin: 'echo $((6*7))\n', stdinAfter: '# ' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/\n42\s[^]*Power down/);
  });
});
