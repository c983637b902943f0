/**
 * Storms: `storms NAME` takes all that can be had of one thing, asserts how the kernel refuses more, and gives it back.
 * Prints what did not hold; status 1 then. test/fuzz/storms.test.ts looks at the machine afterwards.
 */
import { O_CREAT, O_RDONLY, O_RDWR } from '../../../guest-kernel/abi/fcntl';
import { Nr } from '../../../guest-kernel/abi/nr';
import { Bytes, BytesBuilder, b } from '../../../guest-kernel/lib/bytes';
import { stdout } from '../../../guest-kernel/user/libc/out';
import { parseDec } from '../../../guest-kernel/user/libc/number';
import { args, readStartup } from '../../../guest-kernel/user/libc/program';
import {
  chdir,
  close,
  exit,
  fork,
  ftruncate,
  getcwd,
  lseek,
  mkdir,
  mount,
  open,
  symlink,
  sys,
  umount,
  unlink,
  wait4,
  write,
} from '../../../guest-kernel/user/libc/sys';

const E2BIG: i64 = -7;
const EAGAIN: i64 = -11;
const ENOMEM: i64 = -12;
const EFBIG: i64 = -27;
const EMFILE: i64 = -24;
const ENFILE: i64 = -23;
const ENOSPC: i64 = -28;
const ERANGE: i64 = -34;
const ENAMETOOLONG: i64 = -36;
const ELOOP: i64 = -40;

const O_NONBLOCK: u32 = 0o4000;
const O_APPEND: u32 = 0o2000;
const AT_REMOVEDIR: u32 = 0x200;
const RLIMIT_STACK: u64 = 3;
const RLIMIT_NOFILE: u64 = 7;
const SIGKILL: i32 = 9;
const MS_BIND: u64 = 4096;
const MNT_DETACH: u32 = 2;
const PAGE: u64 = 4096;
const MIB: u64 = 1 << 20;

const cell: usize = memory.data(256, 16);
const page: usize = memory.data(65536, 16);
let failures = 0;

function holds(what: string, isTrue: bool, got: i64 = 0): void {
  if (isTrue) return;
  failures++;
  stdout.text('not so: ').text(what).text(', got ').dec(got).line();
  stdout.flush();
}

function say(what: string, n: i64): void {
  stdout.text(what).text(': ').dec(n).line();
  stdout.flush();
}

function child(body: () => i32): i32 {
  const pid = fork();
  if (pid == 0) exit(body());
  return <i32>pid;
}

/** wait4's status word. */
function ended(pid: i32): i32 {
  return wait4(pid, cell, 0) == pid ? load<i32>(cell) : -1;
}

function numbered(prefix: string, n: i32): Bytes {
  return new BytesBuilder().text(prefix).dec(n).take();
}

function setLimit(resource: u64, n: u64): i64 {
  store<u64>(cell, n);
  store<u64>(cell + 8, n);
  return sys(Nr.prlimit64, 0, resource, cell, 0);
}

/** Opens until it fails; the error. */
function openAll(): i64 {
  let fd = 0;
  while (fd >= 0) fd = open(b('/dev/null'), O_RDONLY);
  return fd;
}

/** Every descriptor of a process, at the usual limit and at the largest; pipe2 with room for one end only. */
function descriptors(): void {
  const r = ended(
    child((): i32 => {
      holds('RLIMIT_NOFILE', openAll() == EMFILE);
      close(100);
      holds('a pipe where one descriptor is free', sys(Nr.pipe2, cell, 0) == EMFILE);
      holds('and it is free still', open(b('/dev/null'), O_RDONLY) == 100);
      holds('dup', sys(Nr.dup, 0) == EMFILE);
      holds('F_DUPFD', sys(Nr.fcntl, 0, 0, 5) == EMFILE);
      holds('dup3 past the end', sys(Nr.dup3, 0, 1 << 20, 0) == -9);
      return failures;
    }),
  );
  holds('one full process', r == 0, r);
  const many = ended(
    child((): i32 => {
      const pids: i32[] = [];
      for (let i = 0; i < 40; i++) {
        const pid = child((): i32 => {
          setLimit(RLIMIT_NOFILE, 4096);
          const end = openAll();
          sys(Nr.nanosleep, pause(100), 0);
          return end == EMFILE || end == ENFILE || end == ENOMEM ? 0 : 1;
        });
        if (pid > 0) pids.push(pid);
      }
      let bad = 0;
      for (let i = 0; i < pids.length; i++) if (ended(pids[i]) != 0) bad++;
      return bad;
    }),
  );
  holds('forty full processes', many == 0, many);
}

function pause(ms: i32): usize {
  store<i64>(cell + 128, ms / 1000);
  store<i64>(cell + 136, (<i64>ms % 1000) * 1_000_000);
  return cell + 128;
}

let pointers: usize = 0;

/** execve of /bin/true with `n` arguments of `len` bytes; 0 when it ran, else the error. */
function execWith(n: i32, len: i32): i64 {
  const text = Bytes.alloc(len + 1);
  memory.fill(text.ptr, 0x61, len);
  const table = Bytes.alloc((n + 2) * 8);
  for (let i = 0; i < n; i++) store<u64>(table.ptr + i * 8, <u64>text.ptr);
  // The program is told by its own name which one it shall be.
  const own = b('true\0');
  store<u64>(table.ptr, <u64>own.ptr);
  pointers = table.ptr;
  const pid = fork();
  if (pid == 0) {
    const path = b('/bin/true\0');
    const r = sys(Nr.execve, path.ptr, pointers, pointers + n * 8);
    exit(r == E2BIG ? 7 : r == ENOMEM ? 12 : 1);
  }
  const how = ended(<i32>pid);
  return how == 0 ? 0 : -(how >> 8);
}

/** Linux: a string of 32 pages with its NUL; all of them a quarter of RLIMIT_STACK, at most 6 MiB, at least 32 pages. */
function manyArguments(): void {
  holds('a string of 128 KiB with its NUL', execWith(2, 131071) == 0);
  holds('one byte more', execWith(2, 131072) == E2BIG);
  holds('1.9 MiB', execWith(20, 100_000) == 0);
  holds('more than a quarter of 8 MiB of stack', execWith(23, 100_000) == E2BIG);
  holds('250,000 empty arguments', execWith(250_000, 0) == E2BIG);
  holds('200,000 empty arguments', execWith(200_000, 0) == 0);
  const small = ended(
    child((): i32 => {
      setLimit(RLIMIT_STACK, 1 << 20);
      return execWith(3, 100_000) == 0 && execWith(4, 100_000) == E2BIG ? 0 : 1;
    }),
  );
  holds('a quarter of a small stack', small == 0, small);
  const large = ended(
    child((): i32 => {
      setLimit(RLIMIT_STACK, 64 << 20);
      return execWith(61, 100_000) == 0 && execWith(65, 100_000) == E2BIG ? 0 : 1;
    }),
  );
  holds('six MiB at most', large == 0, large);
  for (let i = 0; i < 3; i++) holds('again and again', execWith(20, 100_000) == 0);
}

/** Pipes that are full when their process ends, or whose other end goes first. */
function fullPipes(): void {
  let total: i64 = 0;
  for (let round = 0; round < 5; round++) {
    const r = ended(
      child((): i32 => {
        let n = 0;
        let status = -1;
        while (status < 0) {
          const r = sys(Nr.pipe2, cell, O_NONBLOCK);
          if (r < 0) {
            status = r == EMFILE || r == ENFILE || r == ENOMEM ? n / 4 : 255;
            break;
          }
          const to = load<i32>(cell + 4);
          let w: i64 = 0;
          do w = write(to, page, 65536);
          while (w > 0);
          if (w != EAGAIN && w != ENOMEM) status = 254;
          if ((n++ & 1) == 0) close(to);
        }
        return status;
      }),
    );
    holds('pipes until no more', (r & 255) == 0 && r >> 8 < 254 && r >> 8 > 40, r);
    total += r >> 8;
  }
  say('pipes', total * 4);
}

const DEPTH: i32 = 3000;

/** Names that no path can reach, down and up again. */
function deepTree(): void {
  mkdir(b('/tmp/deep'), 0o755);
  chdir(b('/tmp/deep'));
  const name = b('d'.repeat(100));
  let depth = 0;
  for (; depth < DEPTH; depth++) if (mkdir(name, 0o755) < 0 || chdir(name) < 0) break;
  holds('the depth', depth == DEPTH, depth);
  const cwd = sys(Nr.getcwd, page, 65536);
  holds('getcwd of a long path', cwd == ENAMETOOLONG || cwd == ERANGE, cwd);
  const fd = open(b('leaf'), O_RDWR | O_CREAT, 0o644);
  holds('a file at the end', fd >= 0 && write(fd, page, 4096) == 4096);
  close(fd);
  unlink(b('leaf'));
  for (; depth > 0; depth--) {
    if (chdir(b('..')) < 0) break;
    if (unlink(name, AT_REMOVEDIR) < 0) break;
  }
  holds('the way back', depth == 0, depth);
  const back = getcwd();
  holds('back where it began', back != null && back.equals(b('/tmp/deep')));
  chdir(b('/'));
  unlink(b('/tmp/deep'), AT_REMOVEDIR);
}

const MOUNTS: i32 = 2000;

/** Mounts beside, above and inside each other. */
function manyMounts(): void {
  mkdir(b('/tmp/mounts'), 0o755);
  mount(b('base'), b('/tmp/mounts'), b('tmpfs'), 0, b(''));
  let n = 0;
  for (; n < MOUNTS; n++) {
    const at = numbered('/tmp/mounts/', n);
    if (mkdir(at, 0o755) < 0) break;
    const r = n & 1 ? mount(b('/bin'), at, b(''), MS_BIND, b('')) : mount(b('m'), at, b('tmpfs'), 0, b('size=64k'));
    if (r < 0) {
      holds('how mount ends', r == ENOSPC || r == ENOMEM, r);
      break;
    }
  }
  holds('mounts beside each other', n == MOUNTS, n);
  for (let i = 0; i < 500; i++) mount(b('over'), b('/tmp/mounts/0'), b('tmpfs'), 0, b('size=64k'));
  chdir(b('/tmp/mounts/2'));
  for (let i = 0; i < 500; i++) {
    mkdir(b('d'), 0o755);
    mount(b('in'), b('d'), b('tmpfs'), 0, b('size=64k'));
    chdir(b('d'));
  }
  const mounts = open(b('/proc/self/mounts'), O_RDONLY);
  let bytes: i64 = 0;
  for (;;) {
    const r = sys(Nr.read, mounts, page, 65536);
    if (r <= 0) break;
    bytes += r;
  }
  close(mounts);
  holds('/proc/self/mounts tells them all', bytes > 3000 * 20, bytes);
  holds('all at once', umount(b('/tmp/mounts'), MNT_DETACH) == 0);
  chdir(b('/'));
  unlink(b('/tmp/mounts'), AT_REMOVEDIR);
}

/** Forty links are followed, and not one more. */
function linkLoops(): void {
  mkdir(b('/tmp/links'), 0o755);
  chdir(b('/tmp/links'));
  close(open(b('l0'), O_RDWR | O_CREAT, 0o644));
  for (let i = 1; i <= 41; i++) symlink(numbered('l', i - 1), numbered('l', i));
  const forty = open(b('l40'), O_RDONLY);
  holds('forty links', forty >= 0, forty);
  close(forty);
  holds('forty-one', open(b('l41'), O_RDONLY) == ELOOP);
  symlink(b('b'), b('a'));
  symlink(b('a'), b('b'));
  symlink(b('self/x'), b('self'));
  symlink(b('.'), b('here'));
  symlink(b('two/two'), b('two'));
  for (let i = 0; i < 200; i++) {
    holds('two that point at each other', open(b('a/x'), O_RDONLY) == ELOOP);
    holds('one in its own path', open(b('self'), O_RDWR | O_CREAT, 0o644) == ELOOP);
    holds('one that doubles', open(b('two'), O_RDONLY) == ELOOP);
    if (failures > 0) break;
  }
  const here = open(b('here/'.repeat(40) + 'l0'), O_RDONLY);
  holds('forty times here', here >= 0, here);
  close(here);
  holds('forty-one times here', open(b('here/'.repeat(41) + 'l0'), O_RDONLY) == ELOOP);
  holds('created through a loop', mkdir(b('a/d'), 0o755) == ELOOP);
  for (let i = 0; i <= 41; i++) unlink(numbered('l', i));
  unlink(b('a'));
  unlink(b('b'));
  unlink(b('self'));
  unlink(b('here'));
  unlink(b('two'));
  chdir(b('/'));
  holds('nothing is left', unlink(b('/tmp/links'), AT_REMOVEDIR) == 0);
}

/** Of a file: vfs/file-io.ts. */
const LARGEST: i64 = 1 << 52;

/** Files that are larger than anything: written here and there, cut, and filled until there is no more. */
function sparseFiles(): void {
  const path = b('/tmp/sparse');
  const fd = open(path, O_RDWR | O_CREAT, 0o644);
  holds('a size that is too large', ftruncate(fd, LARGEST + 1) == EFBIG);
  holds('the largest size', ftruncate(fd, LARGEST) == 0);
  holds('a page at its end', lseek(fd, LARGEST - 4096, 0) > 0 && write(fd, page, 4096) == 4096);
  holds('and not one byte more', write(fd, page, 1) == EFBIG);
  for (let i = 0; i < 50; i++) {
    lseek(fd, (<i64>1) << i, 0);
    holds('a byte here and there', write(fd, page, 1) == 1);
  }
  holds('the hole behind it', lseek(fd, ((<i64>1) << 40) + 4096, 4) == ((<i64>1) << 40) + 4096);
  holds('data after it', lseek(fd, ((<i64>1) << 40) + 4096, 3) == (<i64>1) << 41);
  sys(Nr.newfstatat, fd, b('\0').ptr, page, 0x1000);
  holds('few blocks', load<u64>(page + 64) < 1000, load<u64>(page + 64));
  holds('sendfile from the hole', sys(Nr.sendfile, open(b('/dev/null'), O_RDWR), fd, 0, 1 << 20) >= 0);
  // All of what there is.
  lseek(fd, 0, 0);
  let written: i64 = 0;
  let r: i64 = 0;
  for (;;) {
    r = write(fd, page, 65536);
    if (r <= 0) break;
    written += r;
  }
  holds('how a full tmpfs ends', r == ENOSPC || r == ENOMEM, r);
  say('MiB written', written >> 20);
  holds('shorter', ftruncate(fd, 1) == 0);
  close(fd);
  unlink(path);
}

/** `objects SHARE COUNT`: so many names; then a program that wants SHARE per cent of the RAM. */
function objects(): void {
  const share = parseDec(args[2]);
  count = <i32>parseDec(args[3]);
  const r = ended(
    child((): i32 => {
      mkdir(b('/tmp/objects'), 0o755);
      mount(b('o'), b('/tmp/objects'), b('tmpfs'), 0, b('nr_inodes=1000000,size=1g'));
      let n = 0;
      let r: i64 = 0;
      for (; n < count; n++) {
        r = open(numbered('/tmp/objects/', n), O_RDWR | O_CREAT, 0o644);
        if (r < 0) break;
        close(<i32>r);
      }
      say('names', n);
      holds('how it ends', n == count || r == ENOMEM || r == ENOSPC, r);
      return failures;
    }),
  );
  holds('the storm ended by an error, or by the killer', r == 0 || r == SIGKILL, r);
  umount(b('/tmp/objects'), MNT_DETACH);
  unlink(b('/tmp/objects'), AT_REMOVEDIR);
  sys(Nr.nanosleep, pause(50), 0);
  sys(Nr.sysinfo, cell);
  wanted = (load<u64>(cell + 32) / 100) * <u64>share;
  say('MiB wanted', wanted >> 20);
  const big = ended(
    child((): i32 => {
      const p = sys(Nr.mmap, 0x4000_0000, wanted, 3, 0x32, -1, 0);
      if (p < 0) return 2;
      for (let at = <usize>p; at < <usize>p + <usize>wanted; at += <usize>PAGE) store<u32>(at, 1);
      return 0;
    }),
  );
  holds('a large program afterwards', big == 0, big);
}

let wanted: u64 = 0;
let count: i32 = 0;

/** Programs that take all memory by turns, and at once. */
function memoryStorm(): void {
  for (let round = 0; round < 3; round++) {
    const pids: i32[] = [];
    for (let i = 0; i < 6; i++) {
      const pid = child((): i32 => {
        for (let at: usize = 0x4000_0000; at < 0x7000_0000; at += <usize>MIB) {
          if (sys(Nr.mmap, at, MIB, 3, 0x32, -1, 0) < 0) return 12;
          for (let p = at; p < at + <usize>MIB; p += <usize>PAGE) store<u32>(p, 1);
        }
        return 0;
      });
      if (pid > 0) pids.push(pid);
    }
    holds('programs were started', pids.length > 0);
    for (let i = 0; i < pids.length; i++) {
      const how = ended(pids[i]);
      holds('each ended by the killer, or was told', how == SIGKILL || how == 12 << 8, how);
    }
  }
  // Files, forks and memory in each other's way.
  const busy: i32[] = [];
  for (let i = 0; i < 4; i++) {
    const pid = child((): i32 => {
      const me = <i32>sys(Nr.getpid);
      const name = numbered('/tmp/storm', me);
      for (let round = 0; round < 40; round++) {
        const fd = open(name, O_RDWR | O_CREAT | O_APPEND, 0o600);
        for (let k = 0; k < 64; k++) if (write(fd, page, 65536) < 0) break;
        const kid = fork();
        if (kid == 0) {
          for (let at: usize = 0x4000_0000; at < 0x4100_0000; at += <usize>PAGE)
            if (sys(Nr.mmap, at, PAGE, 3, 0x32, -1, 0) >= 0) store<u32>(at, 1);
          exit(0);
        }
        if ((round & 3) == 3) ftruncate(fd, 0);
        close(fd);
        if (kid > 0) wait4(<i32>kid, cell, 0);
      }
      unlink(name);
      return 0;
    });
    if (pid > 0) busy.push(pid);
  }
  for (let i = 0; i < busy.length; i++) {
    ended(busy[i]);
    unlink(numbered('/tmp/storm', busy[i]));
  }
}

export function main(sp: u64): void {
  readStartup(sp);
  const name = args[1];
  if (name.equals(b('descriptors'))) descriptors();
  else if (name.equals(b('arguments'))) manyArguments();
  else if (name.equals(b('pipes'))) fullPipes();
  else if (name.equals(b('tree'))) deepTree();
  else if (name.equals(b('mounts'))) manyMounts();
  else if (name.equals(b('links'))) linkLoops();
  else if (name.equals(b('sparse'))) sparseFiles();
  else if (name.equals(b('objects'))) objects();
  else if (name.equals(b('memory'))) memoryStorm();
  else holds('such a storm', false);
  stdout.flush();
  exit(failures > 0 ? 1 : 0);
}
