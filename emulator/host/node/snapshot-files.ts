/**
 * Where snapshots lie: a name with a dot or a slash is a file, a plain word is WORD.snapshot in the current directory.
 * A file is written beside its place and moved there when it is whole.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { UserError } from '../../base/user-error.ts';
import { openDisk, type DiskImage } from './disk-image.ts';
import type { DriveIdentity } from '../../machine/snapshot/configuration.ts';

const SUFFIX = '.snapshot';

export function snapshotPath(name: string): string {
  if (name === '') throw new UserError('a snapshot needs a name', 'write a word, or the name of a file');
  return /[./]/.test(name) ? name : `${name}${SUFFIX}`;
}

/** Returns the file's size. */
export function writeSnapshotFile(path: string, pieces: Iterable<Uint8Array>): number {
  const part = `${path}.${process.pid}.part`;
  let size = 0;
  try {
    const fd = openSync(part, 'wx');
    try {
      for (const piece of pieces) {
        for (let done = 0; done < piece.length;) done += writeSync(fd, piece, done);
        size += piece.length;
      }
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    if (error instanceof UserError) throw error;
    throw new UserError(`snapshot ${path}: ${reason(error)}`, 'name a file that can be written');
  }
  return size;
}

export function readSnapshotFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`snapshot ${path}: ${reason(error)}`, 'info snapshots lists those of this directory');
  }
}

/** The snapshots of the current directory. */
export function listSnapshotFiles(): { name: string; sizeBytes: number; takenAt: Date }[] {
  return readdirSync('.')
    .filter(name => name.endsWith(SUFFIX))
    .sort()
    .map(name => ({ name, stat: statSync(name) }))
    .map(({ name, stat }) => ({ name: name.slice(0, -SUFFIX.length), sizeBytes: stat.size, takenAt: stat.mtime }));
}

/** The file that a drive had, unless another is named: read-only, for writes stay in memory. */
export function openSnapshotDrive({ label }: DriveIdentity, file = label): DiskImage {
  return openDisk(file, true);
}

function reason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
    ? 'no such file'
    : error instanceof Error
      ? error.message
      : String(error);
}
