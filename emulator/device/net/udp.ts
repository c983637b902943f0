/** UDP datagrams (RFC 768): reading and writing. */
import { viewOf } from '../../base/bytes.ts';
import { finishChecksum, pseudoHeaderSum, sumWords } from './checksum.ts';
import type { Endpoint } from './config.ts';
import { IpProtocol, IPV4_HEADER_BYTES, IPV4_PACKET_MAX, type Ipv4Packet } from './ipv4.ts';

const HEADER_BYTES = 8;
export const UDP_PAYLOAD_MAX = IPV4_PACKET_MAX - IPV4_HEADER_BYTES - HEADER_BYTES;

export interface UdpDatagram {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly payload: Uint8Array;
}

/** The datagram, or why it is none. */
export function parseUdp(packet: Ipv4Packet): UdpDatagram | string {
  const { source, destination, payload: bytes } = packet;
  if (bytes.length < HEADER_BYTES) return `UDP: a datagram of ${bytes.length} bytes`;
  const view = viewOf(bytes);
  const length = view.getUint16(4);
  if (length < HEADER_BYTES || length > bytes.length)
    return `UDP: length ${length} in a packet of ${bytes.length} bytes`;
  const whole = bytes.subarray(0, length);
  // 0 means that the sender made no checksum.
  const hasChecksum = view.getUint16(6) !== 0;
  if (hasChecksum && checksumOf(source, destination, whole) !== 0) return 'UDP: wrong checksum';
  return {
    source: { ip: source, port: view.getUint16(0) },
    destination: { ip: destination, port: view.getUint16(2) },
    payload: whole.subarray(HEADER_BYTES),
  };
}

/** Precondition: at most UDP_PAYLOAD_MAX bytes. */
export function buildUdp({ source, destination, payload }: UdpDatagram): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = viewOf(bytes);
  view.setUint16(0, source.port);
  view.setUint16(2, destination.port);
  view.setUint16(4, bytes.length);
  bytes.set(payload, HEADER_BYTES);
  // A checksum that comes out as 0 is sent as all ones.
  view.setUint16(6, checksumOf(source.ip, destination.ip, bytes) || 0xffff);
  return bytes;
}

function checksumOf(source: number, destination: number, bytes: Uint8Array): number {
  return finishChecksum(sumWords(bytes, pseudoHeaderSum(source, destination, IpProtocol.Udp, bytes.length)));
}
