/** Redirections (POSIX XCU 2.7), and putting descriptors back afterwards. */
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
} from "../../abi/fcntl";
import { Errno } from "../../abi/errno";
import { Bytes, b } from "../../lib/bytes";
import { S_IFREG, Stat } from "../libc/stat";
import { stdout } from "../libc/out";
import { close, dup3, exit, fcntl, fork, open, pipe2, writeAll } from "../libc/sys";
import { Redir, RedirKind } from "./ast";
import { fail, warn, warnErrno, warnOf } from "./errors";
import { expandText } from "./expand";
import { Flow, sh } from "./state";
import { smallNumber } from "./text";

const FIRST_PRIVATE_FD: u64 = 10;
/** What a pipe holds without a reader. */
const PIPE_BUFFER: i32 = 4096;
const pipe: usize = memory.data(8, 4);

/** Descriptors that a command has changed. */
@final
class SavedFds {
  /** How many commands without redirections have been entered since. */
  empty: i32 = 0;
  fds: i32[] = [];
  /** A copy of what `fds` was, or -1: it was closed. */
  copies: i32[] = [];
  constructor(public below: SavedFds | null) {}
}

let saved: SavedFds = new SavedFds(null);

/**
 * Expands and performs the redirections of a command; `restore` or `keep` must follow. Returns 0, or after a message the
 * status of the command that is not run. An error of expansion sets `sh.flow`.
 */
export function redirect(redirs: Redir[]): i32 {
  if (redirs.length == 0) {
    saved.empty++;
    return 0;
  }
  saved = new SavedFds(saved);
  const targets: Bytes[] = [];
  for (let i = 0; i < redirs.length; i++) {
    const r = redirs[i];
    targets.push(expandText(r.kind == RedirKind.HereDoc ? r.body! : r.target));
    if (sh.flow != Flow.None) return 2;
  }
  stdout.flush();
  for (let i = 0; i < redirs.length; i++) if (!perform(redirs[i], targets[i])) return 2;
  return 0;
}

/** Forgets the innermost `redirect` and returns what it saved, if anything. */
function leave(): SavedFds | null {
  const s = saved;
  if (s.empty > 0) {
    s.empty--;
    return null;
  }
  saved = s.below!;
  return s;
}

/** Undoes the innermost `redirect`. */
export function restore(): void {
  const s = leave();
  if (!s) return;
  if (s.fds.length > 0) stdout.flush();
  for (let i = s.fds.length - 1; i >= 0; i--) {
    if (s.copies[i] < 0) close(s.fds[i]);
    else {
      dup3(s.copies[i], s.fds[i]);
      close(s.copies[i]);
    }
  }
}

/** Makes the innermost `redirect` permanent. */
export function keep(): void {
  const s = leave();
  if (!s) return;
  for (let i = 0; i < s.copies.length; i++) if (s.copies[i] >= 0) close(s.copies[i]);
}

function save(fd: i32): void {
  const s = saved;
  if (s.fds.includes(fd)) return;
  const copy = <i32>fcntl(fd, F_DUPFD_CLOEXEC, FIRST_PRIVATE_FD);
  s.fds.push(fd);
  s.copies.push(copy < 0 ? -1 : copy);
}

function perform(r: Redir, target: Bytes): bool {
  if (r.kind == RedirKind.DupIn || r.kind == RedirKind.DupOut) return duplicate(r.fd, target);
  const fd = r.kind == RedirKind.HereDoc ? hereDoc(target) : openFile(r.kind, target);
  if (fd < 0) return false;
  if (fd == r.fd) {
    // The descriptor was closed before.
    saved.fds.push(fd);
    saved.copies.push(-1);
    return true;
  }
  save(r.fd);
  dup3(fd, r.fd);
  close(fd);
  return true;
}

function duplicate(fd: i32, target: Bytes): bool {
  if (target.len == 1 && target[0] == 0x2d) {
    save(fd);
    close(fd);
    return true;
  }
  const from = smallNumber(target);
  if (from < 0) {
    fail("Bad fd number");
    return false;
  }
  if (from == fd) {
    if (fcntl(fd, 1) >= 0) return true;
  } else {
    save(fd);
    if (dup3(from, fd) >= 0) return true;
  }
  warnOf(target, "Bad file descriptor");
  return false;
}

/** A descriptor, or, after a message, a negative number. */
function openFile(kind: RedirKind, path: Bytes): i32 {
  let fd: i32;
  switch (kind) {
    case RedirKind.Read:
      fd = open(path, O_RDONLY);
      if (fd < 0) cannot("open", path, fd);
      return fd;
    case RedirKind.ReadWrite:
      fd = open(path, O_RDWR | O_CREAT, 0o666);
      break;
    case RedirKind.Append:
      fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o666);
      break;
    case RedirKind.Write:
      fd = sh.has(0x43) ? openNew(path) : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666);
      break;
    default:
      fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666);
  }
  if (fd < 0) cannot("create", path, fd);
  return fd;
}

/** noclobber: an existing regular file is an error. */
function openNew(path: Bytes): i32 {
  const s = new Stat();
  if (s.of(path) == 0) return s.type == S_IFREG ? -Errno.EEXIST : open(path, O_WRONLY);
  return open(path, O_WRONLY | O_CREAT | O_EXCL, 0o666);
}

function cannot(action: string, path: Bytes, error: i32): void {
  if (error != -Errno.ENOENT) warnErrno("cannot " + action, path, error);
  else warnOf(b("cannot " + action + " ").concat(path), action == "open" ? "No such file" : "Directory nonexistent");
}

/** A pipe that holds the text; a child writes what does not fit. */
function hereDoc(text: Bytes): i32 {
  if (pipe2(pipe, O_CLOEXEC) < 0) {
    warn("Pipe call failed");
    return -1;
  }
  const input = load<i32>(pipe);
  const output = load<i32>(pipe + 4);
  if (text.len <= PIPE_BUFFER) writeAll(output, text.ptr, text.len);
  else if (fork() == 0) {
    close(input);
    writeAll(output, text.ptr, text.len);
    exit(0);
  }
  close(output);
  // Without the close-on-exec flag, wherever it ends up.
  const copy = <i32>fcntl(input, F_DUPFD, 0);
  close(input);
  return copy;
}
