/** IPv4 addresses (as unsigned 32-bit numbers) and MAC addresses (6 bytes): reading, writing, and what kind one is. */

export const BROADCAST_MAC: Uint8Array = Uint8Array.of(255, 255, 255, 255, 255, 255);
export const BROADCAST_IP = 0xffff_ffff;
export const UNSPECIFIED_IP = 0;
export const MAC_BYTES = 6;

/** `10.0.2.15`; undefined when it is none. */
export function parseIp(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  const bytes = match.slice(1).map(Number);
  if (bytes.some(byte => byte > 255)) return undefined;
  return bytes.reduce((ip, byte) => ip * 256 + byte, 0);
}

export function formatIp(ip: number): string {
  return [24, 16, 8, 0].map(shift => (ip >>> shift) & 0xff).join('.');
}

/** `52:54:00:12:34:56`; undefined when it is none, or a group address. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)) return undefined;
  const mac = Uint8Array.from(text.split(':'), byte => Number.parseInt(byte, 16));
  return isGroupMac(mac) ? undefined : mac;
}

export function formatMac(mac: Uint8Array): string {
  return [...mac].map(byte => byte.toString(16).padStart(2, '0')).join(':');
}

/** Multicast or broadcast: no station's own address. */
export function isGroupMac(mac: Uint8Array): boolean {
  return (mac[0]! & 1) !== 0;
}

export function isSameMac(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < MAC_BYTES; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function isLoopback(ip: number): boolean {
  return ip >>> 24 === 127;
}

/** 224.0.0.0/4 and 240.0.0.0/4: never an answerable source (RFC 1122, 3.2.1.3). */
export function isMulticastOrReserved(ip: number): boolean {
  return ip >>> 28 >= 14;
}

export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0;
}
