/** Flattened device tree writer: Devicetree Specification 0.4, chapter 5 (version 17 blobs). */
import { alignUp, concatBytes, highWord, utf8, viewOf } from '../base/bytes.ts';
import type { DtNode, DtValue } from '../bus/device.ts';

const MAGIC = 0xd00d_feed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;
/** The memory reservation block: one terminating entry. */
const RESERVATION_BYTES = 16;

const FDT_BEGIN_NODE = 1;
const FDT_END_NODE = 2;
const FDT_PROP = 3;
const FDT_END = 9;

export class FdtNode implements DtNode {
  private readonly props: { name: string; value: Uint8Array }[] = [];
  private readonly children: FdtNode[] = [];

  constructor(readonly name: string) {}

  /** Numbers are u32 cells, strings are NUL-terminated, bytes stand as they are; several values follow each other. */
  prop(name: string, ...values: DtValue[]): void {
    this.props.push({ name, value: concatBytes(values.map(valueBytes)) });
  }

  child(name: string): FdtNode {
    const node = new FdtNode(name);
    this.children.push(node);
    return node;
  }

  /** The blob with this node as its root. */
  toBlob(): Uint8Array {
    const strings = new StringTable();
    const words: Uint8Array[] = [];
    this.emit(words, strings);
    words.push(cell(FDT_END));
    const structure = concatBytes(words);
    const stringBytes = strings.bytes();
    const structureAt = HEADER_BYTES + RESERVATION_BYTES;
    const stringsAt = structureAt + structure.length;
    const blob = new Uint8Array(alignUp(stringsAt + stringBytes.length, 4));
    const header = viewOf(blob);
    const fields = [
      MAGIC,
      blob.length,
      structureAt,
      stringsAt,
      HEADER_BYTES,
      VERSION,
      LAST_COMPATIBLE_VERSION,
      0, // boot hart
      stringBytes.length,
      structure.length,
    ];
    fields.forEach((field, i) => header.setUint32(4 * i, field));
    blob.set(structure, structureAt);
    blob.set(stringBytes, stringsAt);
    return blob;
  }

  private emit(words: Uint8Array[], strings: StringTable): void {
    words.push(cell(FDT_BEGIN_NODE), padded(valueBytes(this.name)));
    for (const { name, value } of this.props) {
      words.push(cell(FDT_PROP), cell(value.length), cell(strings.offset(name)), padded(value));
    }
    for (const node of this.children) node.emit(words, strings);
    words.push(cell(FDT_END_NODE));
  }
}

/** A 64-bit quantity as two cells, for `reg` and the like. */
export function cells64(value: number): [number, number] {
  return [highWord(value), value >>> 0];
}

class StringTable {
  private readonly offsets = new Map<string, number>();
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  offset(name: string): number {
    const known = this.offsets.get(name);
    if (known !== undefined) return known;
    const at = this.length;
    const bytes = valueBytes(name);
    this.offsets.set(name, at);
    this.parts.push(bytes);
    this.length += bytes.length;
    return at;
  }
  bytes(): Uint8Array {
    return concatBytes(this.parts);
  }
}

function valueBytes(value: DtValue): Uint8Array {
  if (typeof value === 'number') return cell(value);
  return typeof value === 'string' ? utf8(`${value}\0`) : value;
}

function cell(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
}

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(alignUp(bytes.length, 4));
  out.set(bytes);
  return out;
}
