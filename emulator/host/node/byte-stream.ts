/** Host ends of byte streams, which a serial port, a virtconsole or the monitor may have: a file, stdio, or a socket. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { UserError } from '../../base/user-error.ts';
import { TelnetFilter, TELNET_GREETING } from './telnet.ts';

export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export type StreamTarget =
  | { readonly kind: 'stdio' }
  | { readonly kind: 'none' }
  | { readonly kind: 'file'; readonly path: string; readonly isAppended?: boolean }
  | {
      readonly kind: 'socket';
      readonly address: SocketAddress;
      readonly isServer: boolean;
      /** The machine starts when a client is there. */
      readonly waits: boolean;
      readonly isTelnet: boolean;
    };

export interface ByteStream {
  /** What is written while nobody is connected is lost. */
  write(bytes: Uint8Array): void;
  onData: (bytes: Uint8Array) => void;
  /** Somebody has connected. */
  onClient: () => void;
  /** Fulfilled when the machine may start. */
  readonly ready: Promise<void>;
  close(): void;
}

export interface StreamHost {
  /** For messages: whose stream it is. */
  readonly what: string;
  /** A line for the user. */
  say(text: string): void;
  /** What went wrong after the start. */
  onError(error: UserError): void;
}

const NOTHING = (): void => {};

export function openStream(target: StreamTarget, host: StreamHost): ByteStream {
  switch (target.kind) {
    case 'none':
      return { write: NOTHING, onData: NOTHING, onClient: NOTHING, ready: Promise.resolve(), close: NOTHING };
    case 'file':
      return fileStream(target.path, target.isAppended ?? false, host.what);
    case 'stdio':
      return stdioStream();
    case 'socket':
      return new SocketStream(target, host);
  }
}

function fileStream(path: string, isAppended: boolean, what: string): ByteStream {
  let fd: number;
  try {
    fd = openSync(path, isAppended ? 'a' : 'w');
  } catch (error) {
    throw cannotOpen(what, path, error, 'name a file that can be written');
  }
  return {
    write: bytes => {
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    },
    onData: NOTHING,
    onClient: NOTHING,
    ready: Promise.resolve(),
    close: () => closeSync(fd),
  };
}

function stdioStream(): ByteStream {
  const { stdin, stdout } = process;
  const stream: ByteStream = {
    write: bytes => void stdout.write(bytes),
    onData: NOTHING,
    onClient: NOTHING,
    ready: Promise.resolve(),
    close: () => stdin.pause(),
  };
  stdin.on('data', (bytes: Buffer) => stream.onData(bytes));
  stream.ready.then(() => stream.onClient()).catch(NOTHING);
  return stream;
}

/** One client at a time, as QEMU; a second one is hung up on. */
class SocketStream implements ByteStream {
  onData: (bytes: Uint8Array) => void = NOTHING;
  onClient: () => void = NOTHING;
  readonly ready: Promise<void>;
  private readonly server: Server | undefined;
  private client: Socket | undefined;
  private setReady: () => void = NOTHING;

  constructor(
    private readonly target: StreamTarget & { kind: 'socket' },
    private readonly host: StreamHost,
  ) {
    const { address, isServer, waits } = target;
    this.ready = waits || !isServer ? new Promise(resolve => (this.setReady = resolve)) : Promise.resolve();
    if (isServer) {
      if ('path' in address) rmSync(address.path, { force: true });
      this.server = createServer({ noDelay: true }, socket => this.accept(socket));
      this.server.on('error', error => this.fail(error, 'give a name or port that is free'));
      this.server.listen(address, () => this.listening());
    } else {
      const socket = connect({ ...address, noDelay: true }, () => this.accept(socket));
      socket.once('error', error => {
        if (!this.client) this.fail(error, 'start what listens there first, or write server=on');
      });
    }
  }

  write(bytes: Uint8Array): void {
    this.client?.write(bytes);
  }

  close(): void {
    this.server?.close();
    this.client?.destroySoon();
  }

  private listening(): void {
    const { address, waits } = this.target;
    const bound = this.server?.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    const isChosen = 'port' in address && address.port === 0;
    const name = 'path' in address ? address.path : `${address.host}:${port}`;
    if (waits) this.host.say(`${this.host.what}: waiting for a client at ${name}`);
    else if (isChosen) this.host.say(`${this.host.what}: at ${name}`);
  }

  private accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.client) {
      socket.destroy();
      return;
    }
    this.client = socket;
    socket.on('close', () => (this.client = undefined));
    const telnet = this.target.isTelnet ? new TelnetFilter() : undefined;
    if (telnet && this.target.isServer) socket.write(TELNET_GREETING);
    socket.on('data', (bytes: Buffer) => this.onData(telnet ? telnet.filter(bytes) : bytes));
    this.setReady();
    this.onClient();
  }

  private fail(error: unknown, hint: string): void {
    const { address } = this.target;
    const name = 'path' in address ? address.path : `${address.host}:${address.port}`;
    this.host.onError(cannotOpen(this.host.what, name, error, hint));
    this.setReady();
  }
}

function cannotOpen(what: string, name: string, error: unknown, hint: string): UserError {
  return new UserError(`${what}: ${name}: ${error instanceof Error ? error.message : String(error)}`, hint);
}
