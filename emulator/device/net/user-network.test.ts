import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StateReader, StateWriter } from '../../base/state.ts';
import { utf8, viewOf } from '../../base/bytes.ts';
import { formatIp } from './addresses.ts';
import { checksum } from './checksum.ts';
import { buildFrame, EtherType, parseFrame } from './ethernet.ts';
import { IpProtocol } from './ipv4.ts';
import { Flag } from './tcp-segment.ts';
import {
  datagramOf,
  end,
  frameOf,
  GATEWAY,
  GATEWAY_MAC,
  GUEST,
  GUEST_MAC,
  ip,
  packetOf,
  TestGuest,
} from './test-guest.ts';

const SEED = 20_261_121;
const BROADCAST = 0xffff_ffff;
const SERVER = end(ip('10.0.2.100'), 80);
const ME = end(GUEST, 4000);
const FORWARD = ['guestfwd', 'tcp:10.0.2.100:80-tcp:127.0.0.1:5555'] as const;

function arpRequest(target: number): Uint8Array {
  const packet = new Uint8Array(28);
  const view = viewOf(packet);
  view.setUint16(0, 1);
  view.setUint16(2, 0x800);
  packet[4] = 6;
  packet[5] = 4;
  view.setUint16(6, 1);
  packet.set(GUEST_MAC, 8);
  view.setUint32(14, GUEST);
  view.setUint32(24, target);
  return buildFrame(new Uint8Array(6).fill(255), GUEST_MAC, EtherType.Arp, packet);
}

function dhcp(type: number, mac = GUEST_MAC, options: number[] = []): Uint8Array {
  const message = new Uint8Array(300);
  const view = viewOf(message);
  message.set([1, 1, 6]);
  view.setUint32(4, 0x1234);
  message.set(mac, 28);
  view.setUint32(236, 0x63825363);
  message.set([53, 1, type, ...options, 255], 240);
  return message;
}

describe('ARP', () => {
  test.each(['10.0.2.2', '10.0.2.3', '10.0.2.100'])('%s is there', address => {
    const [answer] = new TestGuest(FORWARD).send(arpRequest(ip(address)));
    const frame = parseFrame(answer!)!;
    expect(frame.destination).toEqual(GUEST_MAC);
    expect(viewOf(frame.payload).getUint16(6)).toBe(2);
    expect(frame.payload.subarray(8, 14)).toEqual(GATEWAY_MAC);
    expect(formatIp(viewOf(frame.payload).getUint32(14))).toBe(address);
  });
  test.each(['10.0.2.15', '10.0.2.77', '8.8.8.8'])('%s is not', address => {
    expect(new TestGuest(FORWARD).send(arpRequest(ip(address)))).toEqual([]);
  });
  test('what goes to a guest that nobody has heard of waits for its answer', () => {
    const guest = new TestGuest(['hostfwd', 'tcp::1-:80']);
    void guest.network.open();
    guest.sockets.call(end(ip('127.0.0.1'), 999));
    const [request, ...more] = guest.take();
    expect(parseFrame(request!)!.type).toBe(EtherType.Arp);
    expect(more).toEqual([]);
    guest.network.transmit(arpRequest(GATEWAY));
    expect(guest.take().map(frame => parseFrame(frame)!.type)).toEqual([EtherType.Ipv4, EtherType.Arp]);
  });
});

describe('DHCP', () => {
  const exchange = (guest: TestGuest, message: Uint8Array): Map<number, number[]> | undefined => {
    const source = end(0, 68);
    const [answer] = guest.sendUdp({ source, destination: end(BROADCAST, 67), payload: message });
    if (!answer) return undefined;
    const { payload } = datagramOf(answer);
    const found = new Map<number, number[]>([[0, [...payload.subarray(16, 20)]]]);
    for (let at = 240; payload[at] !== 255; at += 2 + payload[at + 1]!)
      found.set(payload[at]!, [...payload.subarray(at + 2, at + 2 + payload[at + 1]!)]);
    return found;
  };
  const requesting = (address: number[]): number[] => [50, 4, ...address, 54, 4, 10, 0, 2, 2];

  test('discover, offer, request, acknowledge', () => {
    const guest = new TestGuest(['hostname', 'strata']);
    const offer = exchange(guest, dhcp(1))!;
    expect(offer.get(53)).toEqual([2]);
    expect(offer.get(0)).toEqual([10, 0, 2, 15]);
    const ack = exchange(guest, dhcp(3, GUEST_MAC, requesting([10, 0, 2, 15])))!;
    expect(Object.fromEntries(ack)).toEqual({
      0: [10, 0, 2, 15],
      1: [255, 255, 255, 0],
      3: [10, 0, 2, 2],
      6: [10, 0, 2, 3],
      12: [...utf8('strata')],
      28: [10, 0, 2, 255],
      51: [0, 1, 0x51, 0x80],
      53: [5],
      54: [10, 0, 2, 2],
    });
  });
  test('each card has an address of its own, and keeps it', () => {
    const guest = new TestGuest();
    const macs = [1, 2, 3].map(n => Uint8Array.of(2, 0, 0, 0, 0, n));
    const offers = (): unknown[] => macs.map(mac => exchange(guest, dhcp(1, mac))!.get(0)![3]);
    expect(offers()).toEqual([15, 16, 17]);
    expect(offers()).toEqual([15, 16, 17]);
    exchange(guest, dhcp(7, macs[1]));
    expect(exchange(guest, dhcp(1, GUEST_MAC))!.get(0)![3]).toBe(16);
  });
  test('an address that is not to be had is refused', () => {
    const nak = exchange(new TestGuest(), dhcp(3, GUEST_MAC, requesting([10, 0, 2, 99])))!;
    expect([nak.get(53), nak.get(0)]).toEqual([[6], [0, 0, 0, 0]]);
  });
  test('a message for another server, and no addresses left', () => {
    const guest = new TestGuest();
    expect(exchange(guest, dhcp(3, GUEST_MAC, [54, 4, 10, 0, 2, 9]))).toBe(undefined);
    for (let n = 0; n < 16; n++) expect(exchange(guest, dhcp(1, Uint8Array.of(2, 0, 0, 0, 1, n)))).toBeDefined();
    expect(exchange(guest, dhcp(1))).toBe(undefined);
  });
});

describe('nothing leads out', () => {
  const syn = { seq: 100, flags: Flag.Syn };
  test.each(['10.0.2.2', '10.0.2.3', '10.0.2.100', '10.0.2.50', '127.0.0.1', '192.168.1.1', '8.8.8.8'])(
    'TCP to %s is reset',
    address => {
      const guest = new TestGuest(FORWARD);
      const [answer, ...more] = guest.sendTcp(ME, end(ip(address), 81), syn);
      expect(answer).toMatchObject({ source: end(ip(address), 81), flags: Flag.Rst | Flag.Ack, ack: 101 });
      expect(more).toEqual([]);
      expect(guest.sockets.streams).toEqual([]);
    },
  );
  test.each([
    ['10.0.2.2', 3],
    ['8.8.8.8', 13],
  ])('UDP to %s is unreachable', (address, code) => {
    const [answer] = new TestGuest().sendUdp({ source: ME, destination: end(ip(address), 5), payload: utf8('x') });
    expect([answer!.protocol, answer!.payload[0], answer!.payload[1]]).toEqual([IpProtocol.Icmp, 3, code]);
    expect(formatIp(answer!.source)).toBe('10.0.2.2');
  });
  test('a request for a file is refused at once, as QEMU does: a boot loader goes on', () => {
    const get = Uint8Array.of(0, 1, ...utf8('boot.img\0octet\0'));
    const [answer] = new TestGuest().sendUdp({ source: ME, destination: end(GATEWAY, 69), payload: get });
    const { source, destination, payload } = datagramOf(answer);
    expect([source, destination]).toEqual([end(GATEWAY, 69), ME]);
    expect(payload).toEqual(Uint8Array.of(0, 5, 0, 2, ...utf8('Access violation\0')));
    const data = Uint8Array.of(0, 3, 0, 1);
    const [error] = new TestGuest().sendUdp({ source: ME, destination: end(GATEWAY, 69), payload: data });
    expect(error!.protocol).toBe(IpProtocol.Icmp);
  });
  test('another protocol is unreachable', () => {
    const [answer] = new TestGuest().sendIp(47, new Uint8Array(8));
    expect([...answer!.payload.subarray(0, 2)]).toEqual([3, 2]);
  });
  test('nobody answers multicast, other broadcasts, or a stranger', () => {
    const guest = new TestGuest();
    const echo = new Uint8Array(8).fill(8, 0, 1);
    viewOf(echo).setUint16(2, checksum(echo));
    for (const to of ['224.0.0.1', '255.255.255.255', '10.0.2.255']) expect(guest.sendIp(1, echo, ip(to))).toEqual([]);
    expect(guest.sendIp(1, echo, GATEWAY, ip('1.2.3.4'))).toEqual([]);
    expect(guest.sendIp(1, echo, GATEWAY, GATEWAY)).toEqual([]);
    expect(guest.log[0]).toContain('1.2.3.4');
    expect(guest.sendIp(1, echo)).toHaveLength(1);
  });
});

describe('guestfwd', () => {
  /** The guest's side of an established connection. */
  function connected(): { guest: TestGuest; seq: number } {
    const guest = new TestGuest(FORWARD);
    expect(guest.sendTcp(ME, SERVER, { seq: 100, flags: Flag.Syn, mss: 1460 })).toEqual([]);
    expect(guest.sockets.streams[0]!.to).toEqual(end(ip('127.0.0.1'), 5555));
    guest.sockets.streams[0]!.events.onConnect();
    const [answer] = guest.segments();
    expect(answer).toMatchObject({ source: SERVER, destination: ME, flags: Flag.Syn | Flag.Ack, ack: 101 });
    const seq = answer!.seq + 1;
    expect(guest.sendTcp(ME, SERVER, { seq: 101, ack: seq, flags: Flag.Ack })).toEqual([]);
    return { guest, seq };
  }

  test('bytes, and half-closes, go through', () => {
    const { guest, seq } = connected();
    const [stream] = guest.sockets.streams;
    expect(stream!.calls).toEqual(['resume']);
    const request = { seq: 101, ack: seq, flags: Flag.Ack | Flag.Fin, payload: utf8('GET') };
    expect(guest.sendTcp(ME, SERVER, request)).toMatchObject([{ flags: Flag.Ack, ack: 105 }]);
    expect(stream!.written).toEqual([...utf8('GET')]);
    expect(stream!.calls).toEqual(['resume', 'end']);
    stream!.events.onHostData(utf8('answer'));
    stream!.events.onHostEnd();
    expect(guest.segments()).toMatchObject([
      { flags: Flag.Ack | Flag.Psh, payload: utf8('answer') },
      { flags: Flag.Ack | Flag.Fin },
    ]);
    expect(guest.activity).toBe(3);
    guest.sendTcp(ME, SERVER, { seq: 105, ack: seq + 7, flags: Flag.Ack });
    stream!.events.onHostClose(false);
    expect(guest.sendTcp(ME, SERVER, { seq: 105, ack: seq + 7, flags: Flag.Ack })).toMatchObject([{ flags: Flag.Rst }]);
  });

  test('a service that refuses is a reset', () => {
    const guest = new TestGuest(FORWARD);
    guest.sendTcp(ME, SERVER, { seq: 100, flags: Flag.Syn });
    guest.sockets.streams[0]!.events.onHostClose(true);
    expect(guest.segments()).toMatchObject([{ flags: Flag.Rst | Flag.Ack, ack: 101 }]);
  });

  test('a host that takes nothing closes the window, and opens it when it has', () => {
    const { guest, seq } = connected();
    const [stream] = guest.sockets.streams;
    stream!.isFull = true;
    let at = 101;
    let window = 65_535;
    while (window > 0) {
      const payload = new Uint8Array(Math.min(1460, window));
      const answers = guest.sendTcp(ME, SERVER, { seq: at, ack: seq, flags: Flag.Ack, payload });
      at += payload.length;
      window = answers.at(-1)!.window;
    }
    expect(stream!.written).toHaveLength(65_535);
    const probe = { seq: at, ack: seq, flags: Flag.Ack, payload: new Uint8Array(1) };
    expect(guest.sendTcp(ME, SERVER, probe)).toMatchObject([{ ack: at, window: 0 }]);
    expect(stream!.written).toHaveLength(65_535);
    stream!.isFull = false;
    stream!.events.onHostDrain();
    expect(guest.segments()).toMatchObject([{ ack: at, window: 65_535 }]);
  });

  test('a guest that takes nothing pauses the host', () => {
    const { guest } = connected();
    const [stream] = guest.sockets.streams;
    for (let n = 0; n < 5; n++) stream!.events.onHostData(new Uint8Array(65_536));
    expect(stream!.calls).toEqual(['resume', 'pause']);
    expect(guest.take().length).toBeLessThan(50);
  });

  test('a reset of the guest resets the host, and the other way round', () => {
    const first = connected();
    first.guest.sendTcp(ME, SERVER, { seq: 101, flags: Flag.Rst });
    expect(first.guest.sockets.streams[0]!.calls).toEqual(['resume', 'reset']);
    const second = connected();
    second.guest.sockets.streams[0]!.events.onHostClose(true);
    expect(second.guest.segments()).toMatchObject([{ flags: Flag.Rst | Flag.Ack, seq: second.seq }]);
  });

  test('after a load, connections are reset', () => {
    const { guest, seq } = connected();
    const out = new StateWriter();
    guest.network.save(out);
    guest.network.load(new StateReader(out.finish()));
    expect(guest.sockets.streams[0]!.calls).toEqual(['resume', 'reset']);
    guest.clock.advance(1);
    expect(guest.segments()).toMatchObject([{ flags: Flag.Rst | Flag.Ack, seq, ack: 101, source: SERVER }]);
  });

  test('a flood of calls: so many, and no more', () => {
    const guest = new TestGuest(FORWARD);
    for (let port = 1; port <= 300; port++) guest.sendTcp(end(GUEST, port), SERVER, { seq: 1, flags: Flag.Syn });
    expect(guest.sockets.streams).toHaveLength(256);
  });
});

describe('hostfwd', () => {
  test('a call reaches the guest from the gateway', async () => {
    const guest = new TestGuest(['hostfwd', 'tcp::8080-:80']).introduce();
    const [open] = await guest.network.open();
    expect(open!.address).toEqual(end(ip('127.0.0.1'), 8080));
    const stream = guest.sockets.call(end(ip('127.0.0.1'), 999));
    const [syn] = guest.segments();
    expect(syn).toMatchObject({ source: end(GATEWAY, 999), destination: end(GUEST, 80), flags: Flag.Syn });
    const answers = guest.sendTcp(end(GUEST, 80), end(GATEWAY, 999), {
      seq: 7,
      ack: syn!.seq + 1,
      flags: Flag.Syn | Flag.Ack,
      mss: 1460,
    });
    expect(answers).toMatchObject([{ flags: Flag.Ack, ack: 8 }]);
    expect(stream.calls).toEqual(['resume']);
    // Another program with the same port, at another address of the loopback.
    guest.sockets.call(end(ip('127.0.0.2'), 999));
    expect(guest.segments()[0]!.source.port).not.toBe(999);
    guest.network.close();
    expect(stream.calls).toEqual(['resume', 'close']);
    expect(guest.sockets.onStream).toBe(undefined);
  });

  test('a guest that refuses resets the caller', () => {
    const guest = new TestGuest(['hostfwd', 'tcp::8080-:80']).introduce();
    void guest.network.open();
    const stream = guest.sockets.call(end(ip('127.0.0.1'), 999));
    const [syn] = guest.segments();
    guest.sendTcp(end(GUEST, 80), end(GATEWAY, 999), { ack: syn!.seq + 1, flags: Flag.Rst | Flag.Ack });
    expect(stream.calls).toEqual(['reset']);
  });

  test('datagrams find their way back', () => {
    const guest = new TestGuest(['hostfwd', 'udp::53-:5353']).introduce();
    void guest.network.open();
    const peers = [end(ip('127.0.0.1'), 40), end(ip('127.0.0.2'), 40), end(ip('127.0.0.1'), 41)];
    const sources = peers.map(peer => {
      guest.sockets.onDatagram!(peer, utf8('ask'));
      const { source, destination } = datagramOf(packetOf(guest.take()[0]!));
      expect(destination).toEqual(end(GUEST, 5353));
      return source;
    });
    expect(new Set(sources.map(({ port }) => port)).size).toBe(3);
    for (const destination of sources)
      expect(guest.sendUdp({ source: end(GUEST, 5353), destination, payload: utf8('answer') })).toEqual([]);
    expect(guest.sockets.sent.map(({ peer }) => peer)).toEqual(peers);
    const [error] = guest.sendUdp({ source: end(GUEST, 5353), destination: end(GATEWAY, 77), payload: utf8('x') });
    expect(error!.protocol).toBe(IpProtocol.Icmp);
  });
});

test('any frames at all, and damaged ones: no exception, and answers that are no longer than questions', () => {
  const good = [
    arpRequest(GATEWAY),
    frameOf(dhcp(1), IpProtocol.Udp, BROADCAST, 0),
    frameOf(new Uint8Array(20).fill(0x50, 12, 13), IpProtocol.Tcp),
    frameOf(new Uint8Array(64), IpProtocol.Icmp),
    frameOf(new Uint8Array(1400), IpProtocol.Udp, ip('10.0.2.3')),
  ];
  const damaged = fc
    .tuple(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }), fc.boolean())
    .map(([frame, changes, isFixed]) => {
      const copy = frame.slice();
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      if (isFixed && copy.length >= 34) {
        copy.fill(0, 24, 26);
        viewOf(copy).setUint16(24, checksum(copy.subarray(14, 34)));
      }
      return copy;
    });
  const random = fc.uint8Array({ maxLength: 1518 });
  fc.assert(
    fc.property(fc.array(fc.oneof(damaged, random), { maxLength: 60 }), frames => {
      const guest = new TestGuest(FORWARD, ['hostfwd', 'tcp::1-:80'], ['hostfwd', 'udp::1-:80']);
      void guest.network.open();
      let answers = 0;
      for (const frame of frames) answers += guest.send(frame).length;
      guest.clock.advance(1e9);
      expect(answers).toBeLessThanOrEqual(4 * frames.length);
      const out = new StateWriter();
      guest.network.save(out);
      expect(out.finish().length).toBeLessThan(20_000);
    }),
    { seed: SEED, numRuns: 400 },
  );
});
