/** cpio archives in the `newc` format (Documentation/driver-api/early-userspace/buffer-format): an initial RAM disk. */

export interface CpioEntry {
  /** Without a leading slash; parents come first. */
  readonly path: string;
  /** Absent: a folder. */
  readonly contents?: Uint8Array;
}

const FOLDER_MODE = 0o040755;
const PROGRAM_MODE = 0o100755;

export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  const add = (path: string, mode: number, contents: Uint8Array, inode: number): void => {
    const fields = [inode, mode, 0, 0, 1, 0, contents.length, 0, 0, 0, 0, path.length + 1, 0];
    const header = `070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}${path}\0`;
    parts.push(padded(Buffer.from(header)), padded(contents));
  };
  entries.forEach(({ path, contents }, i) => {
    add(path, contents ? PROGRAM_MODE : FOLDER_MODE, contents ?? new Uint8Array(0), i + 1);
  });
  add('TRAILER!!!', 0, new Uint8Array(0), 0);
  return Buffer.concat(parts);
}

function padded(bytes: Uint8Array): Buffer {
  const out = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  out.set(bytes);
  return out;
}
