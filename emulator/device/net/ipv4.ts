/** IPv4 packets (RFC 791): reading with every length checked, and writing. Options are skipped, as a host may. */
import { viewOf } from '../../base/bytes.ts';
import { checksum } from './checksum.ts';

export const IpProtocol = { Icmp: 1, Tcp: 6, Udp: 17 } as const;

export const IPV4_HEADER_BYTES = 20;
export const IPV4_PACKET_MAX = 65535;
const TTL = 64;
const FLAG_MORE_FRAGMENTS = 0x2000;
const FLAG_DONT_FRAGMENT = 0x4000;
const FRAGMENT_OFFSET = 0x1fff;

export interface Ipv4Packet {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly id: number;
  readonly isFragment: boolean;
  readonly hasMoreFragments: boolean;
  /** Of the payload in the whole, in bytes. */
  readonly fragmentOffset: number;
  readonly payload: Uint8Array;
  /** Everything, header included: what an ICMP error quotes. */
  readonly bytes: Uint8Array;
}

/** The packet, or why it is none. */
export function parseIpv4(bytes: Uint8Array): Ipv4Packet | string {
  if (bytes.length < IPV4_HEADER_BYTES) return `IPv4: a packet of ${bytes.length} bytes`;
  const view = viewOf(bytes);
  const version = bytes[0]! >>> 4;
  const headerBytes = (bytes[0]! & 15) * 4;
  const length = view.getUint16(2);
  if (version !== 4) return `IPv4: version ${version}`;
  if (headerBytes < IPV4_HEADER_BYTES || headerBytes > length || length > bytes.length)
    return `IPv4: header of ${headerBytes}, packet of ${length}, frame of ${bytes.length} bytes`;
  if (checksum(bytes.subarray(0, headerBytes)) !== 0) return 'IPv4: wrong header checksum';
  const fragment = view.getUint16(6);
  const fragmentOffset = (fragment & FRAGMENT_OFFSET) * 8;
  const hasMoreFragments = (fragment & FLAG_MORE_FRAGMENTS) !== 0;
  return {
    source: view.getUint32(12),
    destination: view.getUint32(16),
    protocol: bytes[9]!,
    id: view.getUint16(4),
    isFragment: hasMoreFragments || fragmentOffset > 0,
    hasMoreFragments,
    fragmentOffset,
    payload: bytes.subarray(headerBytes, length),
    bytes: bytes.subarray(0, length),
  };
}

export interface Ipv4Fields {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly id: number;
  /** A fragment's place; absent: a packet that must not be fragmented. */
  readonly fragment?: { readonly offset: number; readonly isLast: boolean };
}

/** Precondition: header and payload fit IPV4_PACKET_MAX. */
export function buildIpv4(fields: Ipv4Fields, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER_BYTES + payload.length);
  const view = viewOf(bytes);
  const { fragment } = fields;
  bytes[0] = 0x45;
  view.setUint16(2, bytes.length);
  view.setUint16(4, fields.id);
  view.setUint16(
    6,
    fragment ? (fragment.offset / 8) | (fragment.isLast ? 0 : FLAG_MORE_FRAGMENTS) : FLAG_DONT_FRAGMENT,
  );
  bytes[8] = TTL;
  bytes[9] = fields.protocol;
  view.setUint32(12, fields.source);
  view.setUint32(16, fields.destination);
  view.setUint16(10, checksum(bytes.subarray(0, IPV4_HEADER_BYTES)));
  bytes.set(payload, IPV4_HEADER_BYTES);
  return bytes;
}
