/** Packet captures in the format of libpcap (draft-ietf-opsawg-pcap): what `-object filter-dump` writes. */
import { viewOf } from '../../base/bytes.ts';

const MAGIC_MICROSECONDS = 0xa1b2_c3d4;
const LINKTYPE_ETHERNET = 1;
const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;
/** QEMU's `maxlen`. */
const PCAP_LENGTH_MAX = 65_536;

/** Takes pieces of a file, in order. */
export type ByteSink = (bytes: Uint8Array) => void;

export class PcapWriter {
  /** @param lengthMax of each frame, so much is kept */
  constructor(
    private readonly sink: ByteSink,
    private readonly lengthMax = PCAP_LENGTH_MAX,
  ) {
    const header = new Uint8Array(FILE_HEADER_BYTES);
    const view = viewOf(header);
    view.setUint32(0, MAGIC_MICROSECONDS, true);
    view.setUint16(4, 2, true); // version 2.4
    view.setUint16(6, 4, true);
    view.setUint32(16, lengthMax, true);
    view.setUint32(20, LINKTYPE_ETHERNET, true);
    sink(header);
  }

  /** @param timeUs since 1970 */
  frame(timeUs: number, bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.lengthMax);
    const record = new Uint8Array(PACKET_HEADER_BYTES + kept.length);
    const view = viewOf(record);
    view.setUint32(0, Math.floor(timeUs / 1e6), true);
    view.setUint32(4, Math.floor(timeUs % 1e6), true);
    view.setUint32(8, kept.length, true);
    view.setUint32(12, bytes.length, true);
    record.set(kept, PACKET_HEADER_BYTES);
    this.sink(record);
  }
}
