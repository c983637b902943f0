/** The agent's channel on a Unix socket, with QEMU's own flags: what drives QEMU drives us. Needs images/out. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtImage } from '../../emulator/host/node/files.ts';
import { AgentClient } from '../../emulator/host/node/index.ts';
import { QEMU_LIKE } from './cli.ts';

const hasImages = existsSync(builtImage('rootfs.img')) && existsSync(builtImage('kernel.elf'));
const TRIES = 200;
const TRY_MS = 25;

/** Connects once the program listens. */
async function connected(path: string): Promise<Socket> {
  for (let i = 0; i < TRIES; i++) {
    const socket = await new Promise<Socket | undefined>(resolve => {
      const candidate = connect(path, () => resolve(candidate));
      candidate.once('error', () => resolve(undefined));
    });
    if (socket) return socket;
    await new Promise(resolve => setTimeout(resolve, TRY_MS));
  }
  throw new Error(`nobody listens at ${path}`);
}

test.skipIf(!hasImages)("QEMU's virtconsole and chardev flags give the agent's channel", async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'strata-chardev-')), 'agent');
  const child = spawn(
    process.execPath,
    [
      ...[QEMU_LIKE, '-M', 'virt', '-m', '128M', '-nographic', '-bios', 'default', '-kernel', builtImage('kernel.elf')],
      ...['-drive', `file=${builtImage('rootfs.img')},format=raw,if=none,id=d0,readonly=on`],
      ...['-device', 'virtio-blk-device,drive=d0', '-chardev', `socket,id=agent,path=${path},server=on,wait=off`],
      ...['-device', 'virtio-serial-device,max_ports=1', '-device', 'virtconsole,chardev=agent', '-timeout', '60s'],
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const ended = new Promise<number | null>(resolve => child.on('exit', resolve));
  const socket = await connected(path);
  const client = new AgentClient(bytes => socket.write(bytes));
  const ready = new Promise<void>(resolve => (client.onReady = resolve));
  socket.on('data', (bytes: Buffer) => client.receive(bytes));
  // The agent may have spoken before anybody listened.
  const ask = setInterval(() => client.hello(), 500);
  await ready;
  clearInterval(ask);
  let stdout = '';
  const status = await new Promise<number>(resolve => {
    client.exec(
      { argv: ['sh', '-c', 'echo over the socket; exit 4'] },
      {
        onStdout: bytes => (stdout += new TextDecoder().decode(bytes)),
        onStderr: () => {},
        onExit: resolve,
        onLost: () => resolve(-1),
      },
    );
  });
  expect([status, stdout]).toEqual([4, 'over the socket\n']);
  child.kill('SIGTERM');
  expect(await ended).toBe(143);
  socket.destroy();
});
