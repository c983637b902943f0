/** The kernel's VFS over a tmpfs, as wasm in Node: guest-kernel/vfs/vfs.test.as.ts with strings and errno names. */
import { loadAs } from './as-wasm.ts';

interface Exports {
  ioAddress(): number;
  setup(pages: number, inodes: number): number;
  become(uid: number, gid: number): void;
  umask(mask: number): void;
  mknod(mode: number, major: number, minor: number): bigint;
  symlink(): bigint;
  unlink(): bigint;
  rmdir(): bigint;
  rename(flags: number): bigint;
  link(follow: number): bigint;
  open(flags: number, mode: number): bigint;
  close(fd: number): bigint;
  pread(fd: number, n: number, pos: bigint): bigint;
  pwrite(fd: number, n: number, pos: bigint): bigint;
  seek(fd: number, off: bigint, whence: number): bigint;
  list(fd: number, n: number): bigint;
  stat(follow: number): bigint;
  readlink(): bigint;
  chmod(mode: number): bigint;
  chown(uid: number, gid: number): bigint;
  truncate(size: number): bigint;
  chdir(): bigint;
  chroot(): bigint;
  umount(flags: number): bigint;
  remountAt(ms: number): bigint;
  mount(ms: number): bigint;
  two(what: number): bigint;
  getcwd(): bigint;
  statfs(): bigint;
  counters(): bigint;
  collect(): void;
}

/** A value >= 0, or the name of an errno. */
export type Outcome = number | string;

export interface Stat {
  type: string;
  perm: number;
  nlink: number;
  uid: number;
  gid: number;
  size: number;
  rdev: number;
  ino: number;
  dev: number;
}

const ERRNO: Record<number, string> = {
  1: 'EPERM',
  2: 'ENOENT',
  6: 'ENXIO',
  12: 'ENOMEM',
  13: 'EACCES',
  16: 'EBUSY',
  17: 'EEXIST',
  18: 'EXDEV',
  20: 'ENOTDIR',
  21: 'EISDIR',
  22: 'EINVAL',
  28: 'ENOSPC',
  30: 'EROFS',
  36: 'ENAMETOOLONG',
  39: 'ENOTEMPTY',
  40: 'ELOOP',
};
const TYPES: Record<number, string> = { 1: 'fifo', 2: 'char', 4: 'dir', 6: 'block', 8: 'file', 10: 'link' };
const O_CREAT_WRONLY_TRUNC = 0o1101;

function outcome(r: bigint): Outcome {
  const n = Number(r);
  return n >= 0 ? n : (ERRNO[-n] ?? `errno ${-n}`);
}

export type Vfs = Awaited<ReturnType<typeof loadVfs>>;

/** A fresh kernel whose root is a tmpfs of at most `pages` pages and `inodes` inodes; the caller is root, umask 0. */
export async function loadVfs(pages = 200, inodes = 1000) {
  const { exports: k, memory } = await loadAs<Exports>('guest-kernel/vfs/vfs.test.as.ts');
  k.setup(pages, inodes);
  const io = k.ioAddress();
  const put = (...args: string[]): void => {
    Buffer.from(memory.buffer).write(args.map(a => `${a}\0`).join(''), io, 'latin1');
  };
  const text = (n: bigint): string => Buffer.from(memory.buffer, io, Number(n)).toString('latin1');
  const answer = (r: bigint): string => (r >= 0n ? text(r) : String(outcome(r)));
  const numbers = (r: bigint): number[] => text(r).split(' ').map(Number);
  const call = (fn: () => bigint, ...args: string[]): Outcome => {
    put(...args);
    return outcome(fn());
  };
  const statOf = (path: string, follow: boolean): Stat | string => {
    put(path);
    const r = k.stat(follow ? 1 : 0);
    if (r < 0n) return String(outcome(r));
    const [mode = '', ...rest] = text(r).split(' ');
    const bits = Number.parseInt(mode, 8);
    const [nlink = 0, uid = 0, gid = 0, size = 0, rdev = 0, ino = 0, dev = 0] = rest.map(Number);
    return { type: TYPES[bits >> 12] ?? '?', perm: bits & 0o7777, nlink, uid, gid, size, rdev, ino, dev };
  };
  const open = (path: string, flags: number, mode = 0o666): Outcome => call(() => k.open(flags, mode), path);
  const close = (fd: number): Outcome => outcome(k.close(fd));
  const pread = (fd: number, n: number, pos: number): string => answer(k.pread(fd, n, BigInt(pos)));
  const pwrite = (fd: number, data: string, pos: number): Outcome => {
    Buffer.from(memory.buffer).write(data, io, 'latin1');
    return outcome(k.pwrite(fd, data.length, BigInt(pos)));
  };
  return {
    k,
    open,
    close,
    pread,
    pwrite,
    mkdir: (path: string, mode = 0o777) => call(() => k.mknod(0o040000 | mode, 0, 0), path),
    mknod: (path: string, mode: number, major: number, minor: number) => call(() => k.mknod(mode, major, minor), path),
    symlink: (target: string, path: string) => call(() => k.symlink(), target, path),
    unlink: (path: string) => call(() => k.unlink(), path),
    rmdir: (path: string) => call(() => k.rmdir(), path),
    rename: (from: string, to: string, flags = 0) => call(() => k.rename(flags), from, to),
    link: (from: string, to: string) => call(() => k.link(0), from, to),
    stat: (path: string) => statOf(path, true),
    lstat: (path: string) => statOf(path, false),
    chmod: (path: string, mode: number) => call(() => k.chmod(mode), path),
    chown: (path: string, uid: number, gid: number) => call(() => k.chown(uid, gid), path),
    truncate: (path: string, size: number) => call(() => k.truncate(size), path),
    chdir: (path: string) => call(() => k.chdir(), path),
    chroot: (path: string) => call(() => k.chroot(), path),
    mount: (path: string, data: string, ms = 0) => call(() => k.mount(ms), path, data),
    umount: (path: string, flags = 0) => call(() => k.umount(flags), path),
    remount: (path: string, ms: number) => call(() => k.remountAt(ms), path),
    bind: (from: string, to: string, recursive = false) => call(() => k.two(recursive ? 1 : 0), from, to),
    move: (from: string, to: string) => call(() => k.two(2), from, to),
    pivotRoot: (to: string, old: string) => call(() => k.two(3), to, old),
    getcwd: () => answer(k.getcwd()),
    readlink(path: string): string {
      put(path);
      return answer(k.readlink());
    },
    /** The whole file, or an errno. */
    read(path: string): string {
      const fd = open(path, 0);
      if (typeof fd === 'string') return fd;
      const data = pread(fd, 60_000, 0);
      close(fd);
      return data;
    },
    /** Creates or replaces a file. */
    write(path: string, data: string): Outcome {
      const fd = open(path, O_CREAT_WRONLY_TRUNC);
      if (typeof fd === 'string') return fd;
      const r = data === '' ? 0 : pwrite(fd, data, 0);
      close(fd);
      return r === data.length ? 0 : r;
    },
    seek: (fd: number, off: bigint, whence: number) => outcome(k.seek(fd, off, whence)),
    list(fd: number, n: number): { type: number; name: string }[] {
      const lines = answer(k.list(fd, n)).split('\n').slice(0, -1);
      return lines.map(l => ({ type: Number.parseInt(l, 10), name: l.slice(l.indexOf(' ') + 1) }));
    },
    statfs() {
      const [blocks, bfree, files, ffree] = numbers(k.statfs());
      return { blocks, bfree, files, ffree };
    },
    counters() {
      const [free, dentries, inodes, files, mounts] = numbers(k.counters());
      return { free, dentries, inodes, files, mounts };
    },
  };
}
