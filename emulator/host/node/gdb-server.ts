/** Where gdb connects: a TCP port (of the loopback unless an address is given) or a Unix socket; one gdb at a time. */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { UserError } from '../../base/user-error.ts';
import { GdbStub } from '../../debug/gdb/stub.ts';
import type { MonitorHost } from '../../debug/monitor.ts';

/** What `-gdb` names. */
export type GdbAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface GdbServer {
  /** The machine has ended, with this status. */
  close(status: number): void;
}

/** Listens. An address that cannot be had is heard of later, by `onError`. */
export function serveGdb(
  host: MonitorHost,
  address: GdbAddress,
  say: (text: string) => void,
  onError: (error: UserError) => void,
): GdbServer {
  let current: { stub: GdbStub; socket: Socket } | undefined;
  const server = createServer({ noDelay: true }, socket => {
    socket.on('error', () => socket.destroy());
    if (current) {
      socket.destroy();
      return;
    }
    const stub = new GdbStub(
      host,
      bytes => socket.write(bytes),
      () => {
        current = undefined;
        socket.end();
      },
    );
    current = { stub, socket };
    socket.on('data', (bytes: Buffer) => stub.receive(bytes));
    socket.on('close', () => stub.close());
  });
  server.on('error', error => onError(cannotListen(address, error)));
  if (address.kind === 'unix') {
    rmSync(address.path, { force: true });
    server.listen(address.path, () => say(`gdb: target remote ${address.path}`));
  } else {
    server.listen(address.port, address.host, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound ? bound.port : address.port;
      say(`gdb: target remote ${address.host === '127.0.0.1' ? '' : address.host}:${port}`);
    });
  }
  return {
    close: status => {
      current?.stub.machineEnded(status);
      current?.socket.destroySoon();
      server.close();
    },
  };
}

function cannotListen(address: GdbAddress, error: Error): UserError {
  const { code } = error as NodeJS.ErrnoException;
  const what = address.kind === 'unix' ? `unix:${address.path}` : `tcp:${address.host}:${address.port}`;
  return new UserError(
    `-gdb ${what}: ${code === 'EADDRINUSE' ? 'the port is in use' : error.message}`,
    'choose another one, or tcp::0 for a port that is free',
  );
}
