/** Little-endian access to byte arrays and conversions between bytes and text. */

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** 2^32, for splitting and joining 64-bit quantities that are known to fit 53 bits. */
export const TWO_32 = 0x1_0000_0000;

/** The high 32 bits of a non-negative safe integer. The low 32 are `value >>> 0`. */
export function highWord(value: number): number {
  return Math.floor(value / TWO_32) >>> 0;
}

/** Joins two 32-bit halves; exact up to 2^53. */
export function joinWords(lo: number, hi: number): number {
  return (hi >>> 0) * TWO_32 + (lo >>> 0);
}

/** `value` with its low, or its high, 32 bits replaced. */
export function withLowWord(value: number, lo: number): number {
  return joinWords(lo, Math.floor(value / TWO_32));
}
export function withHighWord(value: number, hi: number): number {
  return joinWords(value % TWO_32, hi);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** `0x8000_0000` style is for source; guests and users read plain lower-case hex. */
export function hex(value: number | bigint, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
