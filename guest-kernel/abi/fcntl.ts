/** open(2), fcntl(2) and *at(2) numbers of Linux asm-generic. */

export const O_ACCMODE: u32 = 0o3;
export const O_RDONLY: u32 = 0o0;
export const O_WRONLY: u32 = 0o1;
export const O_RDWR: u32 = 0o2;
export const O_CREAT: u32 = 0o100;
export const O_EXCL: u32 = 0o200;
export const O_NOCTTY: u32 = 0o400;
export const O_TRUNC: u32 = 0o1000;
export const O_APPEND: u32 = 0o2000;
export const O_NONBLOCK: u32 = 0o4000;
export const O_DSYNC: u32 = 0o10000;
export const O_ASYNC: u32 = 0o20000;
export const O_DIRECT: u32 = 0o40000;
export const O_LARGEFILE: u32 = 0o100000;
export const O_DIRECTORY: u32 = 0o200000;
export const O_NOFOLLOW: u32 = 0o400000;
export const O_NOATIME: u32 = 0o1000000;
export const O_CLOEXEC: u32 = 0o2000000;
export const O_SYNC: u32 = 0o4010000;
export const O_PATH: u32 = 0o10000000;
/** The flag alone; user space passes it with O_DIRECTORY. */
export const O_TMPFILE_BIT: u32 = 0o20000000;

export const F_DUPFD: i32 = 0;
export const F_GETFD: i32 = 1;
export const F_SETFD: i32 = 2;
export const F_GETFL: i32 = 3;
export const F_SETFL: i32 = 4;
export const F_GETLK: i32 = 5;
export const F_SETLK: i32 = 6;
export const F_SETLKW: i32 = 7;
export const F_DUPFD_CLOEXEC: i32 = 1030;
export const F_SETPIPE_SZ: i32 = 1031;
export const F_GETPIPE_SZ: i32 = 1032;
export const FD_CLOEXEC: i32 = 1;

export const AT_FDCWD: i32 = -100;
export const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
export const AT_EACCESS: u32 = 0x200;
export const AT_REMOVEDIR: u32 = 0x200;
export const AT_SYMLINK_FOLLOW: u32 = 0x400;
export const AT_NO_AUTOMOUNT: u32 = 0x800;
export const AT_EMPTY_PATH: u32 = 0x1000;
export const AT_STATX_SYNC_TYPE: u32 = 0x6000;
