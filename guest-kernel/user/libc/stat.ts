/** struct stat of riscv64 (asm-generic/stat.h) and the mode bits. */
import { AT_FDCWD } from "../../abi/fcntl";
import { Nr } from "../../abi/nr";
import { Bytes } from "../../lib/bytes";
import { AT_SYMLINK_NOFOLLOW } from "../../abi/fcntl";
import { sys } from "./sys";

export const S_IFMT: u32 = 0o170000;
export const S_IFSOCK: u32 = 0o140000;
export const S_IFLNK: u32 = 0o120000;
export const S_IFREG: u32 = 0o100000;
export const S_IFBLK: u32 = 0o060000;
export const S_IFDIR: u32 = 0o040000;
export const S_IFCHR: u32 = 0o020000;
export const S_IFIFO: u32 = 0o010000;

const scratch: usize = memory.data(4097 + 128, 8);
const buffer: usize = memory.data(128, 8);

@final
export class Stat {
  dev: u64 = 0;
  ino: u64 = 0;
  mode: u32 = 0;
  nlink: u32 = 0;
  uid: u32 = 0;
  gid: u32 = 0;
  rdev: u64 = 0;
  size: i64 = 0;
  blksize: i32 = 0;
  blocks: i64 = 0;
  atime: i64 = 0;
  atimeNs: i64 = 0;
  mtime: i64 = 0;
  mtimeNs: i64 = 0;
  ctime: i64 = 0;
  ctimeNs: i64 = 0;

  get type(): u32 {
    return this.mode & S_IFMT;
  }
  get isDir(): bool {
    return this.type == S_IFDIR;
  }
  get isLink(): bool {
    return this.type == S_IFLNK;
  }

  private fill(): void {
    this.dev = load<u64>(buffer);
    this.ino = load<u64>(buffer + 8);
    this.mode = load<u32>(buffer + 16);
    this.nlink = load<u32>(buffer + 20);
    this.uid = load<u32>(buffer + 24);
    this.gid = load<u32>(buffer + 28);
    this.rdev = load<u64>(buffer + 32);
    this.size = load<i64>(buffer + 48);
    this.blksize = load<i32>(buffer + 56);
    this.blocks = load<i64>(buffer + 64);
    this.atime = load<i64>(buffer + 72);
    this.atimeNs = load<i64>(buffer + 80);
    this.mtime = load<i64>(buffer + 88);
    this.mtimeNs = load<i64>(buffer + 96);
    this.ctime = load<i64>(buffer + 104);
    this.ctimeNs = load<i64>(buffer + 112);
  }

  /** stat(2), or lstat(2) with `noFollow`. Returns 0 or -errno. */
  of(path: Bytes, noFollow: bool = false): i64 {
    const n = min(path.len, 4096);
    memory.copy(scratch, path.ptr, n);
    store<u8>(scratch + n, 0);
    const r = sys(Nr.newfstatat, AT_FDCWD, scratch, buffer, noFollow ? AT_SYMLINK_NOFOLLOW : 0);
    if (r == 0) this.fill();
    return r;
  }

  ofFd(fd: i32): i64 {
    const r = sys(Nr.fstat, fd, buffer);
    if (r == 0) this.fill();
    return r;
  }
}
