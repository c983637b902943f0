/**
 * The host's loopback for a user-mode network: TCP by node:net, UDP by node:dgram, which is loaded by the first who needs
 * it. Nothing here keeps the process alive.
 */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { assert } from '../../base/assert.ts';
import { UserError } from '../../base/user-error.ts';
import { formatIp, isLoopback, parseIp } from '../../device/net/addresses.ts';
import type { Endpoint } from '../../device/net/config.ts';
import type {
  HostListener,
  HostSockets,
  HostStream,
  HostUdpSocket,
  StreamEvents,
} from '../../device/net/host-sockets.ts';

const UDP_PAYLOAD_MAX = 65_507;

export const nodeSockets: HostSockets = {
  connectTcp: (to, events) => {
    const socket = connect({ host: loopback(to), port: to.port, allowHalfOpen: true, noDelay: true });
    socket.pause();
    return new NodeStream(socket, events);
  },

  listenTcp: (at, onStream): HostListener => {
    const host = loopback(at);
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, socket => {
      const peer = endpoint(socket.remoteAddress, socket.remotePort);
      const stream = new NodeStream(socket);
      const events = onStream(stream, peer);
      if (!events) {
        stream.reset();
        return;
      }
      stream.events = events;
    });
    const address = new Promise<Endpoint>((resolve, reject) => {
      server.on('error', error => reject(cannotListen('tcp', at, error)));
      server.listen({ host, port: at.port }, () => resolve(boundTo(server.address() as AddressInfo)));
    });
    server.unref();
    return {
      address,
      close: () => void server.close(),
    };
  },

  bindUdp: (at, onDatagram): HostUdpSocket => {
    const host = loopback(at);
    const socket = process.getBuiltinModule('node:dgram').createSocket('udp4');
    let isOpen = true;
    const address = new Promise<Endpoint>((resolve, reject) => {
      // After it is bound, an error is of one datagram that could not be sent: lost, as datagrams may be.
      socket.on('error', error => reject(cannotListen('udp', at, error)));
      socket.bind({ address: host, port: at.port }, () => resolve(boundTo(socket.address())));
    });
    socket.on('message', (bytes, { address, port }) => onDatagram(endpoint(address, port), bytes));
    socket.unref();
    return {
      address,
      send: (peer, bytes) => {
        if (isOpen && bytes.length <= UDP_PAYLOAD_MAX) socket.send(bytes, peer.port, loopback(peer));
      },
      close: () => {
        if (isOpen) socket.close();
        isOpen = false;
      },
    };
  },
};

class NodeStream implements HostStream {
  private isError = false;

  constructor(
    private readonly socket: Socket,
    public events?: StreamEvents,
  ) {
    socket.unref();
    socket.on('connect', () => this.events?.onConnect());
    socket.on('data', bytes => this.events?.onHostData(bytes));
    socket.on('end', () => this.events?.onHostEnd());
    socket.on('drain', () => this.events?.onHostDrain());
    socket.on('error', () => (this.isError = true));
    socket.on('close', () => this.events?.onHostClose(this.isError));
  }

  write(bytes: Uint8Array): boolean {
    return this.socket.write(bytes);
  }
  end(): void {
    this.socket.end();
  }
  close(): void {
    this.socket.destroySoon();
  }
  reset(): void {
    this.socket.resetAndDestroy();
  }
  pause(): void {
    this.socket.pause();
  }
  resume(): void {
    this.socket.resume();
  }
}

/** The configuration has been checked; this is the last gate in front of the host's network. */
function loopback({ ip }: Endpoint): string {
  assert(isLoopback(ip), `${formatIp(ip)} is not of the loopback`);
  return formatIp(ip);
}

function endpoint(address: string | undefined, port: number | undefined): Endpoint {
  return { ip: parseIp(address ?? '') ?? 0, port: port ?? 0 };
}

function boundTo({ address, port }: AddressInfo): Endpoint {
  return endpoint(address, port);
}

function cannotListen(protocol: string, { ip, port }: Endpoint, error: Error): UserError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'EADDRINUSE' ? 'the port is in use' : code === 'EACCES' ? 'permission denied' : error.message;
  return new UserError(
    `hostfwd ${protocol}:${formatIp(ip)}:${port}: ${why}`,
    'choose another port, or 0 for one that is free',
  );
}
