import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createSocket } from 'node:dgram';
import { expect, test } from 'vitest';
import { UserError } from '../../base/user-error.ts';
import type { Endpoint } from '../../device/net/config.ts';
import type { HostStream, StreamEvents } from '../../device/net/host-sockets.ts';
import { nodeSockets } from './sockets.ts';

const LOOPBACK = 0x7f00_0001;
const at = (port: number): Endpoint => ({ ip: LOOPBACK, port });

/** Collects what happens, and lets a test wait for it. */
class Events implements StreamEvents {
  readonly seen: string[] = [];
  text = '';
  private waiting: (() => void)[] = [];

  private note(what: string): void {
    this.seen.push(what);
    for (const resolve of this.waiting.splice(0)) resolve();
  }
  onConnect(): void {
    this.note('connect');
  }
  onHostData(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString();
    this.note('data');
  }
  onHostEnd(): void {
    this.note('end');
  }
  onHostDrain(): void {
    this.note('drain');
  }
  onHostClose(isError: boolean): void {
    this.note(isError ? 'error' : 'close');
  }
  async until(what: string): Promise<void> {
    while (!this.seen.includes(what)) await new Promise<void>(resolve => this.waiting.push(resolve));
  }
}

test('connects, half-closes, and hears what comes after', async () => {
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('data', () => {});
    socket.on('end', () => socket.end('bye'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const events = new Events();
  const stream = nodeSockets.connectTcp(at((server.address() as AddressInfo).port), events);
  await events.until('connect');
  stream.write(Buffer.from('hello'));
  stream.end();
  stream.resume();
  await events.until('close');
  expect(events.text).toBe('bye');
  expect(events.seen).toEqual(['connect', 'data', 'end', 'close']);
  server.close();
});

test('a refusal is an error', async () => {
  const events = new Events();
  nodeSockets.connectTcp(at(1), events);
  await events.until('error');
  expect(events.seen).toEqual(['error']);
});

test('listens; a caller is paused until it is resumed, and can be reset', async () => {
  const events = new Events();
  let stream: HostStream | undefined;
  const called = new Promise<void>(resolve => {
    listener = nodeSockets.listenTcp(at(0), given => {
      stream = given;
      resolve();
      return events;
    });
  });
  const { port } = await listener!.address;
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const closed = new Promise(resolve => socket.on('close', resolve));
  socket.write('knock');
  await called;
  expect(events.seen).toEqual([]);
  stream!.resume();
  await events.until('data');
  expect(events.text).toBe('knock');
  stream!.reset();
  await closed;
  listener!.close();
});
let listener: ReturnType<typeof nodeSockets.listenTcp> | undefined;

test('datagrams both ways', async () => {
  const heard = new Promise<[Endpoint, string]>(resolve => {
    udp = nodeSockets.bindUdp(at(0), (peer, bytes) => resolve([peer, Buffer.from(bytes).toString()]));
  });
  const { port } = await udp!.address;
  const socket = createSocket('udp4');
  socket.send('ask', port, '127.0.0.1');
  const [peer, text] = await heard;
  expect(text).toBe('ask');
  const answered = once(socket, 'message');
  udp!.send(peer, Buffer.from('answer'));
  expect(String((await answered)[0])).toBe('answer');
  udp!.close();
  udp!.close();
  udp!.send(peer, Buffer.from('late'));
  socket.close();
});
let udp: ReturnType<typeof nodeSockets.bindUdp> | undefined;

test.each(['tcp', 'udp'])('a port in use is an error of the user: %s', async protocol => {
  const open = (port: number): ReturnType<typeof nodeSockets.listenTcp> =>
    protocol === 'tcp' ? nodeSockets.listenTcp(at(port), () => undefined) : nodeSockets.bindUdp(at(port), () => {});
  const first = open(0);
  const { port } = await first.address;
  const second = open(port);
  await expect(second.address).rejects.toThrow(UserError);
  await expect(second.address).rejects.toThrow(/in use/);
  first.close();
  second.close();
});

test('nothing but the loopback', () => {
  const outside = { ip: 0x0808_0808, port: 80 };
  expect(() => nodeSockets.connectTcp(outside, new Events())).toThrow(/not of the loopback/);
  expect(() => nodeSockets.listenTcp({ ip: 0, port: 0 }, () => undefined)).toThrow(/not of the loopback/);
  expect(() => nodeSockets.bindUdp({ ip: 0, port: 0 }, () => {})).toThrow(/not of the loopback/);
});
