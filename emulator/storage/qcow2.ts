/**
 * qcow2 images, versions 2 and 3, read-only (QEMU's docs/interop/qcow2: header, L1 and L2 tables, deflated and zero
 * clusters). Internal snapshots are passed over: the active state is read. Refused by name: encryption, an external data
 * file, a dirty or corrupt image, compression other than deflate, extended L2 entries, a backing file (the caller may
 * follow it: `backing`). Nothing of the file is trusted: every length and offset is checked against the file's own size.
 */
import { fromUtf8, hex, viewOf } from '../base/bytes.ts';
import { UserError } from '../base/user-error.ts';
import type { BlockBackend } from './block-backend.ts';
import { SECTOR_SIZE } from './block-backend.ts';

const MAGIC = 0x5146_49fb; // "QFI\xfb"
const HEADER_V2_BYTES = 72;
const HEADER_V3_BYTES = 104;
const CLUSTER_BITS_MIN = 9;
const CLUSTER_BITS_MAX = 21;
/** QEMU's own limits: 32 MiB of L1 table, 1023 bytes of name. */
const L1_BYTES_MAX = 32 * 1024 * 1024;
const BACKING_NAME_MAX = 1023;
const ENTRY_BYTES = 8;
const L2_CACHE_TABLES = 64;
const INFLATED_CACHE_CLUSTERS = 16;

/** Bits 9 to 55 of an entry. */
const OFFSET_HIGH_MASK = 0x00ff_ffff;
const OFFSET_LOW_MASK = 0xffff_fe00;
const L2_COMPRESSED = 0x4000_0000; // bit 62, in the high word
const L2_ZERO = 1; // bit 0, in the low word; version 3
const TWO_32 = 2 ** 32;

/** Incompatible feature bits: one who does not know them cannot read the image. */
const INCOMPATIBLE = [
  { bit: 0, what: 'it is dirty: a program that wrote to it was not closed', hint: 'repair it: qemu-img check -r all' },
  { bit: 1, what: 'it is marked as corrupt', hint: 'repair it: qemu-img check -r all' },
  { bit: 2, what: 'its data is in an external file', hint: 'convert it: qemu-img convert -O qcow2' },
  { bit: 3, what: '', hint: '' }, // another compression: its type says which
  { bit: 4, what: 'it has extended L2 entries (subclusters)', hint: 'convert it: qemu-img convert -O qcow2' },
] as const;
const COMPRESSIONS = ['deflate', 'zstd'];
const COMPRESSION_DEFLATE = 0;
const ENCRYPTIONS = ['none', 'AES', 'LUKS'];

export interface Qcow2Backing {
  /** As the image has it: relative to where the image lies. */
  readonly name: string;
  readonly format: string | undefined;
}

/** Expands raw deflate data to at most `size` bytes; throws when it is damaged. */
export type Inflate = (data: Uint8Array, size: number) => Uint8Array;

export function isQcow2(start: Uint8Array): boolean {
  return start.length >= 4 && viewOf(start).getUint32(0) === MAGIC;
}

interface Header {
  readonly version: number;
  readonly clusterBits: number;
  readonly sizeBytes: number;
  readonly l1Entries: number;
  readonly l1At: number;
  readonly backing: Qcow2Backing | undefined;
}

export class Qcow2Image implements BlockBackend {
  readonly isReadOnly = true;
  readonly sizeBytes: number;
  readonly label: string;
  readonly clusterBytes: number;
  private readonly header: Header;
  private readonly l1: DataView;
  private readonly backing: BlockBackend | undefined;
  private readonly l2Tables = new Map<number, DataView>();
  private readonly inflated = new Map<number, Uint8Array>();

  /** @param openBacking follows the image's backing file; absent: an image with one is refused */
  constructor(
    private readonly file: BlockBackend,
    private readonly inflate: Inflate,
    openBacking?: (backing: Qcow2Backing) => BlockBackend,
  ) {
    this.label = file.label ?? 'in memory';
    this.header = this.readHeader();
    const { clusterBits, sizeBytes, l1Entries, l1At, backing } = this.header;
    this.sizeBytes = sizeBytes;
    this.clusterBytes = 2 ** clusterBits;
    this.l1 = viewOf(this.fileBytes(l1At, l1Entries * ENTRY_BYTES, 'its L1 table'));
    if (!backing) return;
    if (!openBacking) {
      throw this.bad(`it has a backing file (${backing.name})`, 'make one image of both: qemu-img convert -O qcow2');
    }
    this.backing = openBacking(backing);
  }

  read(offset: number, target: Uint8Array): void {
    for (let at = 0; at < target.length;) {
      const within = (offset + at) % this.clusterBytes;
      const length = Math.min(this.clusterBytes - within, target.length - at);
      this.readInCluster(Math.floor((offset + at) / this.clusterBytes), within, target.subarray(at, at + length));
      at += length;
    }
  }

  write(): void {
    throw new Error(`${this.label}: qcow2 images are read-only`);
  }
  flush(): void {}

  private readInCluster(cluster: number, within: number, target: Uint8Array): void {
    const l2Entries = this.clusterBytes / ENTRY_BYTES;
    const l2At = entryOffset(this.l1, Math.floor(cluster / l2Entries));
    const table = l2At === 0 ? undefined : this.l2Table(l2At);
    const index = cluster % l2Entries;
    const high = table?.getUint32(index * ENTRY_BYTES) ?? 0;
    const low = table?.getUint32(index * ENTRY_BYTES + 4) ?? 0;
    if ((high & L2_COMPRESSED) !== 0) {
      target.set(this.compressedCluster(cluster, high, low).subarray(within, within + target.length));
      return;
    }
    if (this.header.version >= 3 && (low & L2_ZERO) !== 0) {
      target.fill(0);
      return;
    }
    const dataAt = table ? entryOffset(table, index) : 0;
    if (dataAt === 0) this.readBacking(cluster * this.clusterBytes + within, target);
    else this.readData(dataAt, within, target);
  }

  /** The last cluster of the file may be cut short: the rest of it is zero. */
  private readData(dataAt: number, within: number, target: Uint8Array): void {
    if (dataAt % this.clusterBytes !== 0) throw this.broken(`a cluster at ${hex(dataAt)}, which is not aligned`);
    const start = dataAt + within;
    if (start >= alignedEnd(this.file.sizeBytes, this.clusterBytes))
      throw this.broken(`a cluster at ${hex(dataAt)} is behind its end`);
    const present = Math.max(0, Math.min(target.length, this.file.sizeBytes - start));
    if (present > 0) this.file.read(start, target.subarray(0, present));
    target.fill(0, present);
  }

  /** A shorter backing file is followed by zeroes. */
  private readBacking(offset: number, target: Uint8Array): void {
    const present = this.backing ? Math.max(0, Math.min(target.length, this.backing.sizeBytes - offset)) : 0;
    if (present > 0) this.backing!.read(offset, target.subarray(0, present));
    target.fill(0, present);
  }

  /** Bits 0 to x-1 of the entry: where, to the byte; x to 61: how many more sectors; x = 62 - (cluster bits - 8). */
  private compressedCluster(cluster: number, high: number, low: number): Uint8Array {
    const known = this.inflated.get(cluster);
    if (known) return known;
    const offsetHighBits = 62 - (this.header.clusterBits - 8) - 32;
    const start = (high & (2 ** offsetHighBits - 1)) * TWO_32 + low;
    const sectors = (high & 0x3fff_ffff) >>> offsetHighBits;
    const end = Math.min(start - (start % SECTOR_SIZE) + (sectors + 1) * SECTOR_SIZE, this.file.sizeBytes);
    if (start >= end) throw this.broken(`a compressed cluster at ${hex(start)} is behind its end`);
    let data: Uint8Array;
    try {
      data = this.inflate(this.fileBytes(start, end - start, 'a compressed cluster'), this.clusterBytes);
    } catch {
      throw this.broken(`a compressed cluster at ${hex(start)} does not expand`);
    }
    if (data.length !== this.clusterBytes)
      throw this.broken(`a compressed cluster at ${hex(start)} expands to ${data.length} bytes`);
    remember(this.inflated, cluster, data, INFLATED_CACHE_CLUSTERS);
    return data;
  }

  private l2Table(at: number): DataView {
    const known = this.l2Tables.get(at);
    if (known) return known;
    if (at % this.clusterBytes !== 0) throw this.broken(`an L2 table at ${hex(at)}, which is not aligned`);
    const table = viewOf(this.fileBytes(at, this.clusterBytes, 'an L2 table'));
    remember(this.l2Tables, at, table, L2_CACHE_TABLES);
    return table;
  }

  private readHeader(): Header {
    const { file } = this;
    const start = new Uint8Array(Math.min(HEADER_V3_BYTES + ENTRY_BYTES, file.sizeBytes));
    file.read(0, start);
    if (!isQcow2(start)) throw this.bad('not a qcow2 image', 'give format=raw for a raw one');
    if (start.length < HEADER_V2_BYTES) throw this.broken('its header is cut off');
    const view = viewOf(start);
    const version = view.getUint32(4);
    if (version !== 2 && version !== 3)
      throw this.bad(`qcow2 version ${version}`, 'convert it to version 3: qemu-img convert -O qcow2');
    const clusterBits = view.getUint32(20);
    if (clusterBits < CLUSTER_BITS_MIN || clusterBits > CLUSTER_BITS_MAX)
      throw this.broken(`clusters of 2^${clusterBits} bytes`);
    const crypt = view.getUint32(32);
    if (crypt !== 0) {
      throw this.bad(
        `it is encrypted (${ENCRYPTIONS[crypt] ?? crypt})`,
        'convert it without: qemu-img convert -O qcow2',
      );
    }
    if (version === 3) this.checkFeatures(start);
    const sizeBytes = u64(view, 24);
    if (sizeBytes === 0 || sizeBytes % SECTOR_SIZE !== 0 || !Number.isSafeInteger(sizeBytes))
      throw this.broken(`a disk of ${sizeBytes} bytes`);
    const l1Entries = view.getUint32(36);
    const l1At = u64(view, 40);
    const bytesPerL1Entry = 2 ** clusterBits * (2 ** clusterBits / ENTRY_BYTES);
    if (l1Entries * ENTRY_BYTES > L1_BYTES_MAX || l1Entries < Math.ceil(sizeBytes / bytesPerL1Entry))
      throw this.broken(`an L1 table of ${l1Entries} entries for ${sizeBytes} bytes`);
    return { version, clusterBits, sizeBytes, l1Entries, l1At, backing: this.readBackingName(view, version) };
  }

  private checkFeatures(start: Uint8Array): void {
    if (start.length < HEADER_V3_BYTES) throw this.broken('its header is cut off');
    const view = viewOf(start);
    const high = view.getUint32(72);
    const low = view.getUint32(76);
    const headerBytes = view.getUint32(100);
    if (headerBytes < HEADER_V3_BYTES || headerBytes % ENTRY_BYTES !== 0 || headerBytes > this.file.sizeBytes)
      throw this.broken(`a header of ${headerBytes} bytes`);
    for (const { bit, what, hint } of INCOMPATIBLE) if (what !== '' && (low >>> bit) & 1) throw this.bad(what, hint);
    const unknown = low >>> INCOMPATIBLE.length;
    if (unknown !== 0 || high !== 0) {
      const bit = unknown !== 0 ? INCOMPATIBLE.length + lowestBit(unknown) : 32 + lowestBit(high);
      throw this.bad(`its incompatible feature bit ${bit} is not known here`, 'convert it: qemu-img convert -O qcow2');
    }
    const type = headerBytes > HEADER_V3_BYTES ? (start[HEADER_V3_BYTES] ?? 0) : COMPRESSION_DEFLATE;
    if (type !== COMPRESSION_DEFLATE) {
      throw this.bad(
        `its clusters are compressed with ${COMPRESSIONS[type] ?? `method ${type}`}, not deflate`,
        'convert it: qemu-img convert -O qcow2 -o compression_type=zlib',
      );
    }
  }

  private readBackingName(view: DataView, version: number): Qcow2Backing | undefined {
    const at = u64(view, 8);
    const length = view.getUint32(16);
    if (at === 0) return undefined;
    if (length === 0 || length > BACKING_NAME_MAX) throw this.broken(`a backing file name of ${length} bytes`);
    const name = fromUtf8(this.fileBytes(at, length, 'its backing file name'));
    return { name, format: this.backingFormat(version === 3 ? view.getUint32(100) : HEADER_V2_BYTES, at) };
  }

  /** The header extension 0xe2792aca. @param end where the extensions end at the latest */
  private backingFormat(from: number, end: number): string | undefined {
    for (let at = from; at + ENTRY_BYTES <= end;) {
      const head = viewOf(this.fileBytes(at, ENTRY_BYTES, 'a header extension'));
      const type = head.getUint32(0);
      const length = head.getUint32(4);
      if (type === 0) return undefined;
      if (at + ENTRY_BYTES + length > end) throw this.broken(`a header extension of ${length} bytes`);
      if (type === 0xe279_2aca) return fromUtf8(this.fileBytes(at + ENTRY_BYTES, length, 'a header extension'));
      at += ENTRY_BYTES + Math.ceil(length / ENTRY_BYTES) * ENTRY_BYTES;
    }
    return undefined;
  }

  private fileBytes(at: number, length: number, what: string): Uint8Array {
    if (!(at + length <= this.file.sizeBytes))
      throw this.broken(`${what} at ${hex(at)} is behind its end (${hex(this.file.sizeBytes)})`);
    const bytes = new Uint8Array(length);
    this.file.read(at, bytes);
    return bytes;
  }

  private broken(what: string): UserError {
    return this.bad(`damaged: ${what}`, 'look at it with qemu-img check, or make it again');
  }

  private bad(what: string, hint: string): UserError {
    return new UserError(`drive ${this.label}: ${what}`, hint);
  }
}

function u64(view: DataView, at: number): number {
  return view.getUint32(at) * TWO_32 + view.getUint32(at + 4);
}

function entryOffset(table: DataView, index: number): number {
  const at = index * ENTRY_BYTES;
  return (table.getUint32(at) & OFFSET_HIGH_MASK) * TWO_32 + ((table.getUint32(at + 4) & OFFSET_LOW_MASK) >>> 0);
}

const alignedEnd = (size: number, unit: number): number => Math.ceil(size / unit) * unit;

const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);

/** The oldest one makes room. */
function remember<V>(cache: Map<number, V>, key: number, value: V, limit: number): void {
  if (cache.size >= limit) cache.delete(cache.keys().next().value!);
  cache.set(key, value);
}
