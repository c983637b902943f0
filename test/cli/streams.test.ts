/** The serial console and the monitor at sockets and files, with QEMU's words for them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Program } from '../../emulator/machine/test-kernel.ts';
import { echoKernel, kernel, QEMU_LIKE, runCli } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'strata-streams-'));
const TRIES = 400;
const TRY_MS = 25;

/** Runs the program until `use` is done with it; its exit status. */
async function running(args: readonly string[], use: (child: ChildProcess) => Promise<void>): Promise<number | null> {
  const child = spawn(process.execPath, [QEMU_LIKE, '-timeout', '30s', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>(resolve => child.on('close', resolve));
  await use(child);
  return ended;
}

async function client(to: { path: string } | { port: number }): Promise<Socket> {
  for (let i = 0; i < TRIES; i++) {
    const socket = await new Promise<Socket | undefined>(resolve => {
      const candidate = connect({ ...to, host: '127.0.0.1' }, () => resolve(candidate));
      candidate.once('error', () => resolve(undefined));
    });
    if (socket) return socket;
    await new Promise(resolve => setTimeout(resolve, TRY_MS));
  }
  throw new Error('nobody listens');
}

/** Resolves when the socket has given all of `text`. */
function heard(from: NodeJS.ReadableStream, text: string): Promise<string> {
  return new Promise((resolve, fail) => {
    let all = '';
    from.on('data', (bytes: Buffer) => {
      all += bytes.toString('latin1');
      if (all.includes(text)) resolve(all);
    });
    from.on('close', () => fail(new Error(`ended after ${JSON.stringify(all)}`)));
  });
}

test('-serial unix:…,server: the machine waits for its client, who reads and types', async () => {
  const path = join(folder, 'serial');
  const status = await running(['-kernel', echoKernel(), '-serial', `unix:${path},server=on`], async () => {
    const socket = await client({ path });
    await heard(socket, 'ready\n');
    const echoed = heard(socket, 'hello');
    socket.write('hello');
    await echoed;
    socket.write('\x04');
  });
  expect(status).toBe(3);
});

test('-serial telnet::0 says where it is, speaks telnet, and takes its commands out', async () => {
  const status = await running(['-kernel', echoKernel(), '-serial', 'telnet::0,server=on,wait=off'], async child => {
    const said = await heard(child.stderr!, '127.0.0.1:');
    const socket = await client({ port: Number(/127\.0\.0\.1:(\d+)/.exec(said)![1]) });
    const echoed = heard(socket, 'ab');
    socket.write(Buffer.from([0x61, 255, 253, 1, 0x62]));
    expect((await echoed).startsWith('\xff\xfb\x01\xff\xfb\x03')).toBe(true);
    socket.write('\x04');
  });
  expect(status).toBe(3);
});

test('-monitor unix: has the prompt that programs wait for; quit ends the machine', async () => {
  const path = join(folder, 'monitor');
  const args = ['-kernel', kernel('spin', new Program().spin()), '-display', 'none', '-serial', 'null'];
  const status = await running([...args, '-monitor', `unix:${path},server,nowait`], async () => {
    const socket = await client({ path });
    await heard(socket, '(qemu) ');
    const answer = heard(socket, 'VM status: running');
    socket.write('info status\n');
    await answer;
    socket.write('quit\n');
  });
  expect(status).toBe(0);
});

test("FreeRTOS's way to name the terminal: a chardev that serial port and monitor share", async () => {
  const { status, stdout } = await runCli([
    ...['-nographic', '-net', 'none', '-chardev', 'stdio,id=con,mux=on', '-serial', 'chardev:con'],
    ...['-mon', 'chardev=con,mode=readline', '-kernel', kernel('hi', new Program().print('hi\n').finish(0x5555))],
  ]);
  expect([status, stdout]).toEqual([0, 'hi\n']);
});

test('-serial chardev:X of a file', async () => {
  const path = join(folder, 'log');
  const hi = kernel('hi2', new Program().print('hi\n').finish(0x5555));
  const { stdout } = await runCli(['-kernel', hi, '-serial', 'chardev:f', '-chardev', `file,id=f,path=${path}`]);
  expect([stdout, readFileSync(path, 'utf8')]).toEqual(['', 'hi\n']);
});

test('a port that cannot be had is the user’s error', async () => {
  const spin = kernel('spin2', new Program().spin());
  const { status, stderr } = await runCli(['-kernel', spin, '-serial', 'tcp:192.0.2.1:1,server=on,wait=off']);
  expect(status).toBe(125);
  expect(stderr).toMatch(/^qemu-like: -serial: 192\.0\.2\.1:1: .*\n +give a name or port that is free\n$/);
});
