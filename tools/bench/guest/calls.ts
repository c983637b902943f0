/**
 * Runs one kernel operation N times, for the bench: `calls OPERATION N DIR`. The bench counts retired instructions of runs
 * with N and 2N; their difference is N operations and nothing else.
 */
import { O_CREAT, O_RDONLY, O_RDWR, O_TRUNC } from '../../../guest-kernel/abi/fcntl';
import { Nr } from '../../../guest-kernel/abi/nr';
import { Bytes, b } from '../../../guest-kernel/lib/bytes';
import { join } from '../../../guest-kernel/user/libc/dir';
import { parseDec } from '../../../guest-kernel/user/libc/number';
import { args, environ, readStartup } from '../../../guest-kernel/user/libc/program';
import { Stat } from '../../../guest-kernel/user/libc/stat';
import {
  chmod,
  close,
  execve,
  exit,
  fork,
  lseek,
  open,
  pipe2,
  read,
  sys,
  unlink,
  wait4,
  write,
} from '../../../guest-kernel/user/libc/sys';

const page: usize = memory.data(4096, 8);
const pair: usize = memory.data(16, 8);
/** What an operation returns when a call failed: the bench must not count errors as speed. */
const FAILED: i32 = 2;

function nullCall(n: i32): i32 {
  for (let i = 0; i < n; i++) sys(Nr.getppid);
  return 0;
}

function forkExec(n: i32): i32 {
  const program = b('/bin/true');
  const argv = [program];
  for (let i = 0; i < n; i++) {
    const pid = fork();
    if (pid == 0) {
      execve(program, argv, environ);
      exit(127);
    }
    if (pid < 0 || wait4(<i32>pid, pair, 0) != pid || load<i32>(pair) != 0) return FAILED;
  }
  return 0;
}

/** One byte to a child and back. */
function pipeRoundTrip(n: i32): i32 {
  pipe2(pair, 0);
  pipe2(pair + 8, 0);
  const pid = fork();
  if (pid == 0) {
    close(load<i32>(pair + 4));
    while (read(load<i32>(pair), page, 1) == 1) write(load<i32>(pair + 12), page, 1);
    exit(0);
  }
  for (let i = 0; i < n; i++) {
    if (write(load<i32>(pair + 4), page, 1) != 1 || read(load<i32>(pair + 8), page, 1) != 1) return FAILED;
  }
  close(load<i32>(pair + 4));
  wait4(<i32>pid, 0, 0);
  return 0;
}

function readPage(n: i32, dir: Bytes): i32 {
  const path = join(dir, b('bench-read'));
  const fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600);
  write(fd, page, 4096);
  for (let i = 0; i < n; i++) {
    lseek(fd, 0, 0);
    if (read(fd, page, 4096) != 4096) return FAILED;
  }
  unlink(path);
  return 0;
}

function createUnlink(n: i32, dir: Bytes): i32 {
  const path = join(dir, b('bench-create'));
  for (let i = 0; i < n; i++) {
    const fd = open(path, O_RDWR | O_CREAT, 0o600);
    if (fd < 0) return FAILED;
    close(fd);
    if (unlink(path) < 0) return FAILED;
  }
  return 0;
}

function lookup(n: i32): i32 {
  const st = new Stat();
  const path = b('/etc/passwd');
  for (let i = 0; i < n; i++) if (st.of(path) < 0) return FAILED;
  return 0;
}

/** chmod of files f0, f1, … of `dir`: each is copied up. */
function copyUp(n: i32, dir: Bytes): i32 {
  for (let i = 0; i < n; i++) if (chmod(join(dir, b('f' + i.toString())), 0o600) < 0) return FAILED;
  return 0;
}

function openClose(n: i32): i32 {
  const path = b('/etc/passwd');
  for (let i = 0; i < n; i++) {
    const fd = open(path, O_RDONLY);
    if (fd < 0) return FAILED;
    close(fd);
  }
  return 0;
}

export function main(sp: u64): void {
  readStartup(sp);
  const what = String.UTF8.decodeUnsafe(args[1].ptr, args[1].len);
  const n = <i32>parseDec(args[2]);
  const dir = args[3];
  let status = FAILED;
  if (what == 'null') status = nullCall(n);
  else if (what == 'fork-exec-wait') status = forkExec(n);
  else if (what == 'pipe') status = pipeRoundTrip(n);
  else if (what == 'read-4k') status = readPage(n, dir);
  else if (what == 'create-unlink') status = createUnlink(n, dir);
  else if (what == 'lookup') status = lookup(n);
  else if (what == 'open-close') status = openClose(n);
  else if (what == 'copy-up') status = copyUp(n, dir);
  exit(status);
}
