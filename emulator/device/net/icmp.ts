/** ICMP (RFC 792): echo is answered; what cannot be delivered is answered with destination unreachable (RFC 1812, 5.2.7). */
import { viewOf } from '../../base/bytes.ts';
import { checksum } from './checksum.ts';
import { IPV4_HEADER_BYTES, IpProtocol, type Ipv4Packet } from './ipv4.ts';

const ECHO_REPLY = 0;
const DESTINATION_UNREACHABLE = 3;
const ECHO = 8;
const HEADER_BYTES = 8;
/** Of what could not be delivered, an error quotes this much behind its header (RFC 792). */
const QUOTED_BYTES = 8;

export const Unreachable = { Protocol: 2, Port: 3, Prohibited: 13 } as const;
export type Unreachable = (typeof Unreachable)[keyof typeof Unreachable];

/** The answer to an ICMP message for one of our addresses; undefined for what is not answered; or what is wrong with it. */
export function answerIcmp(message: Uint8Array): Uint8Array | undefined | string {
  if (message.length < HEADER_BYTES) return `ICMP: a message of ${message.length} bytes`;
  if (checksum(message) !== 0) return 'ICMP: wrong checksum';
  if (message[0] !== ECHO || message[1] !== 0) return undefined;
  const reply = message.slice();
  reply[0] = ECHO_REPLY;
  return withChecksum(reply);
}

/** The error about `packet`; undefined where there must be none (RFC 1122, 3.2.2): about ICMP errors, for one. */
export function unreachable(code: Unreachable, packet: Ipv4Packet): Uint8Array | undefined {
  if (packet.protocol === IpProtocol.Icmp && packet.payload[0] !== ECHO) return undefined;
  const headerBytes = packet.bytes.length - packet.payload.length;
  const quoted = packet.bytes.subarray(0, Math.max(IPV4_HEADER_BYTES, headerBytes) + QUOTED_BYTES);
  const message = new Uint8Array(HEADER_BYTES + quoted.length);
  message[0] = DESTINATION_UNREACHABLE;
  message[1] = code;
  message.set(quoted, HEADER_BYTES);
  return withChecksum(message);
}

function withChecksum(message: Uint8Array): Uint8Array {
  const view = viewOf(message);
  view.setUint16(2, 0);
  view.setUint16(2, checksum(message));
  return message;
}
