/**
 * TCP of a user-mode network: which connection a segment belongs to, and resets for those that belong to none
 * (RFC 9293, 3.10.7.1). The guest can open at most CONNECTIONS_MAX.
 */
import type { StateReader, StateWriter } from '../../base/state.ts';
import { TcpConnection, TcpState, type ConnectionEvents, type ConnectionPort } from './tcp-connection.ts';
import type { Endpoint } from './config.ts';
import { Flag, segmentLength, type ReceivedSegment } from './tcp-segment.ts';
import { seqAdd } from './tcp-seq.ts';

const CONNECTIONS_MAX = 256;
/** RFC 9293, 3.4.1: the initial sequence number counts up every 4 microseconds; and some for each connection. */
const ISS_PER_MS = 250;
const ISS_STEP = 64_000;
const DYNAMIC_PORTS = 49_152;
const PORTS = 65_536;
const NOTHING = new Uint8Array(0);

/** Somebody answers at this address: takes the call (later), or returns undefined. */
export type Answer = (connection: TcpConnection) => ConnectionEvents | undefined;

export class Tcp {
  private readonly connections = new Map<string, TcpConnection>();
  private opened = 0;
  private nextPort = DYNAMIC_PORTS;
  /** Connections of before a restore, to be reset. */
  private lost: { local: Endpoint; remote: Endpoint; seq: number; ack: number }[] = [];

  constructor(
    private readonly port: ConnectionPort,
    private readonly answer: Answer,
  ) {}

  receive(segment: ReceivedSegment): void {
    const key = keyOf(segment.destination, segment.source);
    const known = this.connections.get(key);
    const isCall = (segment.flags & (Flag.Syn | Flag.Ack | Flag.Rst)) === Flag.Syn;
    // A new call may follow at once where the old connection only waits for stragglers.
    if (known && !(isCall && known.state === TcpState.TimeWait)) known.receive(segment);
    else if (isCall) this.called(key, segment);
    else this.refuse(segment);
    this.tidy(key);
  }

  private called(key: string, segment: ReceivedSegment): void {
    this.connections.delete(key);
    const connection = this.makeRoom() ? this.make(segment.destination, segment.source) : undefined;
    const events = connection && this.answer(connection);
    if (!connection || !events) {
      this.refuse(segment);
      return;
    }
    connection.events = events;
    connection.called(segment);
    this.connections.set(key, connection);
  }

  /** Calls the guest; undefined when there are too many connections. `localPort` is a wish. */
  connect(
    localIp: number,
    localPort: number,
    remote: Endpoint,
    events: (connection: TcpConnection) => ConnectionEvents,
  ): TcpConnection | undefined {
    if (!this.makeRoom()) return undefined;
    let port = localPort;
    while (this.connections.has(keyOf({ ip: localIp, port }, remote))) port = this.dynamicPort();
    const connection = this.make({ ip: localIp, port }, remote);
    connection.events = events(connection);
    this.connections.set(keyOf(connection.local, remote), connection);
    connection.open();
    return connection;
  }

  /** Milliseconds of the guest's clock; Infinity when nothing waits. */
  get deadlineMs(): number {
    if (this.lost.length > 0) return 0;
    let earliest = Infinity;
    for (const { deadlineMs } of this.connections.values()) earliest = Math.min(earliest, deadlineMs);
    return earliest;
  }

  expire(): void {
    for (const { local, remote, seq, ack } of this.lost.splice(0))
      this.port.send(local, remote, { seq, ack, flags: Flag.Rst | Flag.Ack, window: 0, payload: NOTHING });
    const now = this.port.nowMs();
    for (const [key, connection] of this.connections) {
      if (connection.deadlineMs <= now) connection.expire();
      this.tidy(key);
    }
  }

  /** After a burst of segments: the acknowledgements that are due. */
  flush(): void {
    for (const [key, connection] of this.connections) {
      connection.flush();
      this.tidy(key);
    }
  }

  /** Forgets everything, without a word to the guest. @param isError what the other ends are told */
  reset(isError = true): void {
    for (const connection of this.connections.values()) {
      if (connection.state === TcpState.TimeWait || connection.state === TcpState.Closed) continue;
      connection.state = TcpState.Closed;
      connection.events.onClosed(isError);
    }
    this.connections.clear();
    this.lost = [];
  }

  /** A connection's other end is a socket of the host: what is saved is how to reset it. */
  save(out: StateWriter): void {
    const open = [...this.connections.values()].filter(
      ({ state }) => state !== TcpState.Closed && state !== TcpState.TimeWait && state !== TcpState.SynSent,
    );
    out.u32(this.opened);
    out.u32(open.length + this.lost.length);
    for (const { local, remote, sequence } of open)
      saveLost(out, { local, remote, seq: sequence[0], ack: sequence[1] });
    for (const lost of this.lost) saveLost(out, lost);
  }
  load(from: StateReader): void {
    this.reset();
    this.opened = from.u32();
    for (let n = from.u32(); n > 0; n--) {
      const [localIp, localPort, remoteIp, remotePort, seq, ack] = Array.from({ length: 6 }, () => from.u32()) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const local = { ip: localIp, port: localPort };
      this.lost.push({ local, remote: { ip: remoteIp, port: remotePort }, seq, ack });
    }
  }

  /** Is there room for one more connection? Those that only wait for stragglers give way. */
  private makeRoom(): boolean {
    if (this.connections.size < CONNECTIONS_MAX) return true;
    const idle = [...this.connections].find(([, { state }]) => state === TcpState.TimeWait);
    if (idle) this.connections.delete(idle[0]);
    return idle !== undefined;
  }

  private make(local: Endpoint, remote: Endpoint): TcpConnection {
    const iss = seqAdd(Math.floor(this.port.nowMs() * ISS_PER_MS) >>> 0, ++this.opened * ISS_STEP);
    return new TcpConnection(this.port, local, remote, iss);
  }

  private dynamicPort(): number {
    const port = this.nextPort;
    this.nextPort = port + 1 < PORTS ? port + 1 : DYNAMIC_PORTS;
    return port;
  }

  private refuse(segment: ReceivedSegment): void {
    const { flags, seq, ack, source, destination } = segment;
    if (flags & Flag.Rst) return;
    const base = { window: 0, payload: NOTHING };
    if (flags & Flag.Ack) this.port.send(destination, source, { ...base, seq: ack, ack: 0, flags: Flag.Rst });
    else {
      const next = seqAdd(seq, segmentLength(segment));
      this.port.send(destination, source, { ...base, seq: 0, ack: next, flags: Flag.Rst | Flag.Ack });
    }
  }

  private tidy(key: string): void {
    if (this.connections.get(key)?.state === TcpState.Closed) this.connections.delete(key);
  }
}

function saveLost(out: StateWriter, lost: { local: Endpoint; remote: Endpoint; seq: number; ack: number }): void {
  const { local, remote, seq, ack } = lost;
  for (const word of [local.ip, local.port, remote.ip, remote.port, seq, ack]) out.u32(word);
}

function keyOf(local: Endpoint, remote: Endpoint): string {
  return `${local.ip}:${local.port} ${remote.ip}:${remote.port}`;
}
