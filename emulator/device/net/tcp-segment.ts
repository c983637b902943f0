/** TCP segments (RFC 9293, 3.1): reading with every length checked, and writing. Of the options only the MSS counts. */
import { viewOf } from '../../base/bytes.ts';
import { finishChecksum, pseudoHeaderSum, sumWords } from './checksum.ts';
import { IpProtocol, type Ipv4Packet } from './ipv4.ts';
import type { Endpoint } from './config.ts';

export const Flag = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16 } as const;

const TCP_HEADER_BYTES = 20;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const OPTION_MSS_BYTES = 4;

export interface TcpSegment {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  /** The MSS option. */
  readonly mss?: number;
  readonly payload: Uint8Array;
}

export interface ReceivedSegment extends TcpSegment {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** How much of the sequence space it takes: SYN and FIN count one each. */
export function segmentLength({ payload, flags }: TcpSegment): number {
  return payload.length + (flags & Flag.Syn ? 1 : 0) + (flags & Flag.Fin ? 1 : 0);
}

/** The segment, or why it is none. */
export function parseTcp(packet: Ipv4Packet): ReceivedSegment | string {
  const { source, destination, payload: bytes } = packet;
  if (bytes.length < TCP_HEADER_BYTES) return `TCP: a segment of ${bytes.length} bytes`;
  const view = viewOf(bytes);
  const headerBytes = (bytes[12]! >>> 4) * 4;
  if (headerBytes < TCP_HEADER_BYTES || headerBytes > bytes.length)
    return `TCP: header of ${headerBytes}, segment of ${bytes.length} bytes`;
  if (checksumOf(source, destination, bytes) !== 0) return 'TCP: wrong checksum';
  const mss = readMss(bytes.subarray(TCP_HEADER_BYTES, headerBytes));
  return {
    source: { ip: source, port: view.getUint16(0) },
    destination: { ip: destination, port: view.getUint16(2) },
    seq: view.getUint32(4),
    ack: view.getUint32(8),
    flags: bytes[13]! & 0x3f,
    window: view.getUint16(14),
    ...(mss === undefined ? {} : { mss }),
    payload: bytes.subarray(headerBytes),
  };
}

export function buildTcp(source: Endpoint, destination: Endpoint, segment: TcpSegment): Uint8Array {
  const headerBytes = TCP_HEADER_BYTES + (segment.mss === undefined ? 0 : OPTION_MSS_BYTES);
  const bytes = new Uint8Array(headerBytes + segment.payload.length);
  const view = viewOf(bytes);
  view.setUint16(0, source.port);
  view.setUint16(2, destination.port);
  view.setUint32(4, segment.seq);
  view.setUint32(8, segment.ack);
  bytes[12] = (headerBytes / 4) << 4;
  bytes[13] = segment.flags;
  view.setUint16(14, segment.window);
  if (segment.mss !== undefined) {
    bytes[20] = OPTION_MSS;
    bytes[21] = OPTION_MSS_BYTES;
    view.setUint16(22, segment.mss);
  }
  bytes.set(segment.payload, headerBytes);
  view.setUint16(16, checksumOf(source.ip, destination.ip, bytes));
  return bytes;
}

function checksumOf(source: number, destination: number, bytes: Uint8Array): number {
  return finishChecksum(sumWords(bytes, pseudoHeaderSum(source, destination, IpProtocol.Tcp, bytes.length)));
}

function readMss(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length;) {
    const kind = options[at]!;
    if (kind === OPTION_END) return undefined;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (length < 2 || at + length > options.length) return undefined;
    if (kind === OPTION_MSS && length === OPTION_MSS_BYTES) return (options[at + 2]! << 8) | options[at + 3]!;
    at += length;
  }
  return undefined;
}
