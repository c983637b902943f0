/** The host end of a virtio-console that the command line asked for: nowhere, a file, or a Unix socket. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { UserError } from '../../base/user-error.ts';
import type { Machine } from '../../machine/machine.ts';
import type { ChardevFlag } from './flags/options.ts';

/** Connects it; the returned function closes it. A socket that cannot be listened at is heard of later, by `onError`. */
export function connectChardev(
  machine: Machine,
  { kind, id, props }: ChardevFlag,
  onError: (error: UserError) => void,
): () => void {
  const console = machine.virtioConsole;
  const path = props.get('path');
  if (!console || path === undefined) return () => {};
  const failure = (error: unknown): UserError =>
    new UserError(
      `chardev ${id}: ${path}: ${error instanceof Error ? error.message : String(error)}`,
      'give path= a name that can be made',
    );
  if (kind === 'file') {
    let fd: number;
    try {
      fd = openSync(path, 'w');
    } catch (error) {
      throw failure(error);
    }
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
  server.on('error', error => onError(failure(error)));
  server.listen(path);
  console.onData = bytes => clients.forEach(client => client.write(bytes));
  return () => {
    server.close();
    clients.forEach(client => client.destroy());
  };
}
