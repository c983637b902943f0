/** The TFTP server of a network without files (RFC 1350): each request is refused at once, so that a boot loader goes on. */
import { utf8, viewOf } from '../../base/bytes.ts';

export const TFTP_PORT = 69;

const RRQ = 1;
const WRQ = 2;
const ERROR = 5;
const ACCESS_VIOLATION = 2;

/** The answer to a request to read or write a file; undefined for anything else. */
export function refuseTransfer(request: Uint8Array): Uint8Array | undefined {
  if (request.length < 2 || ![RRQ, WRQ].includes(viewOf(request).getUint16(0))) return undefined;
  const text = utf8('Access violation\0');
  const answer = new Uint8Array(4 + text.length);
  viewOf(answer).setUint16(0, ERROR);
  viewOf(answer).setUint16(2, ACCESS_VIOLATION);
  answer.set(text, 4);
  return answer;
}
