/** Ethernet II frames (IEEE 802.3, clause 3, without the check sequence): the 14 bytes in front of everything. */
import { MAC_BYTES } from './addresses.ts';

export const EtherType = { Ipv4: 0x0800, Arp: 0x0806 } as const;

export const ETHERNET_HEADER_BYTES = 14;
/** What one frame carries (the MTU). */
export const ETHERNET_MTU = 1500;

export interface EthernetFrame {
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Undefined when it is too short to be one. Views, not copies. */
export function parseFrame(bytes: Uint8Array): EthernetFrame | undefined {
  if (bytes.length < ETHERNET_HEADER_BYTES) return undefined;
  return {
    destination: bytes.subarray(0, MAC_BYTES),
    source: bytes.subarray(MAC_BYTES, 2 * MAC_BYTES),
    type: (bytes[12]! << 8) | bytes[13]!,
    payload: bytes.subarray(ETHERNET_HEADER_BYTES),
  };
}

export function buildFrame(destination: Uint8Array, source: Uint8Array, type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_BYTES + payload.length);
  bytes.set(destination);
  bytes.set(source, MAC_BYTES);
  bytes[12] = type >>> 8;
  bytes[13] = type;
  bytes.set(payload, ETHERNET_HEADER_BYTES);
  return bytes;
}
