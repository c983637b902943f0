/** Two TCP ends on a link that loses, repeats and reorders segments, on a clock of its own: for tests. */
import type { Endpoint } from './config.ts';
import { TcpConnection, TcpState, type ConnectionEvents } from './tcp-connection.ts';
import type { ReceivedSegment, TcpSegment } from './tcp-segment.ts';

const LATENCY_MS = 1;

export interface LinkFaults {
  /** What happens to the nth segment on the link. */
  fate(nth: number): { readonly copies: number; readonly delayMs: number };
}

const NO_FAULTS: LinkFaults = { fate: () => ({ copies: 1, delayMs: 0 }) };

/** One end and what its user saw. */
class Peer implements ConnectionEvents {
  connection!: TcpConnection;
  readonly received: number[] = [];
  readonly seen: string[] = [];
  /** Bytes not taken: the window shrinks. */
  isReading = true;
  unread = 0;

  onOpen(): void {
    this.seen.push('open');
  }
  onData(bytes: Uint8Array): void {
    for (const byte of bytes) this.received.push(byte);
    if (this.isReading) this.connection.consumed(bytes.length);
    else this.unread += bytes.length;
  }
  read(): void {
    this.isReading = true;
    this.connection.consumed(this.unread);
    this.unread = 0;
  }
  onEnd(): void {
    this.seen.push('end');
  }
  onSpace(): void {}
  onClosed(isError: boolean): void {
    this.seen.push(isError ? 'error' : 'closed');
  }
}

interface Travelling {
  readonly at: number;
  readonly nth: number;
  readonly to: Peer;
  readonly segment: ReceivedSegment;
}

export class TestLink {
  nowMs = 0;
  readonly caller = new Peer();
  readonly callee = new Peer();
  readonly log: string[] = [];
  private travelling: Travelling[] = [];
  private sent = 0;

  /** @param iss of caller and callee: near 2^32 they wrap around */
  constructor(
    private faults: LinkFaults = NO_FAULTS,
    iss: readonly [number, number] = [1000, 5000],
  ) {
    const ends = [
      { ip: 1, port: 1 },
      { ip: 2, port: 2 },
    ] as const;
    this.caller.connection = this.make(this.callee, ends[0], ends[1], iss[0]);
    this.callee.connection = this.make(this.caller, ends[1], ends[0], iss[1]);
  }

  heal(): void {
    this.faults = NO_FAULTS;
  }
  breakWith(faults: LinkFaults): void {
    this.faults = faults;
  }

  /** Puts a segment on the link towards `to`. */
  put(to: Peer, segment: TcpSegment): void {
    const { local, remote } = to.connection;
    const nth = this.sent++;
    const { copies, delayMs } = this.faults.fate(nth);
    for (let i = 0; i < copies; i++)
      this.travelling.push({
        at: this.nowMs + LATENCY_MS + delayMs * (i + 1),
        nth,
        to,
        segment: { ...segment, source: remote, destination: local },
      });
  }

  /** Both ends open and established. */
  connect(): this {
    this.caller.connection.open();
    this.run(1000);
    return this;
  }

  /** Lets `ms` pass, or less when nothing is left to happen. Returns whether `isDone` came true. */
  run(ms: number, isDone: () => boolean = () => false): boolean {
    const end = this.nowMs + ms;
    for (;;) {
      this.flush();
      if (isDone()) return true;
      const next = this.travelling.reduce<Travelling | undefined>(
        (a, b) => (!a || b.at < a.at || (b.at === a.at && b.nth < a.nth) ? b : a),
        undefined,
      );
      const timer = Math.min(this.caller.connection.deadlineMs, this.callee.connection.deadlineMs);
      const at = Math.min(next?.at ?? Infinity, timer);
      if (at > end) {
        this.nowMs = end;
        return isDone();
      }
      this.nowMs = Math.max(this.nowMs, at);
      if (next && next.at <= timer) {
        this.travelling.splice(this.travelling.indexOf(next), 1);
        this.deliver(next);
      } else {
        for (const { connection } of [this.caller, this.callee])
          if (connection.deadlineMs <= this.nowMs) connection.expire();
      }
    }
  }

  private deliver({ to, segment }: Travelling): void {
    const { connection } = to;
    if (connection.state === TcpState.Closed && to === this.callee && to.seen.length === 0 && segment.flags === 2) {
      connection.called(segment);
      connection.accept();
    } else connection.receive(segment);
  }

  private flush(): void {
    this.caller.connection.flush();
    this.callee.connection.flush();
  }

  private make(other: Peer, local: Endpoint, remote: Endpoint, iss: number): TcpConnection {
    const peer = other === this.callee ? this.caller : this.callee;
    const connection: TcpConnection = new TcpConnection(
      {
        nowMs: () => this.nowMs,
        send: (_local, _remote, segment) => {
          this.log.push(`${peer === this.caller ? '>' : '<'} ${describe(segment)}`);
          this.put(other, segment);
        },
      },
      local,
      remote,
      iss,
    );
    connection.events = peer;
    return connection;
  }
}

const NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];

function describe({ seq, ack, flags, payload, window }: TcpSegment): string {
  const names = NAMES.filter((_, i) => flags & (1 << i)).join(' ');
  return `${names} seq ${seq} ack ${ack} len ${payload.length} win ${window}`;
}
