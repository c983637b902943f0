/**
 * A hostile program: `syscalls SEED CASES CALLS [trace]`. Each case is a child that makes CALLS random system calls with
 * arguments that tend to matter, in a tree of its own below /tmp/fz; the parent ends whatever it left and goes on with
 * the next seed. Half of the children run as uid 1000. With `trace` every call is written to the console first.
 */
import { AT_FDCWD, O_CREAT, O_RDONLY, O_RDWR } from '../../../guest-kernel/abi/fcntl';
import { Nr } from '../../../guest-kernel/abi/nr';
import { Bytes, b } from '../../../guest-kernel/lib/bytes';
import { parseDec } from '../../../guest-kernel/user/libc/number';
import { args, readStartup } from '../../../guest-kernel/user/libc/program';
import { sigaction } from '../../../guest-kernel/user/libc/process';
import { copy_bytes, funcAddr, ld64 } from '../../../guest-kernel/user/libc/rv';
import {
  chdir,
  chroot,
  close,
  dup3,
  exit,
  fork,
  ftruncate,
  kill,
  link,
  mkdir,
  mknod,
  mount,
  open,
  read,
  symlink,
  sys,
  umount,
  wait4,
  write,
} from '../../../guest-kernel/user/libc/sys';
import { names, attributes, options, types } from './call-strings';
import { ALL, families, fillTable, MEMORY, PID, signatures } from './call-table';

const BASE = b('/tmp/fz');
/** So deep, because a child with a directory of its own outside its root climbs out of it by a name of '..' at a time. */
const ROOT = b('/tmp/fz/1/2/3/4/5');
const PAGE: u64 = 4096;
const ARENA_PAGES: u64 = 48;
const SIGALRM: i32 = 14;
const MNT_DETACH: u32 = 2;
const MS_RDONLY: u64 = 1;
const WNOHANG: u32 = 1;
const S_IFIFO: u32 = 0o10000;
/** How deep a fuzzing child may fork. */
const MAX_FORKS: i32 = 3;
/** Guest time that a case may take, in ms. */
const CASE_MS: i32 = 300;

let arena: u64 = 0;
let forks: i32 = 0;
let traceFd: i32 = -1;
let state: u64 = 1;

/** xorshift64. */
function next(): u64 {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

function below(n: u64): u64 {
  return (next() >> 11) % n;
}

function oneIn(n: u64): bool {
  return below(n) == 0;
}

/** Addresses: the arena is pages of read-write memory with a read-only, a PROT_NONE and an unmapped page at its end. */
function pointer(): u64 {
  const rw = arena + below(ARENA_PAGES - 3) * PAGE;
  switch (<i32>below(16)) {
    case 0:
      return 0;
    case 1:
      return rw + below(PAGE);
    case 2:
      return arena + (ARENA_PAGES - 3) * PAGE - below(64);
    case 3:
      return arena + (ARENA_PAGES - 3) * PAGE;
    case 4:
      return arena + (ARENA_PAGES - 2) * PAGE;
    case 5:
      return arena + (ARENA_PAGES - 1) * PAGE - (oneIn(2) ? 4 : 0);
    case 6:
      return 0xffff_ffff_8000_0000 + below(1 << 24);
    case 7:
      return oneIn(2) ? 0x3f_ffff_f000 + below(PAGE) : 0x40_0000_0000 - below(16);
    case 8:
      return oneIn(2) ? 0xffff_ffff_ffff_ffff - below(16) : 0xffff_ffc0_0000_0000 + below(1 << 30);
    default:
      return rw + (below(64) << 3);
  }
}

function length(): u64 {
  switch (<i32>below(12)) {
    case 0:
      return 0;
    case 1:
      return <u64>-1 - below(3);
    case 2:
      return (<u64>1) << below(64);
    case 3:
      return ((<u64>1) << below(64)) - 1;
    case 4:
      return 0x7fff_ffff_ffff_ffff - below(4096);
    case 5:
      return PAGE * below(64);
    case 6:
      return below(1 << 20);
    default:
      return below(600);
  }
}

/** A string with its NUL somewhere in the arena, now and then right at the end of a page or without an end. */
function text(list: StaticArray<string>): u64 {
  if (oneIn(24)) return pointer();
  const s = b(list[<i32>below(list.length)]);
  const page = arena + (1 + below(ARENA_PAGES - 6)) * PAGE;
  const at = oneIn(3)
    ? page - <u64>s.len / 2
    : oneIn(12)
      ? arena + (ARENA_PAGES - 3) * PAGE - <u64>s.len - below(2)
      : page;
  put(at, s);
  return at;
}

/** Writes through the kernel, which answers EFAULT where a store would end us. */
function put(at: u64, s: Bytes): void {
  if (scratch < 0) return;
  sys(Nr.pwrite64, scratch, s.ptr, s.len, 0);
  sys(Nr.pwrite64, scratch, zero, 1, s.len);
  sys(Nr.pread64, scratch, at, s.len + 1, 0);
}

const status: usize = memory.data(8, 8);
const zero: usize = memory.data(8, 8);
const words: usize = memory.data(8 * 64, 8);
/** A file that bytes go through on their way into the arena. */
let scratch: i32 = -1;
const SCRATCH_FD: i32 = 60;

/** A table of values that structures are read from: pointers, lengths, descriptors, times, the handler. */
function record(): u64 {
  const at = pointer();
  const n = <i32>below(64);
  for (let i = 0; i < n; i++) store<u64>(words + i * 8, value());
  put(at, Bytes.copyOf(words, n * 8));
  return at;
}

function value(): u64 {
  switch (<i32>below(12)) {
    case 0:
      return 0;
    case 1:
      return <u64>-1;
    case 2:
      return pointer();
    case 3:
      return length();
    case 4:
      return next();
    case 5:
      return handler;
    case 6:
      return below(16) | (next() << 32);
    case 7:
      return (<u64>1) << below(64);
    default:
      return below(40);
  }
}

let handler: u64 = 0;
let faultHandler: u64 = 0;
let me: i64 = 0;

function pid(): u64 {
  switch (<i32>below(6)) {
    case 0:
      return 0;
    case 1:
      return 0x7fff_ffff;
    case 2:
      return 0xffff_ffff_8000_0000;
    case 3:
      return <u64>(me + 1);
    case 4:
      return <u64>-me;
    default:
      return oneIn(3) ? <u64>me : <u64>(me + 1);
  }
}

/**
 * Never another program of the machine, which must be able to tell what became of it: every process from us on is this
 * case's, so a number below, and -1, which is everybody, become us. (kill(-1) of a root child once ended the console's
 * shell, and with it the machine.)
 */
function ours(pid: u64): u64 {
  const n = <i64>(<i32>pid);
  if (n == 0) return pid;
  return n == -1 || abs(n) < me ? <u64>me : pid;
}

function descriptor(): u64 {
  if (oneIn(10)) return value();
  return oneIn(30) ? below(70) : below(14);
}

function randomFlags(): u64 {
  return oneIn(2) ? (<u64>1) << below(26) : next() & next() & 0x3ff_ffff;
}

function argument(kind: i32): u64 {
  if (oneIn(25)) return value();
  switch (kind) {
    case 0x64: // d
      return oneIn(3) ? descriptor() : <u64>AT_FDCWD;
    case 0x66: // f
      return descriptor();
    case 0x70: // p
      return text(names);
    case 0x78: // x
      return text(attributes);
    case 0x6f: // o
      return text(options);
    case 0x79: // y
      return text(types);
    case 0x62: // b
    case 0x74: // t
    case 0x76: // v
    case 0x67: // g
      return oneIn(2) ? record() : pointer();
    case 0x63: // c
      return oneIn(8) ? length() : below(12);
    case 0x6c: // l
      return length();
    case 0x6d: // m
      return oneIn(3) ? next() & 0o177777 : below(0o1000);
    case 0x69: // i
      return oneIn(6) ? value() : oneIn(4) ? randomFlags() : below(9);
    case 0x4f: // O
      return oneIn(2)
        ? (<u64>(O_RDWR | O_CREAT)) | (oneIn(3) ? randomFlags() : 0)
        : below(3) | (oneIn(2) ? randomFlags() : 0) | 0o4000;
    case 0x41: // A
      return oneIn(2) ? 0 : oneIn(8) ? next() & 0xffff : (<u64>0x100) << below(6);
    case 0x46: // F
      return oneIn(2) ? 0 : oneIn(2) ? 4096 : oneIn(2) ? (<u64>1) << below(25) : randomFlags();
    case 0x72: // r
      return oneIn(2) ? 0x5400 + below(0x60) : next() & 0xffff_ffff;
    case 0x61: // a
      return oneIn(6) ? pointer() : arena + below(ARENA_PAGES) * PAGE;
    case 0x6e: // n
      return oneIn(6) ? length() : oneIn(20) ? (<u64>1) << (20 + below(19)) : PAGE * below(20);
    case 0x4d: // M
      return oneIn(4)
        ? randomFlags()
        : (1 + below(3)) | (oneIn(2) ? 0x20 : 0) | (oneIn(3) ? 0x10 : 0) | (oneIn(6) ? 0x8000 : 0);
    case 0x43: // C
      return oneIn(3) ? (next() & 0x1ff_ffff & ~(<u64>0xff)) | 17 : oneIn(4) ? 0x4111 : 17;
    case 0x73: // s
      return below(66);
    case PID:
      return pid();
    default:
      return value();
  }
}

function onAlarm(_sig: i32): void {}

/** The handler and a timer that ends calls that wait; both may have been undone by the last calls. */
function armAlarm(): void {
  sigaction(SIGALRM, handler);
  sigaction(SIGSEGV, faultHandler, SA_SIGINFO);
  sigaction(SIGBUS, faultHandler, SA_SIGINFO);
  store<u64>(words, 0);
  store<u64>(words + 8, 5000);
  store<u64>(words + 16, 0);
  store<u64>(words + 24, 5000);
  sys(Nr.setitimer, 0, words, 0);
  store<u64>(words, 1 << (SIGALRM - 1));
  sys(Nr.rt_sigprocmask, 1, words, 0, 8);
}

function trace(nr: i32, r: i64, a: StaticArray<u64>): void {
  let line = me.toString() + ' ' + nr.toString();
  for (let i = 0; i < 6; i++) line += ' ' + a[i].toString(16);
  line += r == i64.MIN_VALUE ? '' : ' = ' + r.toString();
  traceLine(line);
}

function traceLine(line: string): void {
  const bytes = b(line + '\n');
  sys(Nr.write, traceFd, bytes.ptr, bytes.len);
}

const MAX_NR: i32 = 460;

/** reboot and exit are not for us; clock settings would move the deadlines of the machine's other programs. */
function isForbidden(nr: i32): bool {
  return (
    nr == Nr.reboot ||
    nr == Nr.exit ||
    nr == Nr.exit_group ||
    nr == Nr.clock_settime ||
    nr == Nr.settimeofday ||
    nr == Nr.sethostname ||
    nr == Nr.setdomainname ||
    (nr == Nr.clone && forks >= MAX_FORKS)
  );
}

function randomCall(family: i32): void {
  const list = families[family];
  const nr = oneIn(30) && family == ALL ? <i32>below(MAX_NR) : list[<i32>below(list.length)];
  if (isForbidden(nr)) return;
  const known = signatures[nr];
  const kinds = known == null ? 'zzzzzz' : known;
  const a = new StaticArray<u64>(6);
  for (let i = 0; i < 6; i++) {
    const kind = i < kinds.length ? kinds.charCodeAt(i) : 0;
    a[i] = kind != 0 ? argument(kind) : oneIn(8) ? value() : 0;
    if (kind == PID) a[i] = ours(a[i]);
  }
  // The console level and the log of the machine are shared.
  if (nr == Nr.syslog && a[0] != 3 && a[0] < 9) a[0] = 3;
  if (nr == Nr.clone) forks++;
  if (traceFd >= 0) trace(nr, i64.MIN_VALUE, a);
  const r = sys(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (traceFd >= 0) trace(nr, r, a);
  if (nr == Nr.clone && r == 0) me = sys(Nr.getpid);
}

const SIGSEGV: i32 = 11;
const SIGBUS: i32 = 7;
const SA_SIGINFO: u64 = 4;
const MAP_FIXED_PRIVATE_ANON: u64 = 0x32;

/** Gives the arena a page where it has lost one; anything else is the end. */
function onFault(_sig: i32, info: u64, _context: u64): void {
  const page = ld64(info + 16) & ~(PAGE - 1);
  const isOurs = page >= arena && page < arena + ARENA_PAGES * PAGE;
  if (!isOurs || sys(Nr.mmap, page, PAGE, 3, MAP_FIXED_PRIVATE_ANON, -1, 0) < 0) exit(99);
}

/** Touches the arena as a program would: faults of every kind. */
function touch(): void {
  const at = arena + below(ARENA_PAGES - 3) * PAGE + below(500) * 8;
  if (oneIn(2)) copy_bytes(at, <u64>zero, 8);
  else state ^= ld64(at) | 1;
}

const IMAGE_BYTES: i32 = 70000;
const image: usize = memory.data(70000, 8);

/** A program file whose headers, or `#!` line, are damaged. */
function damagedProgram(): void {
  const from = open(b('m/true'), O_RDONLY);
  let n = <i32>read(from, image, IMAGE_BYTES);
  close(from);
  if (oneIn(3)) {
    const line = b(
      '#!' + ' '.repeat(<i32>below(4)) + names[<i32>below(names.length)] + (oneIn(2) ? ' -c\targ' : '') + '\n',
    );
    memory.copy(image, line.ptr, line.len);
    n = line.len - <i32>below(3);
  } else {
    for (let i = <i32>below(6); i >= 0; i--) {
      const at = <usize>(oneIn(2) ? below(64) : 64 + below(56 * 6));
      if (oneIn(3)) store<u8>(image + at, <u8>next());
      else store<u64>(image + (at & ~7), value());
    }
    if (oneIn(3)) n = <i32>below(512);
  }
  const to = open(b('script'), O_RDWR | O_CREAT, 0o777);
  write(to, image, n);
  if (oneIn(2)) ftruncate(to, oneIn(4) ? <i64>length() : 400000);
  close(to);
  const child = fork();
  if (child == 0) {
    const path = b('script\0');
    store<u64>(words, path.ptr);
    store<u64>(words + 8, 0);
    exit(<i32>sys(Nr.execve, path.ptr, words, words + 8));
  }
  if (child > 0) waitFor(child, 20);
}

/** Waits at most `ms`, then kills. */
function waitFor(child: i64, ms: i32): void {
  store<u64>(words, 0);
  store<u64>(words + 8, 1000000);
  for (let i = 0; i < ms; i++) {
    if (wait4(<i32>child, status, WNOHANG) != 0) {
      if (traceFd >= 0) traceLine(child.toString() + ' ended ' + load<u32>(status).toString(16));
      return;
    }
    sys(Nr.nanosleep, words, 0);
  }
  kill(<i32>child, 9);
  wait4(<i32>child, 0, 0);
}

/** Memory, signals, files, programs, or everything. */
function fuzz(calls: i32): void {
  const mode = <i32>below(10);
  const family = mode < 4 ? mode : ALL;
  for (let i = 0; i < calls; i++) {
    if ((i & 7) == 0) armAlarm();
    if (mode == 4 && oneIn(8)) damagedProgram();
    if ((family == MEMORY && oneIn(2)) || oneIn(40)) touch();
    randomCall(family);
  }
}

function child(calls: i32, isRoot: bool): void {
  sys(Nr.setsid);
  me = sys(Nr.getpid);
  chroot(ROOT);
  chdir(b('/'));
  const none = open(b('/dev/null'), O_RDWR);
  dup3(none, 0);
  dup3(none, 1);
  dup3(none, 2);
  dup3(open(b('/g'), O_RDWR), SCRATCH_FD);
  scratch = SCRATCH_FD;
  if (traceFd >= 0) traceFd = <i32>dup3(traceFd, SCRATCH_FD + 1);
  sys(Nr.close_range, 3, SCRATCH_FD - 1, 0);
  open(b('f'), O_RDWR);
  open(b('d'), O_RDONLY);
  open(b('m/passwd'), O_RDWR);
  open(b('fifo'), O_RDWR);
  open(b('m'), O_RDONLY);
  sys(Nr.pipe2, words, 0o4000);
  arena = <u64>sys(Nr.mmap, 0, ARENA_PAGES * PAGE, 3, 0x22, -1, 0);
  sys(Nr.mprotect, arena + (ARENA_PAGES - 3) * PAGE, PAGE, 1);
  sys(Nr.mprotect, arena + (ARENA_PAGES - 2) * PAGE, PAGE, 0);
  sys(Nr.munmap, arena + (ARENA_PAGES - 1) * PAGE, PAGE);
  if (!isRoot) {
    sys(Nr.setgroups, 0, 0);
    sys(Nr.setresgid, 1000, 1000, 1000);
    sys(Nr.setresuid, 1000, 1000, 1000);
  }
  fuzz(calls);
  exit(0);
}

function makeFile(name: string, size: i32, mode: u32): void {
  const fd = open(b(name), O_RDWR | O_CREAT, mode);
  for (let n = 0; n < size; n += 4096) write(fd, image, 4096);
  close(fd);
}

/** A tree that is gone with its mounts. */
function makeTree(): void {
  mkdir(BASE, 0o777);
  mount(b('base'), BASE, b('tmpfs'), 0, b('size=1m,mode=777'));
  for (let end = BASE.len + 2; end <= ROOT.len; end += 2) mkdir(ROOT.slice(0, end), 0o777);
  mount(b('fz'), ROOT, b('tmpfs'), 0, b('size=16m,mode=777'));
  chdir(ROOT);
  const dirs: StaticArray<string> = ['d', 'd/e', 'm', 'u', 'w', 'proc', 'dev', 'x'];
  for (let i = 0; i < dirs.length; i++) mkdir(b(dirs[i]), 0o777);
  makeFile('f', 10000, 0o666);
  makeFile('g', 4096, 0o666);
  makeFile('d/e/h', 100, 0o600);
  symlink(b('f'), b('s'));
  symlink(b('loop'), b('loop'));
  symlink(b('d/none'), b('dangling'));
  link(b('f'), b('d/hard'));
  mknod(b('fifo'), S_IFIFO | 0o666, 0);
  mount(b('proc'), b('proc'), b('proc'), 0, b(''));
  mount(b('dev'), b('dev'), b('devtmpfs'), 0, b(''));
  mount(b('/dev/vda'), b('x'), b('ext4'), MS_RDONLY, b(''));
  mount(b('o'), b('m'), b('overlay'), 0, b('lowerdir=x/bin:x/etc,upperdir=u,workdir=w'));
  chdir(b('/'));
}

/** Ends every process that began with or after `first`, then the mounts. */
function clean(first: i64): void {
  for (let isAny = true; isAny;) {
    isAny = false;
    const last = fork();
    if (last == 0) exit(0);
    wait4(<i32>last, 0, 0);
    for (let p = first; p < last; p++) if (kill(<i32>p, 9) == 0) isAny = true;
    while (wait4(-1, 0, WNOHANG) > 0);
    sys(Nr.sched_yield);
  }
  while (umount(BASE, MNT_DETACH) == 0);
}

export function main(sp: u64): void {
  readStartup(sp);
  const seed = <u64>parseDec(args[1]);
  const cases = <i32>parseDec(args[2]);
  const calls = <i32>parseDec(args[3]);
  if (args.length > 4) traceFd = open(b('/dev/console'), O_RDWR);
  handler = funcAddr(onAlarm.index);
  faultHandler = funcAddr(onFault.index);
  fillTable();
  for (let i = 0; i < cases; i++) {
    state = (seed + <u64>i + 1) * 0x9e37_79b9_7f4a_7c15;
    for (let k = 0; k < 8; k++) next();
    makeTree();
    const isRoot = oneIn(2);
    const pid = fork();
    if (pid == 0) child(calls, isRoot);
    waitFor(pid, CASE_MS);
    clean(pid);
  }
  exit(0);
}
