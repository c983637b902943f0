/**
 * Packets of the gdb remote serial protocol (gdb manual, appendix E, "Overview"): `$payload#checksum`, acknowledged by `+`
 * or `-` until both sides agree not to. A payload is a string of characters below 256, one for each byte, unescaped.
 */

/** What arrives between packets. */
export interface PacketSink {
  packet(payload: string): void;
  /** The checksum was wrong. */
  garbled(): void;
  /** The other side wants the last packet again. */
  again(): void;
  /** Ctrl-C. */
  interrupt(): void;
}

const INTERRUPT = 0x03;
const START = '$'.charCodeAt(0);
const END = '#'.charCodeAt(0);
const ESCAPE = '}'.charCodeAt(0);
const NACK = '-'.charCodeAt(0);
const ESCAPE_XOR = 0x20;
/** The longest payload that we take; gdb is told so. */
export const PACKET_MAX = 0x4000;

/** Takes bytes as they come apart; what is not part of a packet is skipped. */
export class PacketReader {
  private payload: number[] = [];
  private sum = 0;
  private state: 'outside' | 'inside' | 'escaped' | 'first digit' | 'second digit' = 'outside';
  private digits = '';

  constructor(private readonly sink: PacketSink) {}

  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.take(byte);
  }

  private take(byte: number): void {
    switch (this.state) {
      case 'outside':
        if (byte === START) this.begin();
        else if (byte === INTERRUPT) this.sink.interrupt();
        else if (byte === NACK) this.sink.again();
        break;
      case 'inside':
        if (byte === END) this.state = 'first digit';
        else if (byte === START) this.begin();
        else if (byte === ESCAPE) this.add(byte, 'escaped');
        else this.add(byte, 'inside', byte);
        break;
      case 'escaped':
        this.add(byte, 'inside', byte ^ ESCAPE_XOR);
        break;
      case 'first digit':
        this.digits = String.fromCharCode(byte);
        this.state = 'second digit';
        break;
      case 'second digit':
        this.state = 'outside';
        this.digits += String.fromCharCode(byte);
        this.finish();
    }
  }

  private begin(): void {
    this.payload = [];
    this.sum = 0;
    this.state = 'inside';
  }

  /** A payload that is too long is forgotten, and so answered as garbled. */
  private add(byte: number, state: 'inside' | 'escaped', meant?: number): void {
    this.sum = (this.sum + byte) & 0xff;
    this.state = state;
    if (meant !== undefined && this.payload.length <= PACKET_MAX) this.payload.push(meant);
  }

  private finish(): void {
    const isGood = /^[0-9a-f]{2}$/i.test(this.digits) && parseInt(this.digits, 16) === this.sum;
    if (isGood && this.payload.length <= PACKET_MAX) this.sink.packet(fromBytes(this.payload));
    else this.sink.garbled();
  }
}

/** The bytes of a packet with this payload. */
export function frame(payload: string): Uint8Array {
  const escaped = payload.replace(/[$#}*]/g, c => `}${String.fromCharCode(c.charCodeAt(0) ^ ESCAPE_XOR)}`);
  const body = toBytes(escaped);
  const sum = body.reduce((total, byte) => (total + byte) & 0xff, 0);
  return toBytes(`$${escaped}#${sum.toString(16).padStart(2, '0')}`);
}

export function toBytes(text: string): Uint8Array {
  return Uint8Array.from(text, c => c.charCodeAt(0));
}

/** One character a byte. */
export function fromBytes(bytes: Iterable<number>): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export function toHex(bytes: Iterable<number>): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Undefined when it is not pairs of digits. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** A number of at most 64 bits in hexadecimal, as addresses and lengths are written. */
export function parseHex(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** A register's value: its bytes in the target's order. */
export function valueToHex(value: bigint, bytes = 8): string {
  return toHex(Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)));
}

/** Undefined when it is not that many bytes. */
export function valueFromHex(text: string, length = 8): bigint | undefined {
  const bytes = text.length === 2 * length ? fromHex(text) : undefined;
  return bytes?.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
