/**
 * The bulk of a snapshot file, in chunks of at most 1 MiB so that neither side holds it twice: the pages of RAM that are
 * not zero, and the written clusters of a drive's layer. A chunk: how many, their numbers (ascending, also from chunk to
 * chunk), their contents.
 */
import { viewOf } from '../../base/bytes.ts';
import type { Section, SectionData } from './file.ts';
import { refuse } from './file.ts';

/** Of a RAM page and of a cluster alike. */
export const BLOCK_BYTES = 4096;
const CHUNK_BLOCKS = 256;
const VERSION = 1;
const COUNT_BYTES = 4;
const NUMBER_BYTES = 4;

export interface Block {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Sections `NAME 0`, `NAME 1`, … */
export function* blockSections(name: string, blocks: Iterable<Block>): Generator<SectionData> {
  let pending: Block[] = [];
  let nth = 0;
  for (const block of blocks) {
    pending.push(block);
    if (pending.length < CHUNK_BLOCKS) continue;
    yield { name: `${name} ${nth++}`, version: VERSION, data: pack(pending) };
    pending = [];
  }
  if (pending.length > 0) yield { name: `${name} ${nth}`, version: VERSION, data: pack(pending) };
}

function pack(blocks: readonly Block[]): Uint8Array {
  const contentsAt = COUNT_BYTES + NUMBER_BYTES * blocks.length;
  const data = new Uint8Array(contentsAt + BLOCK_BYTES * blocks.length);
  const view = viewOf(data);
  view.setUint32(0, blocks.length, true);
  blocks.forEach(({ number, bytes }, i) => {
    view.setUint32(COUNT_BYTES + NUMBER_BYTES * i, number, true);
    data.set(bytes, contentsAt + BLOCK_BYTES * i);
  });
  return data;
}

/** Visits the blocks of all chunks. The number of each is below `limit`; `bytes` is a view that the next chunk ends. */
export function* unpackBlocks(chunks: readonly Section[], limit: number): Generator<Block> {
  let last = -1;
  for (const chunk of chunks) {
    const data = chunk.data();
    const view = viewOf(data);
    const count = data.length < COUNT_BYTES ? 0 : view.getUint32(0, true);
    const contentsAt = COUNT_BYTES + NUMBER_BYTES * count;
    if (count === 0 || count > CHUNK_BLOCKS || data.length !== contentsAt + BLOCK_BYTES * count)
      throw refuse(chunk.name, `${data.length} bytes are not ${count} blocks`);
    for (let i = 0; i < count; i++) {
      const number = view.getUint32(COUNT_BYTES + NUMBER_BYTES * i, true);
      if (number <= last || number >= limit) throw refuse(chunk.name, `block ${number} behind ${last}, of ${limit}`);
      last = number;
      const at = contentsAt + BLOCK_BYTES * i;
      yield { number, bytes: data.subarray(at, at + BLOCK_BYTES) };
    }
  }
}

/** Expands every chunk and keeps none. */
export function checkBlocks(chunks: readonly Section[], limit: number): void {
  const blocks = unpackBlocks(chunks, limit);
  while (!blocks.next().done);
}

/** @param bytes at a multiple of 4, and as long */
export function isZero(bytes: Uint8Array): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}
