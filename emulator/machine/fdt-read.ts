/**
 * Flattened device tree reader: Devicetree Specification 0.4, chapter 5, for versions 16 and 17. The file is a stranger's:
 * whatever is not as the chapter says is a UserError that names the file and the place. What a name may hold is what dtc
 * lets it hold. Time and memory grow with the file's length alone.
 */
import { alignUp, fromUtf8, hex, viewOf } from '../base/bytes.ts';
import { UserError } from '../base/user-error.ts';
import {
  FDT_BEGIN_NODE,
  FDT_END,
  FDT_END_NODE,
  FDT_HEADER_BYTES,
  FDT_LAST_COMPATIBLE_VERSION,
  FDT_MAGIC,
  FDT_NOP,
  FDT_PROP,
  FDT_VERSION,
  FdtNode,
  RESERVATION_BYTES,
  type FdtExtras,
  type FdtReservation,
} from './fdt.ts';

/** Trees of real boards are less than ten deep. */
const DEPTH_MAX = 64;
const NAME_BYTES_MAX = 255;
/** Version 16's header ends in front of size_dt_struct. */
const HEADER_16_BYTES = 36;
const NODE_NAME = /^[0-9a-zA-Z,._+-]+(?:@[0-9a-zA-Z,._+-]+)?$/;
const PROPERTY_NAME = /^[0-9a-zA-Z,._+?#*@-]+$/;

export interface DeviceTree extends Required<FdtExtras> {
  readonly root: FdtNode;
}

type Refuse = (what: string) => UserError;

interface Block {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** @param file its name, for messages */
export function readFdt(blob: Uint8Array, file: string): DeviceTree {
  const refuse: Refuse = what =>
    new UserError(`device tree ${file}: ${what}`, 'name a file that dtc -O dtb has written');
  const view = viewOf(blob);
  if (blob.length < HEADER_16_BYTES) throw refuse(`${blob.length} bytes are too few for a header`);
  const header = readHeader(view, refuse);
  const reservations = readReservations(view, header.reservationsAt, header.totalSize, refuse);
  const reserved: Block = {
    name: 'memory reservation block',
    start: header.reservationsAt,
    end: header.reservationsAt + RESERVATION_BYTES * (reservations.length + 1),
  };
  checkApart([{ name: 'header', start: 0, end: header.bytes }, reserved, header.structure, header.strings], refuse);
  const root = new StructureReader(blob, header.structure, header.strings, header.version, refuse).read();
  return { root, reservations, bootHart: header.bootHart };
}

interface Header {
  readonly bytes: number;
  readonly totalSize: number;
  readonly reservationsAt: number;
  readonly structure: Block;
  readonly strings: Block;
  readonly version: number;
  readonly bootHart: number;
}

/** §5.2 */
function readHeader(view: DataView, refuse: Refuse): Header {
  const field = (index: number): number => view.getUint32(4 * index);
  if (field(0) !== FDT_MAGIC) throw refuse(`magic is ${hex(field(0), 8)}, not ${hex(FDT_MAGIC)}`);
  const [totalSize, structureAt, stringsAt, reservationsAt] = [field(1), field(2), field(3), field(4)];
  const [version, lastCompatible, bootHart, stringsBytes] = [field(5), field(6), field(7), field(8)];
  if (version < FDT_LAST_COMPATIBLE_VERSION || lastCompatible > FDT_VERSION || lastCompatible > version) {
    throw refuse(
      `version ${version} (compatible to ${lastCompatible}); ${FDT_LAST_COMPATIBLE_VERSION} and ${FDT_VERSION} are known`,
    );
  }
  const bytes = version >= FDT_VERSION ? FDT_HEADER_BYTES : HEADER_16_BYTES;
  if (totalSize < bytes || totalSize > view.byteLength)
    throw refuse(`totalsize is ${totalSize}, the file has ${view.byteLength} bytes`);
  const within = (name: string, start: number, size: number, alignment: number): Block => {
    if (start % alignment !== 0) throw refuse(`the ${name} starts at ${start}, not a multiple of ${alignment}`);
    if (start < bytes || start + size > totalSize)
      throw refuse(`the ${name}, ${size} bytes at ${start}, is not between header and end (${bytes} to ${totalSize})`);
    return { name, start, end: start + size };
  };
  const strings = within('strings block', stringsAt, stringsBytes, 1);
  within('memory reservation block', reservationsAt, RESERVATION_BYTES, 8);
  // Version 16 does not say where the structure block ends: before what follows it.
  const next = Math.min(...[stringsAt, reservationsAt, totalSize].filter(at => at > structureAt), totalSize);
  const structureBytes = version >= FDT_VERSION ? field(9) : Math.max(0, next - structureAt);
  const structure = within('structure block', structureAt, structureBytes, 4);
  return { bytes, totalSize, reservationsAt, structure, strings, version, bootHart };
}

/** §5.3 */
function readReservations(view: DataView, start: number, end: number, refuse: Refuse): FdtReservation[] {
  const found: FdtReservation[] = [];
  for (let at = start; ; at += RESERVATION_BYTES) {
    if (at + RESERVATION_BYTES > end) throw refuse('the memory reservation block has no end');
    const [address, size] = [view.getBigUint64(at), view.getBigUint64(at + 8)];
    if (address === 0n && size === 0n) return found;
    found.push({ address, size });
  }
}

function checkApart(blocks: readonly Block[], refuse: Refuse): void {
  const inOrder = [...blocks].filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  for (const [i, block] of inOrder.entries()) {
    const next = inOrder[i + 1];
    if (next && next.start < block.end) throw refuse(`the ${next.name} starts inside of the ${block.name}`);
  }
}

/** §5.4: the tokens, once, from front to end. */
class StructureReader {
  private at: number;
  private readonly view: DataView;

  constructor(
    private readonly blob: Uint8Array,
    private readonly structure: Block,
    private readonly strings: Block,
    private readonly version: number,
    private readonly refuse: Refuse,
  ) {
    this.at = structure.start;
    this.view = viewOf(blob);
  }

  read(): FdtNode {
    let root: FdtNode | undefined;
    const open: { node: FdtNode; names: Set<string> }[] = [];
    for (;;) {
      const at = this.at;
      const token = this.word('a token');
      const inner = open.at(-1);
      switch (token) {
        case FDT_NOP:
          break;
        case FDT_BEGIN_NODE: {
          if (root && !inner) throw this.bad(at, 'a second root');
          if (open.length === DEPTH_MAX) throw this.bad(at, `nodes are nested more than ${DEPTH_MAX} deep`);
          const name = this.nodeName(inner === undefined);
          if (inner) this.checkNew(inner.names, `node ${name}`, inner.node, at);
          const node: FdtNode = inner ? inner.node.child(name) : new FdtNode(name);
          root ??= node;
          open.push({ node, names: new Set() });
          break;
        }
        case FDT_END_NODE:
          if (!open.pop()) throw this.bad(at, 'the end of a node that has not begun');
          break;
        case FDT_PROP: {
          if (!inner) throw this.bad(at, 'a property outside of all nodes');
          const { name, value } = this.property(at);
          if (inner.node.nodes.length > 0) throw this.bad(at, `property ${name} behind a node of the same parent`);
          this.checkNew(inner.names, `property ${name}`, inner.node, at);
          inner.node.prop(name, value);
          break;
        }
        case FDT_END:
          if (!root || inner) throw this.bad(at, inner ? `the end inside of node "${inner.node.name}"` : 'no root');
          if (this.version >= FDT_VERSION && this.at !== this.structure.end)
            throw this.bad(at, `the end, ${this.structure.end - at} bytes before the end of the block`);
          return root;
        default:
          throw this.bad(at, `${hex(token)} is no token`);
      }
    }
  }

  private bad(at: number, what: string): UserError {
    return this.refuse(`structure block, byte ${at}: ${what}`);
  }

  private word(what: string): number {
    const at = this.take(4, what);
    return this.view.getUint32(at);
  }

  /** Where the bytes start; the next token follows at a multiple of 4. */
  private take(length: number, what: string): number {
    const { at } = this;
    if (at + length > this.structure.end) throw this.bad(at, `${what} reaches beyond the end of the block`);
    this.at = this.structure.start + alignUp(at + length - this.structure.start, 4);
    return at;
  }

  private nodeName(isRoot: boolean): string {
    const { at } = this;
    const name = this.text(at, this.structure.end);
    if (name === undefined) throw this.bad(at, 'a node whose name has no end');
    this.take(name.length + 1, 'a name');
    if (isRoot ? name !== '' : !NODE_NAME.test(name))
      throw this.bad(at, `${JSON.stringify(name)} is no name of a node`);
    return name;
  }

  private property(at: number): { name: string; value: Uint8Array } {
    const length = this.word('a property');
    const nameAt = this.word('a property');
    const start = this.strings.start + nameAt;
    const name = start < this.strings.end ? this.text(start, this.strings.end) : undefined;
    if (name === undefined) throw this.bad(at, `a property whose name, at ${nameAt} of the strings, has no end`);
    if (!PROPERTY_NAME.test(name)) throw this.bad(at, `${JSON.stringify(name)} is no name of a property`);
    const valueAt = this.take(length, `property ${name}, ${length} bytes,`);
    return { name, value: this.blob.slice(valueAt, valueAt + length) };
  }

  /** The text up to its NUL, which stands before `end` and not too far away. */
  private text(start: number, end: number): string | undefined {
    const length = this.blob.subarray(start, Math.min(end, start + NAME_BYTES_MAX + 1)).indexOf(0);
    if (length < 0) return undefined;
    // Latin-1 would do: what is not ASCII is refused by its pattern.
    return fromUtf8(this.blob.subarray(start, start + length));
  }

  private checkNew(names: Set<string>, name: string, parent: FdtNode, at: number): void {
    if (names.has(name)) throw this.bad(at, `a second ${name} in node "${parent.name}"`);
    names.add(name);
  }
}
