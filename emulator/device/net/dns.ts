/** The name server of a network without an outside (RFC 1035, 4.1.1): every query is REFUSED, at once. */
import { viewOf } from '../../base/bytes.ts';

export const DNS_PORT = 53;

const HEADER_BYTES = 12;
const QR = 0x8000;
const OPCODE = 0x7800;
const RD = 0x0100;
const RCODE_REFUSED = 5;
const QDCOUNT = 4;
/** A question without answers needs no more (RFC 1035, 4.2.1). */
const MESSAGE_MAX = 512;
const LABEL_MAX = 63;

/** The answer to a query; undefined for what is none. */
export function refuseQuery(query: Uint8Array): Uint8Array | undefined {
  if (query.length < HEADER_BYTES || query.length > MESSAGE_MAX) return undefined;
  const flags = viewOf(query).getUint16(2);
  if (flags & QR) return undefined;
  const end = viewOf(query).getUint16(QDCOUNT) === 1 ? questionEnd(query) : undefined;
  const answer = new Uint8Array(end ?? HEADER_BYTES);
  const view = viewOf(answer);
  answer.set(query.subarray(0, answer.length));
  view.setUint16(2, QR | (flags & (OPCODE | RD)) | RCODE_REFUSED);
  // The question is repeated; whatever else the query counted is not there.
  [end === undefined ? 0 : 1, 0, 0, 0].forEach((count, i) => view.setUint16(QDCOUNT + 2 * i, count));
  return answer;
}

/** Where the first question ends: labels, then type and class. */
function questionEnd(query: Uint8Array): number | undefined {
  for (let at = HEADER_BYTES; at < query.length;) {
    const length = query[at]!;
    if (length > LABEL_MAX) return undefined;
    at += 1 + length;
    if (length === 0) return at + 4 <= query.length ? at + 4 : undefined;
  }
  return undefined;
}
