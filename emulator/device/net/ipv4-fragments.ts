/**
 * Fragments (RFC 791, 3.2): what is larger than a frame is cut, and what the guest has cut is put together. At most
 * DATAGRAMS_MAX at a time, for TIMEOUT_TICKS each; overlapping fragments cost the whole datagram (as RFC 5722 asks of
 * IPv6: nobody sends them honestly).
 */
import { TIMEBASE_HZ } from '../../bus/clock.ts';
import { buildIpv4, IPV4_HEADER_BYTES, IPV4_PACKET_MAX, type Ipv4Fields, type Ipv4Packet } from './ipv4.ts';

const DATAGRAMS_MAX = 8;
const PIECES_MAX = 64;
/** RFC 1122, 3.3.2: between 60 and 120 s is recommended; our link loses nothing, 15 s (RFC 791) are plenty. */
const TIMEOUT_TICKS = 15 * TIMEBASE_HZ;

/** The packets that carry `payload`, each at most `mtu` bytes. */
export function fragmentIpv4(fields: Omit<Ipv4Fields, 'fragment'>, payload: Uint8Array, mtu: number): Uint8Array[] {
  if (IPV4_HEADER_BYTES + payload.length <= mtu) return [buildIpv4(fields, payload)];
  const step = (mtu - IPV4_HEADER_BYTES) & ~7;
  const packets: Uint8Array[] = [];
  for (let offset = 0; offset < payload.length; offset += step) {
    const isLast = offset + step >= payload.length;
    packets.push(buildIpv4({ ...fields, fragment: { offset, isLast } }, payload.subarray(offset, offset + step)));
  }
  return packets;
}

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Datagram {
  readonly deadline: number;
  readonly pieces: Piece[];
  /** The whole's length, once its last fragment is here. */
  length: number | undefined;
}

export class Reassembly {
  /** By source, destination, protocol and id; oldest first. */
  private readonly datagrams = new Map<string, Datagram>();

  constructor(
    private readonly now: () => number,
    private readonly onDrop: (why: string) => void,
  ) {}

  /** The whole packet, when this fragment was the last one missing. */
  add(packet: Ipv4Packet): Ipv4Packet | undefined {
    this.dropOld();
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${packet.id}`;
    const end = packet.fragmentOffset + packet.payload.length;
    let datagram = this.datagrams.get(key);
    if (!datagram) {
      if (this.datagrams.size >= DATAGRAMS_MAX) this.drop(this.datagrams.keys().next().value!, 'too many at a time');
      datagram = { deadline: this.now() + TIMEOUT_TICKS, pieces: [], length: undefined };
      this.datagrams.set(key, datagram);
    }
    const why = complaint(datagram, packet, end);
    if (why !== undefined) {
      this.drop(key, why);
      return undefined;
    }
    // A repeated fragment adds nothing.
    if (!datagram.pieces.some(piece => piece.offset === packet.fragmentOffset))
      datagram.pieces.push({ offset: packet.fragmentOffset, bytes: packet.payload.slice() });
    if (!packet.hasMoreFragments) datagram.length = end;
    const here = datagram.pieces.reduce((n, piece) => n + piece.bytes.length, 0);
    if (here !== datagram.length) return undefined;
    this.datagrams.delete(key);
    const payload = new Uint8Array(here);
    for (const { offset, bytes } of datagram.pieces) payload.set(bytes, offset);
    const { source, destination, protocol, id } = packet;
    const whole = { source, destination, protocol, id, payload, bytes: buildIpv4(packet, payload) };
    return { ...whole, isFragment: false, hasMoreFragments: false, fragmentOffset: 0 };
  }

  reset(): void {
    this.datagrams.clear();
  }

  private dropOld(): void {
    const now = this.now();
    for (const [key, { deadline }] of this.datagrams) if (deadline <= now) this.drop(key, 'not complete in time');
  }

  private drop(key: string, why: string): void {
    this.datagrams.delete(key);
    this.onDrop(`IPv4: fragments of a datagram: ${why}`);
  }
}

/** Why this fragment and those before it make no datagram. */
function complaint(datagram: Datagram, packet: Ipv4Packet, end: number): string | undefined {
  const { fragmentOffset: offset, payload } = packet;
  if (end + IPV4_HEADER_BYTES > IPV4_PACKET_MAX) return 'longer than a packet may be';
  if (payload.length === 0) return 'an empty one';
  if (packet.hasMoreFragments && payload.length % 8 !== 0) return 'one that is not a multiple of 8 bytes';
  if (datagram.pieces.length >= PIECES_MAX) return 'too many';
  if (datagram.length !== undefined && (end > datagram.length || (!packet.hasMoreFragments && end !== datagram.length)))
    return 'one behind the last';
  for (const piece of datagram.pieces) {
    const pieceEnd = piece.offset + piece.bytes.length;
    if (!packet.hasMoreFragments && pieceEnd > end) return 'one behind the last';
    const isRepeated = piece.offset === offset && pieceEnd === end;
    if (!isRepeated && offset < pieceEnd && piece.offset < end) return 'two overlap';
  }
  return undefined;
}
