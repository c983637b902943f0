/** The layers below TCP, each by itself. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase64, utf8, viewOf } from '../../base/bytes.ts';
import { formatIp, formatMac, parseIp, parseMac } from './addresses.ts';
import { checksum, sumWords, finishChecksum } from './checksum.ts';
import { refuseQuery } from './dns.ts';
import { answerIcmp, Unreachable, unreachable } from './icmp.ts';
import { fragmentIpv4, Reassembly } from './ipv4-fragments.ts';
import { buildIpv4, parseIpv4, type Ipv4Packet } from './ipv4.ts';
import { PcapWriter } from './pcap.ts';
import { buildTcp, Flag, parseTcp } from './tcp-segment.ts';
import { buildUdp, parseUdp } from './udp.ts';

const hexBytes = (text: string): Uint8Array =>
  Uint8Array.from(text.replace(/\s/g, '').match(/../g)!, x => parseInt(x, 16));
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7 + (i >>> 8));

function packet(payload: Uint8Array, protocol = 17): Ipv4Packet {
  return parseIpv4(buildIpv4({ source: 0x0a00020f, destination: 0x0a000202, protocol, id: 1 }, payload)) as Ipv4Packet;
}

test('addresses', () => {
  expect(formatIp(parseIp('10.0.2.15')!)).toBe('10.0.2.15');
  expect(parseIp('255.255.255.255')).toBe(0xffff_ffff);
  for (const bad of ['10.0.2', '10.0.2.256', '10.0.2.1.', 'a.b.c.d', '']) expect(parseIp(bad)).toBe(undefined);
  expect(formatMac(parseMac('52:54:00:aB:34:56')!)).toBe('52:54:00:ab:34:56');
  for (const bad of ['52:54:00:12:34', '01:00:5e:00:00:01', '5254.0012.3456']) expect(parseMac(bad)).toBe(undefined);
});

describe('the checksum', () => {
  test('of a header out of a book', () => {
    const header = hexBytes('4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7');
    expect(checksum(header)).toBe(0xb861);
    viewOf(header).setUint16(10, 0xb861);
    expect(checksum(header)).toBe(0);
  });
  test('the example of RFC 1071', () => {
    expect(finishChecksum(sumWords(hexBytes('0001 f203 f4f5 f6f7')))).toBe(0xffff - 0xddf2);
  });
  test('an odd byte at the end counts as the high one', () => {
    expect(checksum(Uint8Array.of(0x12))).toBe(0xffff - 0x1200);
  });
});

describe('IPv4', () => {
  test('what is built is read', () => {
    expect(packet(bytes(100))).toMatchObject({ source: 0x0a00020f, protocol: 17, isFragment: false });
    expect(packet(bytes(100)).payload).toEqual(bytes(100));
  });
  test.each([
    ['too short', (p: Uint8Array) => p.subarray(0, 19)],
    ['version', (p: Uint8Array) => p.fill(0x65, 0, 1)],
    ['header of', (p: Uint8Array) => p.fill(0x4f, 0, 1)],
    ['header of', (p: Uint8Array) => p.fill(0xff, 2, 4)],
    ['checksum', (p: Uint8Array) => p.fill(1, 8, 9)],
  ])('%s', (why, damage) => {
    const damaged = damage(buildIpv4({ source: 1, destination: 2, protocol: 3, id: 4 }, bytes(8)));
    const result = parseIpv4(damaged);
    expect(typeof result).toBe('string');
    if (why !== 'too short') expect(result).toContain(why);
  });
  test('options are skipped, padding behind the packet is cut off', () => {
    const plain = buildIpv4({ source: 1, destination: 2, protocol: 3, id: 4 }, bytes(8));
    const whole = new Uint8Array(40);
    whole.set(plain.subarray(0, 20));
    whole[0] = 0x46;
    whole.set(bytes(8), 24);
    viewOf(whole).setUint16(2, 32);
    viewOf(whole).setUint16(10, 0);
    viewOf(whole).setUint16(10, checksum(whole.subarray(0, 24)));
    expect((parseIpv4(whole) as Ipv4Packet).payload).toEqual(bytes(8));
  });
});

describe('fragments', () => {
  const fields = { source: 1, destination: 2, protocol: 17, id: 9 };
  const parts = (length: number): Ipv4Packet[] =>
    fragmentIpv4(fields, bytes(length), 1500).map(part => parseIpv4(part) as Ipv4Packet);
  const reassembly = (): { all: Reassembly; drops: string[]; clock: { now: number } } => {
    const drops: string[] = [];
    const clock = { now: 0 };
    return {
      all: new Reassembly(
        () => clock.now,
        why => drops.push(why),
      ),
      drops,
      clock,
    };
  };

  test('what fits is not cut', () => {
    expect(parts(1480)).toHaveLength(1);
    expect(parts(1481)).toHaveLength(2);
    expect(Math.max(...fragmentIpv4(fields, bytes(9000), 1500).map(part => part.length))).toBe(1500);
  });
  test('any order, repeated: the whole comes out once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1481, max: 20_000 }), fc.infiniteStream(fc.nat()), (length, order) => {
        const { all, drops } = reassembly();
        const pieces = parts(length).flatMap(part => [part, part]);
        const wholes: Ipv4Packet[] = [];
        let last: Ipv4Packet | undefined;
        while (pieces.length > 0 && !last) {
          const [piece] = pieces.splice(order.next().value! % pieces.length, 1);
          last = all.add(piece!);
          if (last) wholes.push(last);
        }
        expect(wholes).toHaveLength(1);
        expect(Buffer.compare(wholes[0]!.payload, bytes(length))).toBe(0);
        expect(parseIpv4(wholes[0]!.bytes)).toMatchObject({ isFragment: false });
        expect(drops).toEqual([]);
      }),
      { seed: 5, numRuns: 60 },
    );
  });
  test('those that overlap cost the datagram', () => {
    const { all, drops } = reassembly();
    const [first, second] = parts(3000);
    all.add(first!);
    all.add({ ...second!, fragmentOffset: second!.fragmentOffset - 8 });
    expect(drops).toEqual(['IPv4: fragments of a datagram: two overlap']);
  });
  test('longer than a packet may be', () => {
    const { all, drops } = reassembly();
    all.add({ ...parts(3000)[1]!, fragmentOffset: 65_528 });
    expect(drops).toHaveLength(1);
  });
  test('few at a time, and not for ever', () => {
    const { all, drops, clock } = reassembly();
    for (let id = 0; id < 100; id++) all.add({ ...parts(3000)[0]!, id });
    expect(drops).toHaveLength(92);
    clock.now = 1e9;
    all.add({ ...parts(3000)[0]!, id: 1000 });
    expect(drops).toHaveLength(100);
  });
});

describe('ICMP', () => {
  const echo = (): Uint8Array => {
    const message = new Uint8Array(16);
    message[0] = 8;
    message[7] = 3;
    viewOf(message).setUint16(2, checksum(message));
    return message;
  };
  test('echo is answered', () => {
    const answer = answerIcmp(echo()) as Uint8Array;
    expect(answer[0]).toBe(0);
    expect(checksum(answer)).toBe(0);
    expect(answer.subarray(4)).toEqual(echo().subarray(4));
  });
  test('a wrong checksum, a short one, another type', () => {
    expect(answerIcmp(echo().fill(1, 8, 9))).toBe('ICMP: wrong checksum');
    expect(answerIcmp(new Uint8Array(7))).toBe('ICMP: a message of 7 bytes');
    expect(answerIcmp(answerIcmp(echo()) as Uint8Array)).toBe(undefined);
  });
  test('unreachable quotes the header and 8 bytes; never about an error', () => {
    const about = packet(bytes(40));
    const message = unreachable(Unreachable.Port, about)!;
    expect([message[0], message[1], checksum(message)]).toEqual([3, 3, 0]);
    expect(message.subarray(8)).toEqual(about.bytes.subarray(0, 28));
    expect(unreachable(Unreachable.Port, packet(message, 1))).toBe(undefined);
    expect(unreachable(Unreachable.Port, packet(echo(), 1))).toBeDefined();
  });
});

describe('UDP', () => {
  const datagram = {
    source: { ip: 0x0a00020f, port: 1 },
    destination: { ip: 0x0a000202, port: 2 },
    payload: utf8('hello'),
  };
  test('what is built is read', () => expect(parseUdp(packet(buildUdp(datagram)))).toEqual(datagram));
  test('damage is seen, unless there is no checksum', () => {
    const damaged = buildUdp(datagram);
    damaged[12]! ^= 1;
    expect(parseUdp(packet(damaged))).toBe('UDP: wrong checksum');
    damaged.fill(0, 6, 8);
    expect(parseUdp(packet(damaged))).toMatchObject({ source: datagram.source });
    expect(parseUdp(packet(damaged.subarray(0, 10)))).toContain('UDP: length 13');
    expect(parseUdp(packet(new Uint8Array(7)))).toContain('7 bytes');
  });
});

describe('TCP segments', () => {
  const ends = [
    { ip: 0x0a00020f, port: 1 },
    { ip: 0x0a000202, port: 2 },
  ] as const;
  const segment = { seq: 0xffff_fff0, ack: 5, flags: Flag.Syn | Flag.Ack, window: 1000, mss: 1460, payload: bytes(3) };
  test('what is built is read', () =>
    expect(parseTcp(packet(buildTcp(...ends, segment), 6))).toEqual({
      ...segment,
      source: ends[0],
      destination: ends[1],
    }));
  test('damage is seen', () => {
    const damaged = buildTcp(...ends, segment);
    damaged[5]! ^= 1;
    expect(parseTcp(packet(damaged, 6))).toBe('TCP: wrong checksum');
    expect(parseTcp(packet(damaged.subarray(0, 19), 6))).toContain('19 bytes');
    damaged[12] = 0xf0;
    expect(parseTcp(packet(damaged, 6))).toContain('header of 60');
  });
});

test('DNS: every query is refused', () => {
  const query = fromBase64('EjQBAAABAAAAAAAAA3d3dwZkZWJpYW4Db3JnAAABAAE=');
  const answer = refuseQuery(query)!;
  expect(answer).toEqual(Uint8Array.from(query, (byte, i) => (i === 2 ? 0x81 : i === 3 ? 5 : byte)));
  expect(refuseQuery(answer)).toBe(undefined);
  expect(refuseQuery(query.subarray(0, 11))).toBe(undefined);
  expect(refuseQuery(query.subarray(0, 20))).toHaveLength(12);
});

test('pcap: a header, then records', () => {
  const file: number[] = [];
  const writer = new PcapWriter(part => file.push(...part), 4);
  writer.frame(1_767_225_600_000_000 + 1_500_000, bytes(6));
  const view = viewOf(Uint8Array.from(file));
  expect([view.getUint32(0, true), view.getUint32(20, true)]).toEqual([0xa1b2c3d4, 1]);
  expect([24, 28, 32, 36].map(at => view.getUint32(at, true))).toEqual([1_767_225_601, 500_000, 4, 6]);
  expect(file).toHaveLength(24 + 16 + 4);
});
