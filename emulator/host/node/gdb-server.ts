/**
 * Where gdb connects: a TCP port (of the loopback unless an address is given) or a Unix socket; one gdb at a time. Who comes
 * while one is there is refused, but not before the one that is leaving has had time to.
 */
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

/** What the end of a connection may take to arrive here. */
const LEAVING_MS = 500;

/** Listens. An address that cannot be had is heard of later, by `onError`. */
export function serveGdb(
  host: MonitorHost,
  address: GdbAddress,
  say: (text: string) => void,
  onError: (error: UserError) => void,
): GdbServer {
  let current: { stub: GdbStub; socket: Socket } | undefined;
  const waiting = new Set<Socket>();
  const serve = (socket: Socket): void => {
    const stub = new GdbStub(
      host,
      bytes => socket.write(bytes),
      () => {
        current = undefined;
        socket.end();
        const [next] = waiting;
        if (next) serve(next);
      },
    );
    current = { stub, socket };
    waiting.delete(socket);
    socket.on('data', (bytes: Buffer) => stub.receive(bytes));
    socket.on('close', () => stub.close());
  };
  const server = createServer({ noDelay: true }, socket => {
    socket.on('error', () => socket.destroy());
    if (!current) return serve(socket);
    waiting.add(socket);
    setTimeout(() => {
      if (waiting.has(socket)) socket.destroy();
    }, LEAVING_MS);
    socket.on('close', () => waiting.delete(socket));
  });
  server.on('error', error => onError(cannotListen(address, error)));
  if (address.kind === 'unix') {
    rmSync(address.path, { force: true });
    server.listen(address.path, () => say(`gdb: target remote ${address.path}`));
  } else {
    server.listen(address.port, address.host, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound ? bound.port : address.port;
      say(`gdb: target remote ${hostText(address.host)}:${port}`);
    });
  }
  return {
    close: status => {
      for (const socket of waiting) socket.destroy();
      waiting.clear();
      current?.stub.machineEnded(status);
      current?.socket.destroySoon();
      server.close();
    },
  };
}

/** As gdb takes it in front of a port. */
function hostText(host: string): string {
  if (host === '127.0.0.1') return '';
  return host.includes(':') ? `[${host}]` : host;
}

function cannotListen(address: GdbAddress, error: Error): UserError {
  const { code } = error as NodeJS.ErrnoException;
  const what = address.kind === 'unix' ? `unix:${address.path}` : `tcp:${address.host}:${address.port}`;
  return new UserError(
    `-gdb ${what}: ${code === 'EADDRINUSE' ? 'the port is in use' : error.message}`,
    'choose another one, or tcp::0 for a port that is free',
  );
}
