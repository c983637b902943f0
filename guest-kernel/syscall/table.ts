/** Every system call: number, name, handler, how far it goes. docs/SYSCALLS.md is printed from these rows. */
import { Errno } from "../abi/errno";
import { Nr } from "../abi/nr";
import { Result, fail } from "../lib/result";
import * as dir from "./dir";
import * as file from "./file";
import * as locks from "./locks";
import * as mem from "./mm";
import * as misc from "./misc";
import * as mount from "./mount";
import * as poll from "./poll";
import * as proc from "./proc";
import * as cred from "./cred";
import * as signal from "./signal";
import * as stat from "./stat";
import * as transfer from "./transfer";
import * as time from "./time";
import * as wait from "./wait";
import * as xattr from "./xattr";

export const enum Support {
  None,
  Partial,
  Full,
}

type Handler = (a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64) => Result;

@final
class Syscall {
  constructor(
    public name: string,
    public fn: Handler,
    public support: Support,
    public note: string,
  ) {}
}

const table = new StaticArray<Syscall | null>(512);

function def(nr: i32, name: string, fn: Handler, support: Support = Support.Full, note: string = ""): void {
  assert(table[nr] == null, name);
  table[nr] = new Syscall(name, fn, support, note);
}

// Sorted by number within each family's file.

// cred.ts
def(Nr.setregid, "setregid", cred.sysSetregid);
def(Nr.setgid, "setgid", cred.sysSetgid);
def(Nr.setreuid, "setreuid", cred.sysSetreuid);
def(Nr.setuid, "setuid", cred.sysSetuid);
def(Nr.setresuid, "setresuid", cred.sysSetresuid);
def(Nr.getresuid, "getresuid", cred.sysGetresuid);
def(Nr.setresgid, "setresgid", cred.sysSetresgid);
def(Nr.getresgid, "getresgid", cred.sysGetresgid);
def(Nr.setfsuid, "setfsuid", cred.sysSetfsuid);
def(Nr.setfsgid, "setfsgid", cred.sysSetfsgid);
def(Nr.getgroups, "getgroups", cred.sysGetgroups);
def(Nr.setgroups, "setgroups", cred.sysSetgroups);
def(Nr.getuid, "getuid", cred.sysGetuid);
def(Nr.geteuid, "geteuid", cred.sysGeteuid);
def(Nr.getgid, "getgid", cred.sysGetgid);
def(Nr.getegid, "getegid", cred.sysGetegid);

// proc.ts
def(Nr.exit, "exit", proc.sysExit);
def(Nr.exit_group, "exit_group", proc.sysExit);
def(Nr.set_tid_address, "set_tid_address", proc.sysSetTidAddress);
def(Nr.futex, "futex", proc.sysFutex, Support.Partial, "WAIT, WAKE and their BITSET forms");
def(
  Nr.sched_setaffinity,
  "sched_setaffinity",
  proc.sysSchedSetaffinity,
  Support.Partial,
  "one hart: any mask that holds it",
);
def(Nr.sched_getaffinity, "sched_getaffinity", proc.sysSchedGetaffinity);
def(Nr.sched_yield, "sched_yield", proc.sysSchedYield);
def(Nr.setpriority, "setpriority", proc.sysSetpriority, Support.Partial, "kept and shown; scheduling is round robin");
def(Nr.getpriority, "getpriority", proc.sysGetpriority);
def(Nr.setpgid, "setpgid", proc.sysSetpgid);
def(Nr.getpgid, "getpgid", proc.sysGetpgid);
def(Nr.getsid, "getsid", proc.sysGetsid);
def(Nr.setsid, "setsid", proc.sysSetsid);
def(Nr.getrlimit, "getrlimit", proc.sysGetrlimit);
def(Nr.setrlimit, "setrlimit", proc.sysSetrlimit);
def(Nr.prctl, "prctl", proc.sysPrctl, Support.Partial, "names, dumpable, no_new_privs, death signal, capability bits");
def(Nr.getpid, "getpid", proc.sysGetpid);
def(Nr.getppid, "getppid", proc.sysGetppid);
def(Nr.gettid, "gettid", proc.sysGetpid);
def(Nr.clone, "clone", proc.sysClone, Support.Partial, "processes, no threads");
def(Nr.execve, "execve", proc.sysExecve);
def(Nr.prlimit64, "prlimit64", proc.sysPrlimit64);

// wait.ts
def(Nr.waitid, "waitid", wait.sysWaitid);
def(Nr.getrusage, "getrusage", wait.sysGetrusage);
def(Nr.wait4, "wait4", wait.sysWait4);

// signal.ts
def(Nr.kill, "kill", signal.sysKill);
def(Nr.tkill, "tkill", signal.sysTkill);
def(Nr.tgkill, "tgkill", signal.sysTgkill);
def(Nr.sigaltstack, "sigaltstack", signal.sysSigaltstack);
def(Nr.rt_sigsuspend, "rt_sigsuspend", signal.sysRtSigsuspend);
def(Nr.rt_sigaction, "rt_sigaction", signal.sysRtSigaction);
def(Nr.rt_sigprocmask, "rt_sigprocmask", signal.sysRtSigprocmask);
def(Nr.rt_sigpending, "rt_sigpending", signal.sysRtSigpending);
def(Nr.rt_sigtimedwait, "rt_sigtimedwait", signal.sysRtSigtimedwait);
def(Nr.rt_sigqueueinfo, "rt_sigqueueinfo", signal.sysRtSigqueueinfo);
def(Nr.rt_sigreturn, "rt_sigreturn", signal.sysRtSigreturn);

// time.ts
def(Nr.nanosleep, "nanosleep", time.sysNanosleep);
def(Nr.getitimer, "getitimer", time.sysGetitimer, Support.Partial, "ITIMER_REAL");
def(Nr.setitimer, "setitimer", time.sysSetitimer, Support.Partial, "ITIMER_REAL");
def(Nr.clock_settime, "clock_settime", time.sysClockSettime);
def(Nr.clock_gettime, "clock_gettime", time.sysClockGettime);
def(Nr.clock_getres, "clock_getres", time.sysClockGetres);
def(Nr.clock_nanosleep, "clock_nanosleep", time.sysClockNanosleep);
def(Nr.times, "times", time.sysTimes);
def(Nr.gettimeofday, "gettimeofday", time.sysGettimeofday);
def(Nr.settimeofday, "settimeofday", time.sysSettimeofday);

// mm.ts
def(Nr.brk, "brk", mem.sysBrk);
def(Nr.munmap, "munmap", mem.sysMunmap);
def(Nr.mremap, "mremap", mem.sysMremap);
def(Nr.mmap, "mmap", mem.sysMmap);
def(Nr.mprotect, "mprotect", mem.sysMprotect);
def(Nr.msync, "msync", mem.sysMsync, Support.Partial, "shared pages are the file's own");
def(Nr.madvise, "madvise", mem.sysMadvise, Support.Partial, "DONTNEED acts, hints are accepted");

// misc.ts
def(Nr.syslog, "syslog", misc.sysSyslog);
def(Nr.reboot, "reboot", misc.sysReboot);
def(Nr.uname, "uname", misc.sysUname);
def(Nr.sethostname, "sethostname", misc.sysSethostname);
def(Nr.setdomainname, "setdomainname", misc.sysSetdomainname);
def(Nr.getcpu, "getcpu", misc.sysGetcpu);
def(Nr.sysinfo, "sysinfo", misc.sysSysinfo);
def(Nr.getrandom, "getrandom", misc.sysGetrandom);

// file.ts
def(Nr.dup, "dup", file.sysDup);
def(Nr.dup3, "dup3", file.sysDup3);
def(Nr.fcntl, "fcntl", file.sysFcntl);
def(Nr.ioctl, "ioctl", file.sysIoctl);
def(Nr.truncate, "truncate", file.sysTruncate);
def(Nr.ftruncate, "ftruncate", file.sysFtruncate);
def(Nr.openat, "openat", file.sysOpenat);
def(Nr.close, "close", file.sysClose);
def(Nr.pipe2, "pipe2", file.sysPipe2);
def(Nr.lseek, "lseek", file.sysLseek);
def(Nr.sync, "sync", file.sysSync);
def(Nr.fsync, "fsync", file.sysFsync);
def(Nr.fdatasync, "fdatasync", file.sysFsync);
def(Nr.sync_file_range, "sync_file_range", file.sysSyncFileRange);
def(Nr.umask, "umask", file.sysUmask);
def(Nr.fadvise64, "fadvise64", file.sysFadvise64);
def(Nr.syncfs, "syncfs", file.sysSyncfs);
def(Nr.close_range, "close_range", file.sysCloseRange);

// transfer.ts
def(Nr.read, "read", transfer.sysRead);
def(Nr.write, "write", transfer.sysWrite);
def(Nr.readv, "readv", transfer.sysReadv);
def(Nr.writev, "writev", transfer.sysWritev);
def(Nr.pread64, "pread64", transfer.sysPread64);
def(Nr.pwrite64, "pwrite64", transfer.sysPwrite64);
def(Nr.preadv, "preadv", transfer.sysPreadv);
def(Nr.pwritev, "pwritev", transfer.sysPwritev);
def(Nr.sendfile, "sendfile", transfer.sysSendfile);
def(Nr.copy_file_range, "copy_file_range", transfer.sysCopyFileRange);

// locks.ts
def(Nr.flock, "flock", locks.sysFlock);

// dir.ts
def(Nr.getcwd, "getcwd", dir.sysGetcwd);
def(Nr.mknodat, "mknodat", dir.sysMknodat);
def(Nr.mkdirat, "mkdirat", dir.sysMkdirat);
def(Nr.unlinkat, "unlinkat", dir.sysUnlinkat);
def(Nr.symlinkat, "symlinkat", dir.sysSymlinkat);
def(Nr.linkat, "linkat", dir.sysLinkat);
def(Nr.chdir, "chdir", dir.sysChdir);
def(Nr.fchdir, "fchdir", dir.sysFchdir);
def(Nr.chroot, "chroot", dir.sysChroot);
def(Nr.getdents64, "getdents64", dir.sysGetdents64);
def(Nr.readlinkat, "readlinkat", dir.sysReadlinkat);
def(Nr.renameat2, "renameat2", dir.sysRenameat2);

// stat.ts
def(Nr.statfs, "statfs", stat.sysStatfs);
def(Nr.fstatfs, "fstatfs", stat.sysFstatfs);
def(Nr.faccessat, "faccessat", stat.sysFaccessat);
def(Nr.fchmod, "fchmod", stat.sysFchmod);
def(Nr.fchmodat, "fchmodat", stat.sysFchmodat);
def(Nr.fchownat, "fchownat", stat.sysFchownat);
def(Nr.fchown, "fchown", stat.sysFchown);
def(Nr.newfstatat, "newfstatat", stat.sysNewfstatat);
def(Nr.fstat, "fstat", stat.sysFstat);
def(Nr.utimensat, "utimensat", stat.sysUtimensat);
def(Nr.statx, "statx", stat.sysStatx);
def(Nr.faccessat2, "faccessat2", stat.sysFaccessat2);

// mount.ts
def(Nr.umount2, "umount2", mount.sysUmount2, Support.Partial, "no MNT_EXPIRE");
def(Nr.mount, "mount", mount.sysMount, Support.Partial, "propagation is always private");
def(Nr.pivot_root, "pivot_root", mount.sysPivotRoot);

// xattr.ts
def(Nr.setxattr, "setxattr", xattr.sysSetxattr);
def(Nr.lsetxattr, "lsetxattr", xattr.sysLsetxattr);
def(Nr.fsetxattr, "fsetxattr", xattr.sysFsetxattr);
def(Nr.getxattr, "getxattr", xattr.sysGetxattr);
def(Nr.lgetxattr, "lgetxattr", xattr.sysLgetxattr);
def(Nr.fgetxattr, "fgetxattr", xattr.sysFgetxattr);
def(Nr.listxattr, "listxattr", xattr.sysListxattr);
def(Nr.llistxattr, "llistxattr", xattr.sysLlistxattr);
def(Nr.flistxattr, "flistxattr", xattr.sysFlistxattr);
def(Nr.removexattr, "removexattr", xattr.sysRemovexattr);
def(Nr.lremovexattr, "lremovexattr", xattr.sysLremovexattr);
def(Nr.fremovexattr, "fremovexattr", xattr.sysFremovexattr);

// poll.ts
def(Nr.pselect6, "pselect6", poll.sysPselect6);
def(Nr.ppoll, "ppoll", poll.sysPpoll);

/** A negative errno for what is not there, never a fake success. */
export function dispatch(nr: u64, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64): Result {
  const s = nr < <u64>table.length ? table[<i32>nr] : null;
  return s ? s.fn(a0, a1, a2, a3, a4, a5) : fail(Errno.ENOSYS);
}
