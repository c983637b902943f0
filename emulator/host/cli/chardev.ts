/** The host end of a virtio-console that the command line asked for: nowhere, a file, or a Unix socket. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { Machine } from '../../machine/machine.ts';
import type { ChardevFlag } from './options.ts';

/** Connects it; the returned function closes it. */
export function connectChardev(machine: Machine, { kind, props }: ChardevFlag): () => void {
  const console = machine.virtioConsole;
  const path = props.get('path');
  if (!console || path === undefined) return () => {};
  if (kind === 'file') {
    const fd = openSync(path, 'w');
    console.onData = bytes => writeSync(fd, bytes);
    return () => closeSync(fd);
  }
  const clients = new Set<Socket>();
  rmSync(path, { force: true });
  const server = createServer(client => {
    clients.add(client);
    client.on('data', bytes => machine.sendToAgent(bytes));
    client.on('close', () => clients.delete(client));
    client.on('error', () => client.destroy());
  });
  server.listen(path);
  console.onData = bytes => clients.forEach(client => client.write(bytes));
  return () => {
    server.close();
    clients.forEach(client => client.destroy());
  };
}
