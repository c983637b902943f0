/**
 * Writes an ext4 image from a tree: same tree, same bytes. Layout as Linux `Documentation/filesystems/ext4/`: 4 KiB
 * blocks, extents, 64-bit descriptors, metadata checksums, one bitmap pair and inode table per group. No journal: the
 * image is mounted read-only. `e2fsck -fn` is its judge.
 *
 * Not done: extent trees deeper than the inode (a file has at most four extents, about 500 MiB), xattrs outside the
 * inode, indexed directories.
 */
import { UserError } from '../../emulator/base/user-error.ts';
import { crc32c, crc32cU32 } from './crc32c.ts';
import type { DirNode, TreeNode } from './tree.ts';

const BLOCK = 4096;
const BLOCKS_PER_GROUP = 8 * BLOCK;
const INODE_SIZE = 256;
const EXTRA_ISIZE = 32;
const DESC_SIZE = 64;
const ROOT_INO = 2;
const FIRST_INO = 11;
const EXTENTS_FL = 0x80000;
const SPARSE_POWERS = [3, 5, 7];
const FEATURE_COMPAT = 0x8 | 0x20; // ext_attr dir_index
const FEATURE_INCOMPAT = 0x2 | 0x40 | 0x80; // filetype extents 64bit
const FEATURE_RO_COMPAT = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x400; // sparse_super large_file huge_file dir_nlink extra_isize metadata_csum

const TYPE = {
  file: { mode: 0o100000, dirent: 1 },
  dir: { mode: 0o040000, dirent: 2 },
  char: { mode: 0o020000, dirent: 3 },
  block: { mode: 0o060000, dirent: 4 },
  fifo: { mode: 0o010000, dirent: 5 },
  socket: { mode: 0o140000, dirent: 6 },
  symlink: { mode: 0o120000, dirent: 7 },
} as const;
/** Xattr name prefixes that ext4 stores as a number. */
const XATTR_PREFIX: readonly [string, number][] = [
  ['user.', 1],
  ['trusted.', 4],
  ['security.', 6],
];

export interface Ext4Options {
  uuid: Uint8Array;
  label: string;
  /** Seconds since the epoch: every time stamp that is not a node's own. */
  time: number;
  /** Blocks left free for the owner of the image. */
  spareBlocks?: number;
}

interface Numbered {
  ino: number;
  node: TreeNode;
  links: number;
  parent: number;
  /** File or directory content, or a symlink too long for the inode. */
  content: Uint8Array | null;
}

const encoder = new TextEncoder();

/** Numbers every object once, parents before children, names in byte order, and builds directory content. */
function number(root: DirNode, time: number): Numbered[] {
  const seen = new Map<TreeNode, Numbered>();
  const all: Numbered[] = [];
  const visit = (node: TreeNode, parent: number, ino: number): void => {
    const item: Numbered = { ino, node, links: node.kind === 'dir' ? 2 : 1, parent, content: null };
    seen.set(node, item);
    all.push(item);
    if (node.kind !== 'dir') return;
    for (const [name, child] of sorted(node)) {
      const known = seen.get(child);
      if (known) {
        if (child.kind === 'dir') throw new UserError(`directory ${name} appears twice`, 'give it one name');
        known.links++;
        continue;
      }
      if (child.kind === 'dir') item.links++;
      visit(child, ino, name === 'lost+found' && ino === ROOT_INO ? FIRST_INO : next++);
    }
  };
  let next = FIRST_INO + 1;
  const lostFound: DirNode = { kind: 'dir', mode: 0o700, uid: 0, gid: 0, mtime: time, entries: new Map() };
  if (!root.entries.has('lost+found')) root.entries.set('lost+found', lostFound);
  visit(root, ROOT_INO, ROOT_INO);
  const inoOf = (node: TreeNode): number => seen.get(node)!.ino;
  for (const item of all) item.content = contentOf(item, inoOf);
  return all;
}

function sorted(dir: DirNode): [string, TreeNode][] {
  return [...dir.entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

function contentOf(item: Numbered, inoOf: (n: TreeNode) => number): Uint8Array | null {
  const { node } = item;
  if (node.kind === 'file') return node.data;
  if (node.kind === 'symlink') return encoder.encode(node.target).length < 60 ? null : encoder.encode(node.target);
  if (node.kind !== 'dir') return null;
  return directoryBlocks([
    ['.', item.ino, TYPE.dir.dirent],
    ['..', item.parent, TYPE.dir.dirent],
    ...sorted(node).map(([name, child]): [string, number, number] => [name, inoOf(child), TYPE[child.kind].dirent]),
  ]);
}

/** Linear directory blocks; the checksum tail of each is left for `sealDirectory`. */
function directoryBlocks(entries: [string, number, number][]): Uint8Array {
  const limit = BLOCK - 12;
  const blocks: Uint8Array[] = [];
  let block = new Uint8Array(BLOCK);
  let at = 0;
  let last = 0;
  const close = (): void => {
    new DataView(block.buffer).setUint16(last + 4, limit - last, true);
    blocks.push(block);
  };
  for (const [name, ino, type] of entries) {
    const bytes = encoder.encode(name);
    const size = (8 + bytes.length + 3) & ~3;
    if (at + size > limit) {
      close();
      block = new Uint8Array(BLOCK);
      at = 0;
    }
    const view = new DataView(block.buffer);
    view.setUint32(at, ino, true);
    view.setUint16(at + 4, size, true);
    block[at + 6] = bytes.length;
    block[at + 7] = type;
    block.set(bytes, at + 8);
    last = at;
    at += size;
  }
  close();
  const all = new Uint8Array(blocks.length * BLOCK);
  blocks.forEach((b, i) => all.set(b, i * BLOCK));
  return all;
}

function sealDirectory(data: Uint8Array, seed: number): void {
  for (let at = 0; at < data.length; at += BLOCK) {
    const tail = new DataView(data.buffer, data.byteOffset + at + BLOCK - 12, 12);
    tail.setUint16(4, 12, true);
    tail.setUint8(7, 0xde);
    tail.setUint32(8, crc32c(seed, data.subarray(at, at + BLOCK - 12)), true);
  }
}

function hasBackup(group: number): boolean {
  if (group <= 1) return true;
  return SPARSE_POWERS.some(p => {
    let n = group;
    while (n % p === 0) n /= p;
    return n === 1;
  });
}

/** The bytes of the image; a whole number of blocks. Errors: UserError for a tree that does not fit this writer. */
export function writeExt4(root: DirNode, options: Ext4Options): Uint8Array {
  const items = number(root, options.time);
  const dataBlocks = items.reduce((n, i) => n + Math.ceil((i.content?.length ?? 0) / BLOCK), 0);
  const maxIno = items.reduce((n, i) => Math.max(n, i.ino), FIRST_INO);
  const wanted = dataBlocks + (options.spareBlocks ?? 64);

  // Groups, inodes and descriptor blocks depend on each other; two more groups than the data needs always settle it.
  let groups = Math.max(1, Math.ceil(wanted / (BLOCKS_PER_GROUP - 600)));
  let geometry = layout(groups, maxIno);
  while (groups * BLOCKS_PER_GROUP - geometry.metaBlocks < wanted) geometry = layout(++groups, maxIno);
  const { inodesPerGroup, tableBlocks, descBlocks } = geometry;
  const metaOf = (g: number): number => (hasBackup(g) ? 1 + descBlocks : 0) + 2 + tableBlocks;
  const lastStart = (groups - 1) * BLOCKS_PER_GROUP;
  let free = wanted;
  for (let g = 0; g < groups - 1; g++) free -= BLOCKS_PER_GROUP - metaOf(g);
  const totalBlocks = lastStart + metaOf(groups - 1) + Math.max(free, 8);

  const image = new Uint8Array(totalBlocks * BLOCK);
  const view = new DataView(image.buffer);
  const bitmap = new Uint8Array(groups * BLOCK);
  const take = (b: number): void => {
    bitmap[b >> 3]! |= 1 << (b & 7);
  };
  const groupStart = (g: number): number => g * BLOCKS_PER_GROUP + (hasBackup(g) ? 1 + descBlocks : 0);
  for (let g = 0; g < groups; g++) {
    for (let b = g * BLOCKS_PER_GROUP; b < groupStart(g) + 2 + tableBlocks; b++) take(b);
  }
  let cursor = 0;
  const allocate = (): number => {
    while (bitmap[cursor >> 3]! & (1 << (cursor & 7))) cursor++;
    take(cursor);
    return cursor;
  };

  const seed = crc32c(0xffffffff, options.uuid);
  const usedDirs = new Array<number>(groups).fill(0);
  for (const item of items) {
    const group = Math.floor((item.ino - 1) / inodesPerGroup);
    if (item.node.kind === 'dir') usedDirs[group]!++;
    const inodeSeed = crc32cU32(crc32cU32(seed, item.ino), 0);
    if (item.node.kind === 'dir') sealDirectory(item.content!, inodeSeed);
    const extents = store(image, item.content, allocate);
    const at = (groupStart(group) + 2) * BLOCK + ((item.ino - 1) % inodesPerGroup) * INODE_SIZE;
    writeInode(new DataView(image.buffer, at, INODE_SIZE), item, extents, options.time, inodeSeed);
  }

  const sb = new DataView(new ArrayBuffer(1024));
  let freeBlocks = 0;
  let freeInodes = 0;
  const descriptors = new Uint8Array(descBlocks * BLOCK);
  for (let g = 0; g < groups; g++) {
    const start = g * BLOCKS_PER_GROUP;
    const size = Math.min(BLOCKS_PER_GROUP, totalBlocks - start);
    for (let b = size; b < BLOCKS_PER_GROUP; b++) take(start + b);
    const blocks = bitmap.subarray(g * BLOCK, (g + 1) * BLOCK);
    const inodes = new Uint8Array(BLOCK).fill(0xff);
    let usedInodes = 0;
    for (let i = 0; i < inodesPerGroup; i++) {
      const ino = g * inodesPerGroup + i + 1;
      if (ino <= maxIno) usedInodes++;
      else inodes[i >> 3]! &= ~(1 << (i & 7));
    }
    const at = groupStart(g) * BLOCK;
    image.set(blocks, at);
    image.set(inodes, at + BLOCK);
    let groupFree = 0;
    for (let b = 0; b < size; b++) if (!(blocks[b >> 3]! & (1 << (b & 7)))) groupFree++;
    freeBlocks += groupFree;
    freeInodes += inodesPerGroup - usedInodes;
    const d = new DataView(descriptors.buffer, g * DESC_SIZE, DESC_SIZE);
    d.setUint32(0, groupStart(g), true);
    d.setUint32(4, groupStart(g) + 1, true);
    d.setUint32(8, groupStart(g) + 2, true);
    d.setUint16(12, groupFree, true);
    d.setUint16(14, inodesPerGroup - usedInodes, true);
    d.setUint16(16, usedDirs[g]!, true);
    d.setUint16(18, 0x4, true); // INODE_ZEROED
    const blockCsum = crc32c(seed, blocks);
    const inodeCsum = crc32c(seed, inodes.subarray(0, inodesPerGroup / 8));
    d.setUint16(24, blockCsum & 0xffff, true);
    d.setUint16(26, inodeCsum & 0xffff, true);
    d.setUint16(28, inodesPerGroup - usedInodes, true);
    d.setUint16(56, blockCsum >>> 16, true);
    d.setUint16(58, inodeCsum >>> 16, true);
    const own = new Uint8Array(descriptors.buffer, g * DESC_SIZE, DESC_SIZE);
    d.setUint16(30, crc32c(crc32cU32(seed, g), own) & 0xffff, true);
  }

  sb.setUint32(0, groups * inodesPerGroup, true);
  sb.setUint32(4, totalBlocks, true);
  sb.setUint32(12, freeBlocks, true);
  sb.setUint32(16, freeInodes, true);
  sb.setUint32(24, 2, true);
  sb.setUint32(28, 2, true);
  sb.setUint32(32, BLOCKS_PER_GROUP, true);
  sb.setUint32(36, BLOCKS_PER_GROUP, true);
  sb.setUint32(40, inodesPerGroup, true);
  sb.setUint32(48, options.time, true);
  sb.setUint16(54, 0xffff, true);
  sb.setUint16(56, 0xef53, true);
  sb.setUint16(58, 1, true);
  sb.setUint16(60, 1, true);
  sb.setUint32(64, options.time, true);
  sb.setUint32(76, 1, true);
  sb.setUint32(84, FIRST_INO, true);
  sb.setUint16(88, INODE_SIZE, true);
  sb.setUint32(92, FEATURE_COMPAT, true);
  sb.setUint32(96, FEATURE_INCOMPAT, true);
  sb.setUint32(100, FEATURE_RO_COMPAT, true);
  new Uint8Array(sb.buffer).set(options.uuid, 104);
  new Uint8Array(sb.buffer).set(encoder.encode(options.label).subarray(0, 16), 120);
  new Uint8Array(sb.buffer).set(options.uuid, 236); // hash seed
  sb.setUint8(252, 1); // half MD4
  sb.setUint16(254, DESC_SIZE, true);
  sb.setUint32(264, options.time, true);
  sb.setUint16(348, EXTRA_ISIZE, true);
  sb.setUint16(350, EXTRA_ISIZE, true);
  sb.setUint32(352, 2, true); // unsigned directory hash
  sb.setUint8(373, 1); // crc32c

  for (let g = 0; g < groups; g++) {
    if (!hasBackup(g)) continue;
    const start = g * BLOCKS_PER_GROUP * BLOCK;
    sb.setUint16(90, g, true);
    sb.setUint32(1020, crc32c(0xffffffff, new Uint8Array(sb.buffer, 0, 1020)), true);
    image.set(new Uint8Array(sb.buffer), start + (g === 0 ? 1024 : 0));
    image.set(descriptors, start + BLOCK);
  }
  if (view.getUint16(1024 + 56, true) !== 0xef53) throw new Error('ext4 writer lost its superblock');
  return image;
}

function layout(groups: number, maxIno: number) {
  // Inodes per group: a multiple of what fills whole table blocks and whole bitmap bytes.
  const perBlock = BLOCK / INODE_SIZE;
  const inodesPerGroup = Math.max(perBlock, Math.ceil((maxIno + 16) / groups / perBlock) * perBlock);
  if (inodesPerGroup > BLOCKS_PER_GROUP) throw new UserError(`${maxIno} inodes are too many`, 'split the image');
  const tableBlocks = inodesPerGroup / perBlock;
  const descBlocks = Math.ceil((groups * DESC_SIZE) / BLOCK);
  let metaBlocks = 0;
  for (let g = 0; g < groups; g++) metaBlocks += (hasBackup(g) ? 1 + descBlocks : 0) + 2 + tableBlocks;
  return { inodesPerGroup, tableBlocks, descBlocks, metaBlocks };
}

/** [first file block, first image block, count] of each extent. */
type Extent = [number, number, number];

function store(image: Uint8Array, content: Uint8Array | null, allocate: () => number): Extent[] {
  const extents: Extent[] = [];
  for (let at = 0; content && at < content.length; at += BLOCK) {
    const block = allocate();
    image.set(content.subarray(at, at + BLOCK), block * BLOCK);
    const last = extents.at(-1);
    if (last && last[1] + last[2] === block && last[2] < 32768) last[2]++;
    else extents.push([at / BLOCK, block, 1]);
  }
  if (extents.length > 4) throw new UserError('a file needs more than four extents', 'keep files below 500 MiB');
  return extents;
}

function writeInode(v: DataView, item: Numbered, extents: Extent[], time: number, inodeSeed: number): void {
  const { node } = item;
  const size = node.kind === 'symlink' ? encoder.encode(node.target).length : (item.content?.length ?? 0);
  const blocks = extents.reduce((n, [, , count]) => n + count, 0);
  v.setUint16(0, TYPE[node.kind].mode | node.mode, true);
  v.setUint16(2, node.uid & 0xffff, true);
  v.setUint32(4, size >>> 0, true);
  v.setUint32(8, node.mtime, true);
  v.setUint32(12, time, true);
  v.setUint32(16, node.mtime, true);
  v.setUint16(24, node.gid & 0xffff, true);
  v.setUint16(26, item.links, true);
  v.setUint32(28, blocks * (BLOCK / 512), true);
  v.setUint32(108, Math.floor(size / 2 ** 32), true);
  v.setUint16(120, node.uid >>> 16, true);
  v.setUint16(122, node.gid >>> 16, true);
  v.setUint16(128, EXTRA_ISIZE, true);
  v.setUint32(144, time, true);
  if (node.kind === 'symlink' && !item.content) {
    new Uint8Array(v.buffer, v.byteOffset + 40, 60).set(encoder.encode(node.target));
  } else if (node.kind === 'char' || node.kind === 'block') {
    if (node.major < 256 && node.minor < 256) v.setUint32(40, (node.major << 8) | node.minor, true);
    else v.setUint32(44, (node.minor & 0xff) | (node.major << 8) | ((node.minor & ~0xff) << 12), true);
  } else if (item.content) {
    v.setUint32(32, EXTENTS_FL, true);
    v.setUint16(40, 0xf30a, true);
    v.setUint16(42, extents.length, true);
    v.setUint16(44, 4, true);
    extents.forEach(([logical, physical, count], i) => {
      v.setUint32(52 + i * 12, logical, true);
      v.setUint16(56 + i * 12, count, true);
      v.setUint32(60 + i * 12, physical, true);
    });
  }
  if (node.xattrs) writeXattrs(v, node.xattrs);
  const crc = crc32c(inodeSeed, new Uint8Array(v.buffer, v.byteOffset, INODE_SIZE));
  v.setUint16(124, crc & 0xffff, true);
  v.setUint16(130, crc >>> 16, true);
}

/** In-inode xattrs: magic, entries growing up, values growing down from the end. */
function writeXattrs(v: DataView, xattrs: Record<string, Uint8Array>): void {
  const start = 128 + EXTRA_ISIZE;
  const first = start + 4;
  v.setUint32(start, 0xea020000, true);
  let at = first;
  let end = INODE_SIZE;
  for (const name of Object.keys(xattrs).sort()) {
    const value = xattrs[name]!;
    const prefix = XATTR_PREFIX.find(([p]) => name.startsWith(p));
    if (!prefix) throw new UserError(`xattr ${name} has no known prefix`, 'use user., trusted. or security.');
    const rest = encoder.encode(name.slice(prefix[0].length));
    const entry = 16 + ((rest.length + 3) & ~3);
    end -= (value.length + 3) & ~3;
    if (at + entry + 4 > end) throw new UserError(`xattr ${name} does not fit the inode`, 'shorten names or values');
    v.setUint8(at, rest.length);
    v.setUint8(at + 1, prefix[1]);
    v.setUint16(at + 2, end - first, true);
    v.setUint32(at + 8, value.length, true);
    const raw = new Uint8Array(v.buffer, v.byteOffset, INODE_SIZE);
    raw.set(rest, at + 16);
    raw.set(value, end);
    at += entry;
  }
}
