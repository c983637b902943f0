import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TcpState } from './tcp-connection.ts';
import { Flag } from './tcp-segment.ts';
import { TestLink, type LinkFaults } from './test-link.ts';

const NEVER: LinkFaults = { fate: () => ({ copies: 0, delayMs: 0 }) };
const MINUTES = 60_000;
const SEED = 20_261_121;

function bytes(length: number, salt = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8) + salt) & 0xff);
}

/** Loses what the list says (by number on the link). */
function losing(...lost: number[]): LinkFaults {
  return { fate: nth => ({ copies: lost.includes(nth) ? 0 : 1, delayMs: 0 }) };
}

/** Everything from the nth on that satisfies `isLost`. */
function state(link: TestLink): [TcpState, TcpState] {
  return [link.caller.connection.state, link.callee.connection.state];
}

describe('opening', () => {
  test('the handshake', () => {
    const link = new TestLink().connect();
    expect(state(link)).toEqual([TcpState.Established, TcpState.Established]);
    expect(link.log).toEqual([
      '> SYN seq 1000 ack 0 len 0 win 65535',
      '< SYN ACK seq 5000 ack 1001 len 0 win 65535',
      '> ACK seq 1001 ack 5001 len 0 win 65535',
    ]);
  });

  test.each([[0], [1], [2]])('survives the loss of its segment %i', nth => {
    const link = new TestLink(losing(nth));
    link.connect();
    link.caller.connection.send(bytes(10));
    link.run(MINUTES, () => link.callee.received.length === 10);
    expect(state(link)).toEqual([TcpState.Established, TcpState.Established]);
    expect(link.callee.received).toHaveLength(10);
  });

  test('a reset in answer is a refusal', () => {
    const link = new TestLink(NEVER);
    link.connect();
    const { connection } = link.caller;
    const ends = { source: connection.remote, destination: connection.local };
    const rst = { seq: 0, ack: 1001, flags: Flag.Rst | Flag.Ack, window: 0, payload: bytes(0) };
    connection.receive({ ...ends, ...rst, ack: 999 });
    expect(connection.state).toBe(TcpState.SynSent);
    connection.receive({ ...ends, ...rst });
    expect(link.caller.seen).toEqual(['error']);
  });

  test('both may call at once', () => {
    const link = new TestLink();
    link.callee.connection.open();
    link.callee.seen.push('called');
    link.connect();
    expect(state(link)).toEqual([TcpState.Established, TcpState.Established]);
    link.caller.connection.send(bytes(3000));
    link.run(MINUTES, () => link.callee.received.length === 3000);
    expect(link.callee.received).toEqual([...bytes(3000)]);
  });

  test('nobody answers: it ends', () => {
    const link = new TestLink(NEVER);
    link.connect();
    link.run(20 * MINUTES);
    expect(link.caller.seen).toEqual(['error']);
    expect(link.log.length).toBe(10);
  });

  test('a call that is not taken is reset', () => {
    const link = new TestLink();
    const { connection } = link.callee;
    const ends = { source: connection.remote, destination: connection.local };
    connection.called({ ...ends, seq: 77, ack: 0, flags: Flag.Syn, window: 1000, payload: bytes(0) } as never);
    connection.abort();
    expect(link.log).toEqual(['< RST ACK seq 0 ack 78 len 0 win 0']);
  });
});

describe('data', () => {
  test('goes both ways, in segments of the MSS, across the end of the sequence space', () => {
    const link = new TestLink(undefined, [0xffff_ff00, 0xffff_fff0]).connect();
    link.caller.connection.send(bytes(100_000, 1));
    link.callee.connection.send(bytes(70_000, 2));
    link.run(MINUTES, () => link.callee.received.length === 100_000 && link.caller.received.length === 70_000);
    expect(link.callee.received).toEqual([...bytes(100_000, 1)]);
    expect(link.caller.received).toEqual([...bytes(70_000, 2)]);
    expect(Math.max(...link.log.map(line => Number(/len (\d+)/.exec(line)![1])))).toBe(1460);
  });

  test('one lost segment is sent again after three duplicates, without waiting for the timer', () => {
    const link = new TestLink().connect();
    link.breakWith(losing(3));
    link.caller.connection.send(bytes(14_600));
    const start = link.nowMs;
    expect(link.run(MINUTES, () => link.callee.received.length === 14_600)).toBe(true);
    expect(link.nowMs - start).toBeLessThan(20);
    expect(link.callee.received).toEqual([...bytes(14_600)]);
    expect(
      link.log.filter(line => line.startsWith('> ') && line.includes('seq 1001 ') && line.includes('len 1460')),
    ).toHaveLength(2);
  });

  test('the last segment lost: the timer sends it again', () => {
    const link = new TestLink().connect();
    link.breakWith(losing(3));
    link.caller.connection.send(bytes(100));
    const start = link.nowMs;
    link.run(MINUTES, () => link.callee.received.length === 100);
    expect(link.nowMs - start).toBeGreaterThanOrEqual(200);
    expect(link.nowMs - start).toBeLessThan(2000);
  });

  test('timeouts back off', () => {
    const link = new TestLink().connect();
    link.breakWith(NEVER);
    link.caller.connection.send(bytes(1));
    const times: number[] = [];
    for (let n = link.log.length, i = 0; i < 5; i++, n++) {
      link.run(10 * MINUTES, () => link.log.length > n);
      times.push(link.nowMs);
    }
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    gaps.slice(1).forEach((gap, i) => expect(gap).toBeCloseTo(2 * gaps[i]!, 0));
  });

  test('a closed window stops the sender, and is asked about until it opens', () => {
    const link = new TestLink().connect();
    link.callee.isReading = false;
    link.caller.connection.send(bytes(200_000));
    link.run(30 * MINUTES);
    expect(link.callee.received.length).toBe(65_535);
    expect(link.caller.seen).toEqual(['open']);
    const probes = link.log.filter(line => line.startsWith('>') && line.includes('len 1 '));
    expect(probes.length).toBeGreaterThan(5);
    link.breakWith(NEVER); // the update is lost: only a probe can find out
    link.callee.read();
    link.run(1);
    link.heal();
    expect(link.run(10 * MINUTES, () => link.callee.received.length === 200_000)).toBe(true);
    expect(link.callee.received).toEqual([...bytes(200_000)]);
  });

  test('no silly windows: a reader of single bytes gets no small segments', () => {
    const link = new TestLink().connect();
    link.callee.isReading = false;
    link.caller.connection.send(bytes(80_000));
    link.run(1000);
    const before = link.log.length;
    for (let i = 0; i < 1000; i++) {
      link.callee.connection.consumed(1);
      link.callee.unread--;
      link.run(0);
    }
    expect(link.log.length - before).toBeLessThan(5);
  });
});

describe('closing', () => {
  test('half: the other direction goes on', () => {
    const link = new TestLink().connect();
    link.caller.connection.send(bytes(10));
    link.caller.connection.close();
    link.run(100);
    expect(state(link)).toEqual([TcpState.FinWait2, TcpState.CloseWait]);
    expect(link.callee.seen).toEqual(['open', 'end']);
    link.callee.connection.send(bytes(50_000));
    link.callee.connection.close();
    link.run(1000);
    expect(link.caller.received).toHaveLength(50_000);
    expect(link.caller.seen).toEqual(['open', 'end']);
    expect(state(link)).toEqual([TcpState.TimeWait, TcpState.Closed]);
    expect(link.callee.seen).toEqual(['open', 'end', 'closed']);
    link.run(MINUTES);
    expect(state(link)).toEqual([TcpState.Closed, TcpState.Closed]);
  });

  test('both at once', () => {
    const link = new TestLink().connect();
    link.caller.connection.close();
    link.callee.connection.close();
    link.run(100);
    expect(state(link)).toEqual([TcpState.TimeWait, TcpState.TimeWait]);
  });

  test.each([3, 4, 5, 6])('survives the loss of segment %i', nth => {
    const link = new TestLink(losing(nth));
    link.connect();
    link.caller.connection.close();
    link.run(500);
    link.callee.connection.close();
    link.run(5000);
    expect(state(link)).toEqual([TcpState.TimeWait, TcpState.Closed]);
  });

  test('before the handshake is over: what was sent arrives, and then the end', () => {
    const link = new TestLink();
    link.caller.connection.open();
    link.caller.connection.send(bytes(5));
    link.caller.connection.close();
    link.run(100);
    expect(link.callee.received).toHaveLength(5);
    expect(link.callee.seen).toEqual(['open', 'end']);
    expect(state(link)).toEqual([TcpState.FinWait2, TcpState.CloseWait]);
  });

  test('an abort resets the other side', () => {
    const link = new TestLink().connect();
    link.caller.connection.send(bytes(3000));
    link.caller.connection.abort();
    link.run(100);
    expect(state(link)).toEqual([TcpState.Closed, TcpState.Closed]);
    expect(link.callee.seen.at(-1)).toBe('error');
  });
});

describe('what a stranger sends', () => {
  const forged = (link: TestLink, segment: Partial<Parameters<TestLink['put']>[1]>): void =>
    link.put(link.callee, { seq: 1001, ack: 5001, flags: Flag.Ack, window: 1000, payload: bytes(0), ...segment });

  test('a reset that is not exactly the next byte is challenged (RFC 5961)', () => {
    const link = new TestLink().connect();
    forged(link, { seq: 1500, flags: Flag.Rst });
    link.run(100);
    expect(state(link)).toEqual([TcpState.Established, TcpState.Established]);
    expect(link.log.at(-1)).toBe('< ACK seq 5001 ack 1001 len 0 win 65535');
    forged(link, { seq: 1001, flags: Flag.Rst });
    link.run(100);
    expect(link.callee.connection.state).toBe(TcpState.Closed);
  });

  test('a SYN in the middle is challenged', () => {
    const link = new TestLink().connect();
    forged(link, { seq: 1001, flags: Flag.Syn });
    link.run(100);
    expect(state(link)).toEqual([TcpState.Established, TcpState.Established]);
  });

  test('an acknowledgement of what was never sent is not taken', () => {
    const link = new TestLink().connect();
    forged(link, { ack: 6000, payload: bytes(4) });
    link.run(100);
    expect(link.callee.received).toEqual([]);
    expect(link.callee.connection.state).toBe(TcpState.Established);
  });

  test('bytes behind FIN are none', () => {
    const link = new TestLink().connect();
    forged(link, { seq: 1011, payload: bytes(10) });
    forged(link, { seq: 1001, payload: bytes(5), flags: Flag.Ack | Flag.Fin });
    forged(link, { seq: 1001, payload: bytes(30) });
    link.run(100);
    expect(link.callee.received).toHaveLength(5);
    expect(link.callee.connection.state).toBe(TcpState.CloseWait);
  });

  test('any segments at all: no exception, and no more memory than a window', () => {
    const segment = fc.record({
      seq: fc.oneof(fc.integer({ min: 900, max: 70_000 }), fc.nat(0xffff_ffff)),
      ack: fc.oneof(fc.integer({ min: 4900, max: 12_000 }), fc.nat(0xffff_ffff)),
      flags: fc.nat(63),
      window: fc.oneof(fc.constant(0), fc.nat(0xffff)),
      mss: fc.oneof(fc.constant(0), fc.nat(0xffff)),
      payload: fc.nat(1500).map(length => bytes(length)),
    });
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 40 }), fc.nat(3), (segments, mode) => {
        const link = new TestLink();
        if (mode > 0) link.connect();
        else link.caller.connection.open();
        if (mode > 1) link.callee.connection.send(bytes(5000));
        if (mode > 2) link.callee.connection.close();
        link.breakWith(NEVER);
        for (const each of segments) {
          for (const { connection } of [link.caller, link.callee])
            connection.receive({ ...each, source: connection.remote, destination: connection.local });
          link.run(50);
        }
        expect(link.callee.received.length).toBeLessThanOrEqual(65_535 * segments.length);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

test('a stream over a link that loses, repeats and reorders arrives whole, in both directions', () => {
  const fate = fc.oneof(
    { weight: 12, arbitrary: fc.constant({ copies: 1, delayMs: 0 }) },
    { weight: 3, arbitrary: fc.constant({ copies: 0, delayMs: 0 }) },
    { weight: 2, arbitrary: fc.constant({ copies: 2, delayMs: 3 }) },
    { weight: 3, arbitrary: fc.record({ copies: fc.constant(1), delayMs: fc.nat(40) }) },
  );
  const stream = fc.record({ length: fc.nat(60_000), pieces: fc.integer({ min: 1, max: 9 }) });
  const iss = fc.oneof(fc.nat(0xffff_ffff), fc.integer({ min: 0xffff_0000, max: 0xffff_ffff }));
  fc.assert(
    fc.property(
      fc.array(fate, { minLength: 30, maxLength: 120 }),
      fc.tuple(stream, stream),
      fc.tuple(iss, iss),
      fc.boolean(),
      (fates, streams, iss, isSlow) => {
        const link = new TestLink({ fate: nth => fates[nth % fates.length]! }, iss);
        link.caller.connection.open();
        link.callee.isReading = !isSlow;
        const ends = [link.caller, link.callee] as const;
        const data = streams.map(({ length }, i) => bytes(length, i));
        ends.forEach(({ connection }, i) => {
          const { pieces } = streams[i]!;
          const step = Math.ceil(data[i]!.length / pieces) || 1;
          for (let at = 0; at < data[i]!.length; at += step) {
            connection.send(data[i]!.slice(at, at + step));
            link.run(7);
          }
        });
        link.run(200);
        for (const { connection } of ends) connection.close();
        link.callee.read();
        const isWhole = link.run(60 * MINUTES, () => {
          if (ends.some(({ seen }) => seen.includes('error'))) return true;
          return ends.every(({ seen }) => seen.includes('end'));
        });
        expect(isWhole).toBe(true);
        // When the last acknowledgement is lost for ever, the one that has everything may give up.
        expect(Buffer.compare(Uint8Array.from(link.callee.received), data[0]!)).toBe(0);
        expect(Buffer.compare(Uint8Array.from(link.caller.received), data[1]!)).toBe(0);
        for (const { seen } of ends) expect(seen).not.toContain('error');
      },
    ),
    { seed: SEED, numRuns: 150 },
  );
}, 60_000);
