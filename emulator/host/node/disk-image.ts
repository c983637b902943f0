/** A drive's file as a disk: raw or qcow2. Backing files of a qcow2 image are followed, read-only, where they are files. */
import { dirname, isAbsolute, join } from 'node:path';
import { UserError } from '../../base/user-error.ts';
import type { BlockBackend } from '../../storage/block-backend.ts';
import { isQcow2, Qcow2Image } from '../../storage/qcow2.ts';
import { FileBackend } from './files.ts';

export const DISK_FORMATS = ['raw', 'qcow2'] as const;
export type DiskFormat = (typeof DISK_FORMATS)[number];

/** Longer chains are a loop, or nothing that anybody made on purpose. */
const BACKING_DEPTH_MAX = 16;
const PROBE_BYTES = 512;

export interface DiskImage {
  readonly backend: BlockBackend;
  /** To be closed after the run. */
  readonly files: readonly FileBackend[];
}

/** @param format absent: found out from the file's first bytes, as QEMU does */
export function openDisk(path: string, isReadOnly: boolean, format?: DiskFormat): DiskImage {
  const files: FileBackend[] = [];
  try {
    return { backend: open(path, isReadOnly, format, files), files };
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
}

function open(path: string, isReadOnly: boolean, format: DiskFormat | undefined, files: FileBackend[]): BlockBackend {
  if (files.length >= BACKING_DEPTH_MAX) {
    throw new UserError(
      `drive ${files[0]!.label}: more than ${BACKING_DEPTH_MAX} backing files below it`,
      'make one image of them: qemu-img convert -O qcow2',
    );
  }
  if ((format ?? probe(path)) === 'raw') {
    const file = new FileBackend(path, isReadOnly);
    files.push(file);
    return file;
  }
  if (!isReadOnly) {
    throw new UserError(`drive ${path}: qcow2 images cannot be written to`, 'add readonly=on, or -snapshot');
  }
  const file = new FileBackend(path, true, 1);
  files.push(file);
  return new Qcow2Image(file, inflate, backing => {
    if (/^[a-z][\w+.-]*:/i.test(backing.name))
      throw new UserError(
        `drive ${path}: its backing file ${backing.name} is not a plain file`,
        'convert it: qemu-img convert -O qcow2',
      );
    const below = isAbsolute(backing.name) ? backing.name : join(dirname(path), backing.name);
    const known = DISK_FORMATS.find(name => name === backing.format);
    if (backing.format !== undefined && known === undefined) {
      throw new UserError(
        `drive ${path}: its backing file ${backing.name} has the format ${backing.format.slice(0, 20)}`,
        'convert it: qemu-img convert -O qcow2',
      );
    }
    return open(below, true, known, files);
  });
}

/** Loaded by the first image that needs it. */
function inflate(data: Uint8Array, size: number): Uint8Array {
  return process.getBuiltinModule('node:zlib').inflateRawSync(data, { maxOutputLength: size });
}

function probe(path: string): DiskFormat {
  const file = new FileBackend(path, true, 1);
  try {
    const start = new Uint8Array(Math.min(PROBE_BYTES, file.sizeBytes));
    file.read(0, start);
    return isQcow2(start) ? 'qcow2' : 'raw';
  } finally {
    file.close();
  }
}
