/** A disk with a FAT16 filesystem (Microsoft's FAT specification, fatgen103) and files in its root: what UEFI boots from. */
import { viewOf } from '../../emulator/base/bytes.ts';

const SECTOR = 512;
const CLUSTER_SECTORS = 4;
const CLUSTER = SECTOR * CLUSTER_SECTORS;
const TOTAL_SECTORS = 0x2_0000;
const FAT_SECTORS = 128;
const ROOT_ENTRIES = 512;
const ENTRY_BYTES = 32;
const FAT_AT = SECTOR;
const ROOT_AT = FAT_AT + 2 * FAT_SECTORS * SECTOR;
const DATA_AT = ROOT_AT + ROOT_ENTRIES * ENTRY_BYTES;
const FIRST_CLUSTER = 2;
const LAST = 0xffff;

/** @param files by name: at most 8 letters, a dot, at most 3; 60 MiB in all */
export function fatImage(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const image = new Uint8Array(TOTAL_SECTORS * SECTOR);
  const view = viewOf(image);
  bootSector(view);
  const setNext = (cluster: number, next: number): void => {
    for (const fat of [0, 1]) view.setUint16(FAT_AT + fat * FAT_SECTORS * SECTOR + 2 * cluster, next, true);
  };
  setNext(0, 0xfff8);
  setNext(1, LAST);
  let cluster = FIRST_CLUSTER;
  Object.entries(files).forEach(([name, bytes], i) => {
    const [stem = '', extension = ''] = name.toUpperCase().split('.');
    const entry = ROOT_AT + i * ENTRY_BYTES;
    text(view, entry, stem.padEnd(8) + extension.padEnd(3));
    view.setUint8(entry + 11, 0x20);
    view.setUint16(entry + 26, cluster, true);
    view.setUint32(entry + 28, bytes.length, true);
    image.set(bytes, DATA_AT + (cluster - FIRST_CLUSTER) * CLUSTER);
    const end = cluster + Math.max(1, Math.ceil(bytes.length / CLUSTER));
    for (; cluster < end; cluster++) setNext(cluster, cluster + 1 === end ? LAST : cluster + 1);
  });
  return image;
}

function bootSector(view: DataView): void {
  const words: readonly (readonly [at: number, value: number])[] = [
    [11, SECTOR],
    [14, 1], // reserved sectors
    [17, ROOT_ENTRIES],
    [22, FAT_SECTORS],
    [24, 32], // a geometry, which nobody asks for
    [26, 64],
    [510, 0xaa55],
  ];
  for (const [at, value] of words) view.setUint16(at, value, true);
  view.setUint32(32, TOTAL_SECTORS, true);
  const bytes: readonly (readonly [at: number, value: number])[] = [
    [0, 0xeb],
    [1, 0x3c],
    [2, 0x90],
    [13, CLUSTER_SECTORS],
    [16, 2],
    [21, 0xf8],
    [36, 0x80],
    [38, 0x29],
  ];
  for (const [at, value] of bytes) view.setUint8(at, value);
  text(view, 3, 'STRATA  ');
  text(view, 43, 'BOOT       FAT16   ');
}

function text(view: DataView, at: number, value: string): void {
  [...value].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
}
