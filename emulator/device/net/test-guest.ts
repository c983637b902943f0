/** A guest by hand for tests: sends frames into a UserNetwork and reads what comes back; and a host of sockets made of arrays. */
import { ManualClock } from '../test-devices.ts';
import { must } from '../../base/assert.ts';
import { BROADCAST_MAC, parseIp } from './addresses.ts';
import type { Endpoint } from './config.ts';
import { buildFrame, EtherType, parseFrame } from './ethernet.ts';
import type { HostSockets, HostStream, HostUdpSocket, StreamEvents } from './host-sockets.ts';
import { buildIpv4, IpProtocol, parseIpv4, type Ipv4Packet } from './ipv4.ts';
import { networkFromOptions, type NetworkOption } from './options.ts';
import { buildTcp, parseTcp, type ReceivedSegment, type TcpSegment } from './tcp-segment.ts';
import { buildUdp, parseUdp, type UdpDatagram } from './udp.ts';
import { UserNetwork } from './user-network.ts';

export const GUEST_MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
export const GATEWAY_MAC = Uint8Array.of(0x52, 0x55, 10, 0, 2, 2);

export const ip = (text: string): number => must(parseIp(text), `address ${text}`);
export const GUEST = ip('10.0.2.15');
export const GATEWAY = ip('10.0.2.2');

class FakeStream implements HostStream {
  readonly written: number[] = [];
  readonly calls: string[] = [];
  isFull = false;
  constructor(
    readonly to: Endpoint,
    public events: StreamEvents,
  ) {}
  write(bytes: Uint8Array): boolean {
    this.written.push(...bytes);
    return !this.isFull;
  }
  end(): void {
    this.calls.push('end');
  }
  close(): void {
    this.calls.push('close');
  }
  reset(): void {
    this.calls.push('reset');
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
}

class FakeSockets implements HostSockets {
  readonly streams: FakeStream[] = [];
  readonly sent: { peer: Endpoint; bytes: Uint8Array }[] = [];
  onStream: ((stream: HostStream, peer: Endpoint) => StreamEvents | undefined) | undefined;
  onDatagram: ((peer: Endpoint, bytes: Uint8Array) => void) | undefined;

  connectTcp(to: Endpoint, events: StreamEvents): HostStream {
    const stream = new FakeStream(to, events);
    this.streams.push(stream);
    return stream;
  }
  listenTcp(at: Endpoint, onStream: NonNullable<FakeSockets['onStream']>): ReturnType<HostSockets['listenTcp']> {
    this.onStream = onStream;
    return { address: Promise.resolve(at), close: () => (this.onStream = undefined) };
  }
  bindUdp(at: Endpoint, onDatagram: NonNullable<FakeSockets['onDatagram']>): HostUdpSocket {
    this.onDatagram = onDatagram;
    return {
      address: Promise.resolve(at),
      close: () => (this.onDatagram = undefined),
      send: (peer, bytes) => void this.sent.push({ peer, bytes }),
    };
  }
  /** A program of the host calls a forwarded port. */
  call(peer: Endpoint): FakeStream {
    const stream = new FakeStream(peer, undefined as never);
    const events = this.onStream!(stream, peer);
    if (events) stream.events = events;
    return stream;
  }
}

export class TestGuest {
  readonly clock = new ManualClock();
  readonly sockets = new FakeSockets();
  readonly log: string[] = [];
  readonly network: UserNetwork;
  activity = 0;
  private frames: Uint8Array[] = [];

  constructor(...options: NetworkOption[]) {
    this.network = new UserNetwork({
      config: networkFromOptions(options),
      clock: this.clock,
      sockets: this.sockets,
      log: what => this.log.push(what),
      onActivity: () => this.activity++,
    });
    this.network.onFrame = frame => this.frames.push(frame);
  }

  /** Everything that has come since the last look. */
  take(): Uint8Array[] {
    return this.frames.splice(0);
  }

  send(...frames: Uint8Array[]): Uint8Array[] {
    for (const frame of frames) this.network.transmit(frame);
    this.network.settle();
    return this.take();
  }

  /** Lets the gateway know the guest's address. */
  introduce(): this {
    this.send(frameOf(buildUdp({ source: end(GUEST, 9), destination: end(GATEWAY, 9), payload: new Uint8Array(0) })));
    return this;
  }

  sendIp(protocol: number, payload: Uint8Array, destination = GATEWAY, source = GUEST): Ipv4Packet[] {
    return this.send(frameOf(payload, protocol, destination, source)).map(packetOf);
  }

  sendUdp(datagram: UdpDatagram): Ipv4Packet[] {
    return this.sendIp(IpProtocol.Udp, buildUdp(datagram), datagram.destination.ip, datagram.source.ip);
  }

  sendTcp(source: Endpoint, destination: Endpoint, segment: Partial<TcpSegment>): ReceivedSegment[] {
    const whole = { seq: 0, ack: 0, flags: 0, window: 65_535, payload: new Uint8Array(0), ...segment };
    return this.sendIp(IpProtocol.Tcp, buildTcp(source, destination, whole), destination.ip, source.ip).map(segmentOf);
  }

  segments(): ReceivedSegment[] {
    return this.take().map(frame => segmentOf(packetOf(frame)));
  }
}

export const end = (ip: number, port: number): Endpoint => ({ ip, port });

export function frameOf(
  payload: Uint8Array,
  protocol: number = IpProtocol.Udp,
  destination = GATEWAY,
  source = GUEST,
): Uint8Array {
  const packet = buildIpv4({ source, destination, protocol, id: 7 }, payload);
  const to = destination === 0xffff_ffff ? BROADCAST_MAC : GATEWAY_MAC;
  return buildFrame(to, GUEST_MAC, EtherType.Ipv4, packet);
}

export function packetOf(frame: Uint8Array): Ipv4Packet {
  const packet = parseIpv4(must(parseFrame(frame), 'frame').payload);
  if (typeof packet === 'string') throw new Error(packet);
  return packet;
}

function segmentOf(packet: Ipv4Packet): ReceivedSegment {
  const segment = parseTcp(packet);
  if (typeof segment === 'string') throw new Error(segment);
  return segment;
}

export function datagramOf(packet: Ipv4Packet | undefined): UdpDatagram {
  const datagram = parseUdp(must(packet, 'packet'));
  if (typeof datagram === 'string') throw new Error(datagram);
  return datagram;
}
