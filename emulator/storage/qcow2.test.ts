/** qcow2 against qemu-img where there is one, and against images with a lie in them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../base/user-error.ts';
import { viewOf } from '../base/bytes.ts';
import { openDisk } from '../host/node/disk-image.ts';
import type { BlockBackend } from './block-backend.ts';
import { MemoryBackend } from './memory-backend.ts';
import { Qcow2Image } from './qcow2.ts';

const QEMU_IMG = process.env['QEMU_IMG'] ?? 'qemu-img';
const hasQemuImg = spawnSync(QEMU_IMG, ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'strata-qcow2-'));
const path = (name: string): string => join(folder, name);
const qemuImg = (...args: string[]): string => execFileSync(QEMU_IMG, args, { encoding: 'utf8' });

function contents(backend: BlockBackend): Uint8Array {
  const bytes = new Uint8Array(backend.sizeBytes);
  backend.read(0, bytes);
  return bytes;
}

/** Data, holes and repetition: 3 MiB and a bit. */
function disk(seed: number): Uint8Array {
  const bytes = new Uint8Array(3 * 1024 * 1024 + 5 * 512);
  let state = seed;
  for (let at = 0; at < bytes.length; at++) {
    const kind = (at >>> 15) % 4;
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = kind === 0 ? state >>> 24 : kind === 1 ? (at >>> 4) & 0xff : kind === 2 ? 0 : 0x61;
  }
  return bytes;
}

/** An image of ours: version, 64 KiB clusters, one L2 table, `used` data clusters behind it. */
function handMade(version = 3): Uint8Array {
  const CLUSTER = 65536;
  const bytes = new Uint8Array(5 * CLUSTER);
  const view = viewOf(bytes);
  view.setUint32(0, 0x5146_49fb);
  view.setUint32(4, version);
  view.setUint32(20, 16);
  view.setBigUint64(24, BigInt(4 * CLUSTER));
  view.setUint32(36, 1);
  view.setBigUint64(40, BigInt(CLUSTER));
  if (version === 3) view.setUint32(100, 104);
  view.setBigUint64(CLUSTER, (1n << 63n) | BigInt(2 * CLUSTER));
  view.setBigUint64(2 * CLUSTER, (1n << 63n) | BigInt(3 * CLUSTER));
  view.setBigUint64(2 * CLUSTER + 8, 1n);
  view.setBigUint64(2 * CLUSTER + 24, (1n << 63n) | BigInt(4 * CLUSTER));
  bytes.fill(0x11, 3 * CLUSTER, 4 * CLUSTER);
  bytes.fill(0x44, 4 * CLUSTER);
  return bytes;
}

const image = (bytes: Uint8Array): Qcow2Image =>
  new Qcow2Image(new MemoryBackend(bytes, true), data => inflateRawSync(data));

test('data, zero and absent clusters of a small image', () => {
  const found = contents(image(handMade()));
  expect([0, 65_535, 65_536, 131_072, 196_607, 196_608, 262_143].map(at => found[at])).toEqual([
    0x11, 0x11, 0, 0, 0, 0x44, 0x44,
  ]);
});

test.each<[string, (view: DataView) => void]>([
  ['not a qcow2 image', view => view.setUint32(0, 0)],
  ['qcow2 version 4', view => view.setUint32(4, 4)],
  ['clusters of 2^22', view => view.setUint32(20, 22)],
  ['clusters of 2^8', view => view.setUint32(20, 8)],
  ['encrypted (LUKS)', view => view.setUint32(32, 2)],
  ['it is dirty', view => view.setUint32(76, 1)],
  ['marked as corrupt', view => view.setUint32(76, 2)],
  ['an external file', view => view.setUint32(76, 4)],
  ['extended L2 entries', view => view.setUint32(76, 16)],
  ['incompatible feature bit 5', view => view.setUint32(76, 32)],
  ['incompatible feature bit 63', view => view.setUint32(72, 0x8000_0000)],
  ['a header of 96', view => view.setUint32(100, 96)],
  [
    'compressed with zstd',
    view => {
      view.setUint32(76, 8);
      view.setUint32(100, 112);
      view.setUint8(104, 1);
    },
  ],
  ['a disk of', view => view.setBigUint64(24, 1n << 60n)],
  ['a disk of', view => view.setBigUint64(24, 0n)],
  ['an L1 table of', view => view.setBigUint64(24, 1n << 40n)],
  ['an L1 table of', view => view.setUint32(36, 0xffff_ffff)],
  ['its L1 table at', view => view.setBigUint64(40, 1n << 62n)],
  [
    'a backing file (abc)',
    view => {
      view.setBigUint64(8, 200n);
      view.setUint32(16, 3);
      view.setUint32(200, 0x6162_6300);
    },
  ],
  [
    'a backing file name of',
    view => {
      view.setBigUint64(8, 200n);
      view.setUint32(16, 0xffff_ffff);
    },
  ],
])('is refused at once: %s', (what, lie) => {
  const bytes = handMade();
  lie(viewOf(bytes));
  expect(() => image(bytes)).toThrow(UserError);
  expect(() => image(bytes)).toThrow(what);
});

test.each<[string, (view: DataView) => void]>([
  ['an L2 table at', view => view.setBigUint64(65_536, 1n << 50n)],
  ['not aligned', view => view.setBigUint64(65_536, 0x20200n)],
  ['behind its end', view => view.setBigUint64(131_072, 1n << 50n)],
  ['not aligned', view => view.setBigUint64(131_072, 0x30200n)],
  ['compressed cluster at', view => view.setBigUint64(131_072, (1n << 62n) | (1n << 40n))],
  ['does not expand', view => view.setBigUint64(131_072, (1n << 62n) | 0x30001n)],
])('is an error of the drive when read: %s', (what, lie) => {
  const bytes = handMade();
  lie(viewOf(bytes));
  const opened = image(bytes);
  expect(() => contents(opened)).toThrow(UserError);
  expect(() => contents(opened)).toThrow(what);
});

describe.skipIf(!hasQemuImg)('images of qemu-img', () => {
  const bytes = disk(1);

  beforeAll(() => writeFileSync(path('raw.img'), bytes));

  test.each([
    ['version 3', ['-o', 'compat=1.1']],
    ['version 2', ['-o', 'compat=0.10']],
    ['clusters of 512', ['-o', 'cluster_size=512']],
    ['clusters of 2 MiB', ['-o', 'cluster_size=2M']],
    ['compressed', ['-c']],
    ['compressed, clusters of 4 KiB', ['-c', '-o', 'cluster_size=4k']],
    ['compressed, version 2, clusters of 2 MiB', ['-c', '-o', 'compat=0.10,cluster_size=2M']],
  ])('%s: every byte', (name, options) => {
    const file = path(`${name.replaceAll(/\W/g, '-')}.qcow2`);
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', ...options, path('raw.img'), file);
    const { backend, files } = openDisk(file, true);
    expect(Buffer.compare(contents(backend), bytes)).toBe(0);
    for (const opened of files) opened.close();
  });

  test('a chain of backing files, the lowest raw and shorter', () => {
    writeFileSync(path('short.img'), bytes.subarray(0, 1_048_576));
    qemuImg('create', '-q', '-f', 'qcow2', '-b', 'short.img', '-F', 'raw', path('middle.qcow2'), '2M');
    qemuImg('create', '-q', '-f', 'qcow2', '-b', 'middle.qcow2', '-F', 'qcow2', path('top.qcow2'), '3M');
    execFileSync(QEMU_IMG.replace(/qemu-img$/, 'qemu-io'), [
      '-f',
      'qcow2',
      '-c',
      'write -P 0x5a 300k 9k',
      '-c',
      'write -z 64k 64k',
      path('top.qcow2'),
    ]);
    const { backend } = openDisk(path('top.qcow2'), true);
    qemuImg('convert', '-O', 'raw', path('top.qcow2'), path('flat.img'));
    expect(Buffer.compare(contents(backend), readFileSync(path('flat.img')))).toBe(0);
    writeFileSync(path('loop.img'), '');
    qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', 'loop.qcow2', '-F', 'qcow2', path('loop.qcow2'), '1M');
    expect(() => openDisk(path('loop.qcow2'), true)).toThrow('more than 16 backing files');
  });

  test('internal snapshots are passed over; zstd is refused by name', () => {
    qemuImg('convert', '-O', 'qcow2', path('raw.img'), path('snap.qcow2'));
    qemuImg('snapshot', '-c', 'before', path('snap.qcow2'));
    expect(Buffer.compare(contents(openDisk(path('snap.qcow2'), true).backend), bytes)).toBe(0);
    const made = spawnSync(QEMU_IMG, [
      'convert',
      '-c',
      '-O',
      'qcow2',
      '-o',
      'compression_type=zstd',
      path('raw.img'),
      path('zstd.qcow2'),
    ]);
    if (made.status === 0) expect(() => openDisk(path('zstd.qcow2'), true)).toThrow('compressed with zstd');
  });

  test('writing needs a layer', () => {
    qemuImg('create', '-q', '-f', 'qcow2', path('w.qcow2'), '1M');
    expect(() => openDisk(path('w.qcow2'), false)).toThrow('cannot be written to');
  });
});
