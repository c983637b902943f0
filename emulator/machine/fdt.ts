/** A device tree, and its flattened form as written: Devicetree Specification 0.4, chapter 5 (version 17 blobs). */
import { alignUp, concatBytes, highWord, utf8, viewOf } from '../base/bytes.ts';
import type { DtNode, DtValue } from '../bus/device.ts';

export const FDT_MAGIC = 0xd00d_feed;
export const FDT_VERSION = 17;
export const FDT_LAST_COMPATIBLE_VERSION = 16;
export const FDT_HEADER_BYTES = 40;
/** An entry of the memory reservation block; one of zeroes ends it. */
export const RESERVATION_BYTES = 16;

export const FDT_BEGIN_NODE = 1;
export const FDT_END_NODE = 2;
export const FDT_PROP = 3;
export const FDT_NOP = 4;
export const FDT_END = 9;

export interface FdtProperty {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Memory that the guest must leave alone. */
export interface FdtReservation {
  readonly address: bigint;
  readonly size: bigint;
}

/** What a blob holds besides the tree. */
export interface FdtExtras {
  readonly reservations?: readonly FdtReservation[];
  readonly bootHart?: number;
}

export class FdtNode implements DtNode {
  private readonly props: FdtProperty[] = [];
  private readonly children: FdtNode[] = [];

  constructor(readonly name: string) {}

  get properties(): readonly FdtProperty[] {
    return this.props;
  }

  get nodes(): readonly FdtNode[] {
    return this.children;
  }

  /** Numbers are u32 cells, strings are NUL-terminated, bytes stand as they are; several values follow each other. */
  prop(name: string, ...values: DtValue[]): void {
    this.props.push({ name, value: concatBytes(values.map(valueBytes)) });
  }

  child(name: string): FdtNode {
    const node = new FdtNode(name);
    this.children.push(node);
    return node;
  }

  /** As `prop`, in place of the value that the property has. */
  setProp(name: string, ...values: DtValue[]): void {
    const at = this.props.findIndex(prop => prop.name === name);
    if (at < 0) this.prop(name, ...values);
    else this.props[at] = { name, value: concatBytes(values.map(valueBytes)) };
  }

  /** The blob with this node as its root. */
  toBlob({ reservations = [], bootHart = 0 }: FdtExtras = {}): Uint8Array {
    const strings = new StringTable();
    const words: Uint8Array[] = [];
    this.emit(words, strings);
    words.push(cell(FDT_END));
    const structure = concatBytes(words);
    const stringBytes = strings.bytes();
    const structureAt = FDT_HEADER_BYTES + RESERVATION_BYTES * (reservations.length + 1);
    const stringsAt = structureAt + structure.length;
    const blob = new Uint8Array(alignUp(stringsAt + stringBytes.length, 4));
    const header = viewOf(blob);
    const fields = [
      FDT_MAGIC,
      blob.length,
      structureAt,
      stringsAt,
      FDT_HEADER_BYTES,
      FDT_VERSION,
      FDT_LAST_COMPATIBLE_VERSION,
      bootHart,
      stringBytes.length,
      structure.length,
    ];
    fields.forEach((field, i) => header.setUint32(4 * i, field));
    reservations.forEach(({ address, size }, i) => {
      header.setBigUint64(FDT_HEADER_BYTES + RESERVATION_BYTES * i, address);
      header.setBigUint64(FDT_HEADER_BYTES + RESERVATION_BYTES * i + 8, size);
    });
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
