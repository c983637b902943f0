/** Files of the host: images to load, disks, and the lock that keeps two machines from writing one disk. */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../base/user-error.ts';
import type { NamedBytes } from '../../machine/config.ts';
import { SECTOR_SIZE, type BlockBackend } from '../../storage/block-backend.ts';

/** The package's folder: dist/ is in it (bundled), or this file three levels below (run from source). */
export function packageRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return here.endsWith('dist') ? join(here, '..') : join(here, '..', '..', '..');
}

/** One of the package's own images. */
export function builtImage(name: string): string {
  return join(packageRoot(), 'images', 'out', name);
}

/** Reads a whole file; `what` says in messages what it was to be. */
export function readNamed(path: string, what: string): NamedBytes {
  try {
    return { name: path, bytes: readFileSync(path) };
  } catch (error) {
    throw new UserError(`${what} ${path}: ${reason(error)}`, hintFor(path));
  }
}

/** Empties or makes a file; `flag` says in messages who asked for it. */
export function openToWrite(flag: string, path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new UserError(`${flag} ${path}: ${reason(error)}`, 'name a file that can be written');
  }
}

/** A file to write to from its beginning; `what` says in messages what it was to be. */
export function outputFile(path: string, what: string): { write(bytes: Uint8Array): void; close(): void } {
  let fd: number;
  try {
    fd = openSync(path, 'w');
  } catch (error) {
    throw new UserError(`${what} ${path}: ${reason(error)}`, 'name a file that can be written');
  }
  return {
    write: bytes => {
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    },
    close: () => closeSync(fd),
  };
}

/** A raw disk image in a file. Writable ones are locked while open. */
export class FileBackend implements BlockBackend {
  readonly sizeBytes: number;
  readonly label: string;
  private readonly fd: number;
  private readonly lock: string | undefined;

  constructor(
    private readonly path: string,
    readonly isReadOnly: boolean,
    /** The size is a multiple of this. */
    unit = SECTOR_SIZE,
  ) {
    this.label = path;
    try {
      this.fd = openSync(path, isReadOnly ? 'r' : 'r+');
    } catch (error) {
      throw new UserError(`drive ${path}: ${reason(error)}`, hintFor(path));
    }
    const stat = fstatSync(this.fd);
    this.sizeBytes = stat.size;
    if (!stat.isFile()) throw new UserError(`drive ${path}: not a regular file`, 'give the name of a raw disk image');
    if (stat.size === 0 || stat.size % unit !== 0) {
      closeSync(this.fd);
      throw new UserError(
        stat.size === 0 ? `drive ${path}: empty` : `drive ${path}: ${stat.size} bytes, not a multiple of ${unit}`,
        'give a raw disk image; npm run build makes images/out/rootfs.img',
      );
    }
    refuseIfLocked(path);
    this.lock = isReadOnly ? undefined : takeLock(path);
  }

  read(offset: number, target: Uint8Array): void {
    for (let done = 0; done < target.length;) {
      const count = readSync(this.fd, target, done, target.length - done, offset + done);
      if (count === 0) throw new Error(`${this.path}: ends at byte ${offset + done}`);
      done += count;
    }
  }
  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.fd, bytes, done, bytes.length - done, offset + done);
    }
  }
  flush(): void {
    if (!this.isReadOnly) fsyncSync(this.fd);
  }
  close(): void {
    closeSync(this.fd);
    if (this.lock === undefined) return;
    unlinkSync(this.lock);
    ownLocks.delete(this.lock);
  }
}

const lockOf = (path: string): string => `${path}.lock`;

/** Node has no flock: the lock is a file that names its owner, void when that process is gone. */
function refuseIfLocked(path: string): void {
  const owner = lockOwner(path);
  if (owner !== undefined) throw inUse(path, `process ${owner || 'of another user'}, which may write to it`);
}

/** The living process that holds the lock. */
function lockOwner(path: string): number | undefined {
  try {
    const owner = Number(readFileSync(lockOf(path), 'utf8'));
    // 0 would mean our own process group.
    if (!(owner > 0)) return undefined;
    process.kill(owner, 0);
    return owner;
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? NaN : undefined;
  }
}

function inUse(path: string, by: string): UserError {
  return new UserError(
    `drive ${path}: in use by ${by}`,
    `wait for it, or remove ${lockOf(path)} if no machine of ours runs`,
  );
}

const ownLocks = new Set<string>();

/** Precondition: `refuseIfLocked` has found no living owner. */
function takeLock(path: string): string {
  const lock = lockOf(path);
  rmSync(lock, { force: true });
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw inUse(path, 'a machine that has just been started');
    throw new UserError(`drive ${path}: cannot lock it: ${reason(error)}`, 'open it with readonly=on or -snapshot');
  }
  if (ownLocks.size === 0) process.on('exit', releaseLocks);
  ownLocks.add(lock);
  return lock;
}

function releaseLocks(): void {
  for (const lock of ownLocks) {
    try {
      unlinkSync(lock);
    } catch {
      // closed before
    }
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'is a directory';
  return error instanceof Error ? error.message : String(error);
}

function hintFor(path: string): string {
  return path.includes('images/out') ? 'build it with npm run build' : 'check the name';
}
