/**
 * The container of a snapshot file (docs/snapshots.md): a header, then named sections, each with a version, a length and
 * checksums, the last one `end`. Knows nothing of machines. `readSections` has looked at every byte of the file when it
 * returns: a damaged one is refused by the name of the section.
 */
import { deflateSync, inflateSync } from 'fflate';
import { assert } from '../../base/assert.ts';
import { concatBytes, fromUtf8, utf8, viewOf } from '../../base/bytes.ts';
import { crc32 } from '../../base/checksum.ts';
import { UserError } from '../../base/user-error.ts';

const FORMAT_VERSION = 1;
/** Not text, and not what a transfer as text would leave: as PNG's signature. */
const MAGIC = Uint8Array.of(0x89, 0x53, 0x54, 0x52, 0x41, 0x0d, 0x0a, 0x1a); // .STRA...
const FILE_HEADER_BYTES = MAGIC.length + 8;
/** Behind the name: version, flags, raw length, stored length, CRC of the data, CRC of this header. */
const HEADER_TAIL_BYTES = 4 + 1 + 4 + 4 + 4 + 4;
const NAME_MAX = 200;
const FLAG_DEFLATED = 1;
/** A reader that does not know the section passes over it. */
const FLAG_OPTIONAL = 2;
const KNOWN_FLAGS = FLAG_DEFLATED | FLAG_OPTIONAL;
/** Deflate cannot do better; more is a lie that would cost memory. */
const DEFLATE_RATIO_MAX = 1040;
/** Short ones gain nothing. */
const DEFLATE_FROM_BYTES = 64;
/** fflate's fastest level that still finds long matches: RAM is mostly zeros and code. */
const DEFLATE_LEVEL = 1;
export const END = 'end';

export interface SectionData {
  readonly name: string;
  readonly version: number;
  readonly isOptional?: boolean;
  readonly data: Uint8Array;
}

/** A section of a file whose checksums are right. */
export interface Section {
  readonly name: string;
  readonly version: number;
  readonly isOptional: boolean;
  /** Expanded at each call. Data that does not expand to its length is a UserError. */
  data(): Uint8Array;
}

export function fileHeader(): Uint8Array {
  const out = new Uint8Array(FILE_HEADER_BYTES);
  out.set(MAGIC);
  const view = viewOf(out);
  view.setUint32(MAGIC.length, FORMAT_VERSION, true);
  view.setUint32(MAGIC.length + 4, crc32(out.subarray(0, MAGIC.length + 4)), true);
  return out;
}

export function encodeSection({ name, version, isOptional = false, data }: SectionData): Uint8Array {
  const nameBytes = utf8(name);
  assert(nameBytes.length > 0 && nameBytes.length <= NAME_MAX, `section name of ${nameBytes.length} bytes`);
  const deflated = data.length < DEFLATE_FROM_BYTES ? data : deflateSync(data, { level: DEFLATE_LEVEL });
  const isDeflated = deflated.length < data.length;
  const stored = isDeflated ? deflated : data;
  const header = new Uint8Array(1 + nameBytes.length + HEADER_TAIL_BYTES);
  const view = viewOf(header);
  header[0] = nameBytes.length;
  header.set(nameBytes, 1);
  const at = 1 + nameBytes.length;
  view.setUint32(at, version, true);
  header[at + 4] = (isDeflated ? FLAG_DEFLATED : 0) | (isOptional ? FLAG_OPTIONAL : 0);
  view.setUint32(at + 5, data.length, true);
  view.setUint32(at + 9, stored.length, true);
  view.setUint32(at + 13, crc32(stored), true);
  view.setUint32(at + 17, crc32(header.subarray(0, at + 17)), true);
  return concatBytes([header, stored]);
}

/** Says that the snapshot cannot be used, and because of which section. */
export function refuse(section: string, what: string, hint = 'take the snapshot again'): UserError {
  return new UserError(`snapshot: section ${section}: ${what}`, hint);
}

/** The sections in their order, without `end`. */
export function readSections(file: Uint8Array): Section[] {
  checkFileHeader(file);
  const sections: Section[] = [];
  const names = new Set<string>();
  for (let at = FILE_HEADER_BYTES; ;) {
    const { section, next } = readSection(file, at, sections.at(-1)?.name ?? 'the file header');
    at = next;
    if (names.has(section.name)) throw refuse(section.name, 'is there twice');
    names.add(section.name);
    if (section.name !== END) {
      sections.push(section);
      continue;
    }
    if (at !== file.length) throw refuse(END, `${file.length - at} bytes follow it`);
    return sections;
  }
}

function checkFileHeader(file: Uint8Array): void {
  if (file.length < FILE_HEADER_BYTES || MAGIC.some((byte, i) => file[i] !== byte)) {
    throw new UserError('snapshot: not a snapshot file (section header: wrong magic)', 'name a file that savevm wrote');
  }
  const view = viewOf(file);
  if (view.getUint32(MAGIC.length + 4, true) !== crc32(file.subarray(0, MAGIC.length + 4)))
    throw refuse('header', 'damaged: its checksum is wrong');
  const version = view.getUint32(MAGIC.length, true);
  if (version !== FORMAT_VERSION) throw wrongVersion('header', version, FORMAT_VERSION);
}

export function wrongVersion(section: string, version: number, known: number): UserError {
  const age = version > known ? 'newer than' : 'older than';
  return refuse(
    section,
    `version ${version} is ${age} what this program reads (${known})`,
    'use the program that took it',
  );
}

function readSection(file: Uint8Array, at: number, before: string): { section: Section; next: number } {
  const where = `behind ${before}`;
  const nameBytes = file[at] ?? 0;
  const tail = at + 1 + nameBytes;
  const dataAt = tail + HEADER_TAIL_BYTES;
  if (at >= file.length) throw refuse(END, `missing: the file ends ${where}`);
  if (nameBytes === 0 || nameBytes > NAME_MAX || dataAt > file.length) {
    throw refuse(`(${where})`, `damaged: no section header at byte ${at}`);
  }
  const view = viewOf(file);
  if (view.getUint32(dataAt - 4, true) !== crc32(file.subarray(at, dataAt - 4)))
    throw refuse(`(${where})`, `damaged: the checksum of its header at byte ${at} is wrong`);
  const name = fromUtf8(file.subarray(at + 1, tail));
  const version = view.getUint32(tail, true);
  const flags = file[tail + 4]!;
  const rawBytes = view.getUint32(tail + 5, true);
  const storedBytes = view.getUint32(tail + 9, true);
  const isDeflated = (flags & FLAG_DEFLATED) !== 0;
  if ((flags & ~KNOWN_FLAGS) !== 0) throw refuse(name, `has unknown flags (${flags})`);
  if (dataAt + storedBytes > file.length) {
    throw refuse(name, `truncated: ${file.length - dataAt} of its ${storedBytes} bytes are there`);
  }
  const stored = file.subarray(dataAt, dataAt + storedBytes);
  if (view.getUint32(tail + 13, true) !== crc32(stored)) throw refuse(name, 'damaged: its checksum is wrong');
  if (isDeflated ? rawBytes > storedBytes * DEFLATE_RATIO_MAX : rawBytes !== storedBytes)
    throw refuse(name, `damaged: ${storedBytes} bytes cannot stand for ${rawBytes}`);
  const data = (): Uint8Array => (isDeflated ? expand(name, stored, rawBytes) : stored);
  const section = { name, version, isOptional: (flags & FLAG_OPTIONAL) !== 0, data };
  return { section, next: dataAt + storedBytes };
}

function expand(name: string, stored: Uint8Array, rawBytes: number): Uint8Array {
  let data: Uint8Array;
  try {
    data = inflateSync(stored, { out: new Uint8Array(rawBytes) });
  } catch {
    throw refuse(name, 'damaged: does not expand');
  }
  if (data.length !== rawBytes) throw refuse(name, `damaged: expands to ${data.length} bytes, not ${rawBytes}`);
  return data;
}
