/** Checksums against accidents, not against forgers: CRC-32 (IEEE 802.3, as in gzip), and a wide one for whole disks. */
import { viewOf } from './bytes.ts';

const POLYNOMIAL = 0xedb8_8320;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** @param seed the CRC of what stands in front */
export function crc32(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

const LANES = 4;
const PRIME_A = 0x9e37_79b1;
const PRIME_B = 0x85eb_ca77;
const PRIME_C = 0xc2b2_ae3d;

/** 128 bits over a stream of any length, many times faster than a CRC. Every piece but the last is a multiple of 16 bytes. */
export class WideHash {
  private readonly lanes = Int32Array.of(PRIME_A, PRIME_B, PRIME_C, PRIME_A ^ PRIME_B);
  private length = 0;

  push(piece: Uint8Array): void {
    const { lanes } = this;
    const view = viewOf(piece);
    const whole = piece.length - (piece.length % (4 * LANES));
    let [a, b, c, d] = lanes as unknown as [number, number, number, number];
    for (let at = 0; at < whole; at += 4 * LANES) {
      a = mix(a, view.getInt32(at, true));
      b = mix(b, view.getInt32(at + 4, true));
      c = mix(c, view.getInt32(at + 8, true));
      d = mix(d, view.getInt32(at + 12, true));
    }
    for (let at = whole; at < piece.length; at++) a = mix(a, piece[at]!);
    lanes.set([a, b, c, d]);
    this.length += piece.length;
  }

  /** 32 hexadecimal digits. */
  finish(): string {
    let sum = Math.imul(this.length | 0, PRIME_A) ^ Math.floor(this.length / 2 ** 32);
    return Array.from(this.lanes, lane => {
      sum = mix(sum, lane);
      sum = Math.imul(sum ^ (sum >>> 15), PRIME_C);
      sum ^= sum >>> 13;
      return (sum >>> 0).toString(16).padStart(8, '0');
    }).join('');
  }
}

function mix(lane: number, word: number): number {
  const sum = (lane + Math.imul(word, PRIME_B)) | 0;
  return Math.imul((sum << 13) | (sum >>> 19), PRIME_A);
}
