/** System calls: the raw ecall and the plain wrappers. Every result is >= 0 or -errno. Paths are byte slices. */
import { AT_FDCWD } from "../../abi/fcntl";
import { Nr } from "../../abi/nr";
import { Bytes } from "../../lib/bytes";
import { ecall6 } from "./rv";

export const PATH_MAX: i32 = 4096;

/** NUL-terminated copies of at most three paths that one call takes. */
const paths: usize = memory.data(3 * 4097);

/** A longer path than PATH_MAX is cut behind it: the kernel answers ENAMETOOLONG. */
function cstr(s: Bytes, slot: usize = 0): u64 {
  const at = paths + slot * 4097;
  const n = min(s.len, PATH_MAX);
  memory.copy(at, s.ptr, n);
  store<u8>(at + n, 0);
  return <u64>at;
}

export function sys(nr: i32, a0: u64 = 0, a1: u64 = 0, a2: u64 = 0, a3: u64 = 0, a4: u64 = 0, a5: u64 = 0): i64 {
  return ecall6(<u64>nr, a0, a1, a2, a3, a4, a5);
}

export function exit(status: i32): void {
  sys(Nr.exit_group, status);
}

// Files

export function open(path: Bytes, flags: u32, mode: u32 = 0): i32 {
  return <i32>sys(Nr.openat, AT_FDCWD, cstr(path), flags, mode);
}
export function close(fd: i32): i32 {
  return <i32>sys(Nr.close, fd);
}
export function read(fd: i32, p: usize, n: usize): i64 {
  return sys(Nr.read, fd, p, n);
}
export function write(fd: i32, p: usize, n: usize): i64 {
  return sys(Nr.write, fd, p, n);
}
/** Writes all of it. Returns 0 or the first error. */
export function writeAll(fd: i32, p: usize, n: usize): i64 {
  while (n > 0) {
    const r = write(fd, p, n);
    if (r < 0) return r;
    p += <usize>r;
    n -= <usize>r;
  }
  return 0;
}
export function lseek(fd: i32, off: i64, whence: i32): i64 {
  return sys(Nr.lseek, fd, off, whence);
}
export function ftruncate(fd: i32, size: i64): i64 {
  return sys(Nr.ftruncate, fd, size);
}
export function fsync(fd: i32): i64 {
  return sys(Nr.fsync, fd);
}
export function dup3(from: i32, to: i32, flags: u32 = 0): i64 {
  return sys(Nr.dup3, from, to, flags);
}
export function fcntl(fd: i32, cmd: i32, arg: u64 = 0): i64 {
  return sys(Nr.fcntl, fd, cmd, arg);
}
export function ioctl(fd: i32, cmd: u32, arg: usize): i64 {
  return sys(Nr.ioctl, fd, cmd, arg);
}
/** Fills two i32 at `p`. */
export function pipe2(p: usize, flags: u32): i64 {
  return sys(Nr.pipe2, p, flags);
}

// Names

export function mkdir(path: Bytes, mode: u32): i64 {
  return sys(Nr.mkdirat, AT_FDCWD, cstr(path), mode);
}
export function mknod(path: Bytes, mode: u32, dev: u64): i64 {
  return sys(Nr.mknodat, AT_FDCWD, cstr(path), mode, dev);
}
export function unlink(path: Bytes, flags: u32 = 0): i64 {
  return sys(Nr.unlinkat, AT_FDCWD, cstr(path), flags);
}
export function symlink(target: Bytes, path: Bytes): i64 {
  return sys(Nr.symlinkat, cstr(target), AT_FDCWD, cstr(path, 1));
}
export function link(from: Bytes, to: Bytes, flags: u32 = 0): i64 {
  return sys(Nr.linkat, AT_FDCWD, cstr(from), AT_FDCWD, cstr(to, 1), flags);
}
export function rename(from: Bytes, to: Bytes, flags: u32 = 0): i64 {
  return sys(Nr.renameat2, AT_FDCWD, cstr(from), AT_FDCWD, cstr(to, 1), flags);
}
export function chdir(path: Bytes): i64 {
  return sys(Nr.chdir, cstr(path));
}
export function chroot(path: Bytes): i64 {
  return sys(Nr.chroot, cstr(path));
}
export function access(path: Bytes, mode: u32): i64 {
  return sys(Nr.faccessat, AT_FDCWD, cstr(path), mode);
}
export function chmod(path: Bytes, mode: u32): i64 {
  return sys(Nr.fchmodat, AT_FDCWD, cstr(path), mode);
}
/** -1 leaves an id as it is. */
export function chown(path: Bytes, uid: u32, gid: u32, flags: u32): i64 {
  return sys(Nr.fchownat, AT_FDCWD, cstr(path), uid, gid, flags);
}
/** `times`: two {seconds, nanoseconds}, or 0 for now. */
export function utimens(path: Bytes, times: usize, flags: u32): i64 {
  return sys(Nr.utimensat, AT_FDCWD, cstr(path), times, flags);
}

/** The target of a symbolic link, or null with `lastError` set. */
export function readlink(path: Bytes): Bytes | null {
  const r = sys(Nr.readlinkat, AT_FDCWD, cstr(path), paths + 4097, PATH_MAX);
  lastError = <i32>r;
  return r < 0 ? null : Bytes.copyOf(paths + 4097, <i32>r);
}

/** The working directory, or null with `lastError` set. */
export function getcwd(): Bytes | null {
  const r = sys(Nr.getcwd, paths, PATH_MAX);
  lastError = <i32>r;
  return r < 0 ? null : Bytes.copyOf(paths, <i32>r - 1);
}

/** -errno of the last wrapper that returned null. */
export let lastError: i32 = 0;

// Extended attributes; the last path component is not followed when `noFollow`.

export function setxattr(path: Bytes, name: Bytes, value: Bytes, flags: u32, noFollow: bool): i64 {
  return sys(noFollow ? Nr.lsetxattr : Nr.setxattr, cstr(path), cstr(name, 1), value.ptr, value.len, flags);
}
export function getxattr(path: Bytes, name: Bytes, p: usize, size: usize, noFollow: bool): i64 {
  return sys(noFollow ? Nr.lgetxattr : Nr.getxattr, cstr(path), cstr(name, 1), p, size);
}
export function listxattr(path: Bytes, p: usize, size: usize, noFollow: bool): i64 {
  return sys(noFollow ? Nr.llistxattr : Nr.listxattr, cstr(path), p, size);
}
export function removexattr(path: Bytes, name: Bytes, noFollow: bool): i64 {
  return sys(noFollow ? Nr.lremovexattr : Nr.removexattr, cstr(path), cstr(name, 1));
}

// Mounts

/** `data` is one page of options; the kernel wants it NUL-terminated. */
export function mount(source: Bytes, target: Bytes, type: Bytes, flags: u64, data: Bytes): i64 {
  const text = Bytes.alloc(data.len + 1);
  memory.copy(text.ptr, data.ptr, data.len);
  return sys(Nr.mount, cstr(source), cstr(target, 1), cstr(type, 2), flags, text.ptr);
}
export function umount(target: Bytes, flags: u32): i64 {
  return sys(Nr.umount2, cstr(target), flags);
}
export function pivotRoot(newRoot: Bytes, putOld: Bytes): i64 {
  return sys(Nr.pivot_root, cstr(newRoot), cstr(putOld, 1));
}

// Processes

/** 0 in the child. */
export function fork(): i64 {
  const SIGCHLD: u64 = 17;
  return sys(Nr.clone, SIGCHLD);
}
/** -1 waits for any child; `status` is an i32 address or 0. */
export function wait4(pid: i32, status: usize, options: u32): i64 {
  return sys(Nr.wait4, pid, status, options);
}
export function kill(pid: i32, sig: i32): i64 {
  return sys(Nr.kill, pid, sig);
}
/** Returns only on failure. */
export function execve(path: Bytes, argv: Bytes[], envp: Bytes[]): i64 {
  return sys(Nr.execve, cstr(path), vector(argv), vector(envp));
}

/** A NULL-terminated array of NUL-terminated strings, as execve wants it. Never freed: the caller execs or exits. */
function vector(list: Bytes[]): u64 {
  let size = (list.length + 1) * 8;
  for (let i = 0; i < list.length; i++) size += list[i].len + 1;
  const p = heap.alloc(size);
  let text = p + (list.length + 1) * 8;
  for (let i = 0; i < list.length; i++) {
    store<u64>(p + i * 8, <u64>text);
    memory.copy(text, list[i].ptr, list[i].len);
    store<u8>(text + list[i].len, 0);
    text += list[i].len + 1;
  }
  store<u64>(p + list.length * 8, 0);
  return <u64>p;
}
