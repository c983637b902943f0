/** One command that the agent runs: its process, its three pipes, and the input that it has not taken yet. */
import { O_CLOEXEC, O_NONBLOCK, O_RDONLY } from "../../abi/fcntl";
import { Errno } from "../../abi/errno";
import { Nr } from "../../abi/nr";
import { Bytes, b } from "../../lib/bytes";
import { execSearch } from "../libc/exec";
import { stderr } from "../libc/out";
import { environ } from "../libc/program";
import { SIG_DFL, setSignalMask, sigaction } from "../libc/process";
import { NSIG, SIGKILL } from "../libc/signal";
import { strerror } from "../libc/strerror";
import { chdir, close, dup3, exit, fcntl, fork, kill, open, pipe2, read, sys, write } from "../libc/sys";
import { CREDIT, MAX_PAYLOAD, STDERR, STDOUT, outgoingPayload, send, sendU32 } from "./frames";

const F_SETFL: i32 = 4;
const pair: usize = memory.data(8, 4);

/** Input that waits for the command: a piece of a STDIN frame. */
class Piece {
  at: i32 = 0;
  constructor(public bytes: Bytes) {}
}

@final
export class Command {
  pid: i32 = 0;
  /** The agent's ends; -1 when closed. */
  stdin: i32 = -1;
  stdout: i32 = -1;
  stderr: i32 = -1;
  private queue: Piece[] = [];
  private isInputEnded: bool = false;

  constructor(
    public id: u32,
    private channel: i32,
  ) {}

  /** Starts it. Returns 0 or -errno: then nothing is left open. */
  start(argv: Bytes[], extra: Bytes[], cwd: Bytes, hasInput: bool): i64 {
    let r = hasInput ? pipe2(pair, O_CLOEXEC) : 0;
    let childIn = hasInput ? load<i32>(pair) : open(b("/dev/null"), O_RDONLY | O_CLOEXEC);
    if (hasInput) this.stdin = load<i32>(pair + 4);
    if (r >= 0) r = pipe2(pair, O_CLOEXEC);
    const childOut = r >= 0 ? load<i32>(pair) + 0 : -1;
    if (r >= 0) this.stdout = childOut;
    const outEnd = r >= 0 ? load<i32>(pair + 4) : -1;
    if (r >= 0) r = pipe2(pair, O_CLOEXEC);
    if (r >= 0) this.stderr = load<i32>(pair);
    const errEnd = r >= 0 ? load<i32>(pair + 4) : -1;
    if (r >= 0) r = fork();
    if (r == 0) this.become(argv, extra, cwd, childIn, outEnd, errEnd);
    if (childIn >= 0) close(childIn);
    if (outEnd >= 0) close(outEnd);
    if (errEnd >= 0) close(errEnd);
    if (r < 0) {
      this.closeAll();
      return r;
    }
    this.pid = <i32>r;
    if (this.stdin >= 0) fcntl(this.stdin, F_SETFL, O_NONBLOCK);
    return 0;
  }

  /** In the child: never returns. */
  private become(argv: Bytes[], extra: Bytes[], cwd: Bytes, input: i32, output: i32, error: i32): void {
    sys(Nr.setsid);
    for (let s = 1; s < NSIG; s++) sigaction(s, SIG_DFL);
    setSignalMask(0);
    dup3(input, 0);
    dup3(output, 1);
    dup3(error, 2);
    const c = chdir(cwd.len == 0 ? b("/") : cwd);
    if (c < 0) {
      stderr
        .text("agent: ")
        .bytes(cwd)
        .text(": ")
        .text(strerror(<i32>c))
        .line()
        .flush();
      exit(126);
    }
    const r = execSearch(argv, merged(extra));
    stderr
      .text("agent: ")
      .bytes(argv[0])
      .text(": ")
      .text(strerror(<i32>r))
      .line()
      .flush();
    exit(r == -Errno.ENOENT ? 127 : 126);
  }

  signal(sig: i32): void {
    kill(-this.pid, sig);
  }

  kill(): void {
    this.signal(SIGKILL);
    this.closeAll();
  }

  /** A STDIN frame; no bytes mean the end. What nobody will read is credited at once. */
  input(s: Bytes): void {
    if (this.stdin < 0) {
      if (s.len > 0) sendU32(this.channel, CREDIT, this.id, s.len);
      return;
    }
    if (s.len == 0) this.isInputEnded = true;
    else this.queue.push(new Piece(s));
    this.feed();
  }

  get wantsToWrite(): bool {
    return this.stdin >= 0 && this.queue.length > 0;
  }

  /** Gives the command what its pipe takes now. */
  feed(): void {
    while (this.stdin >= 0 && this.queue.length > 0) {
      const p = this.queue[0];
      const r = write(this.stdin, p.bytes.ptr + p.at, p.bytes.len - p.at);
      if (r == -Errno.EAGAIN || r == -Errno.EINTR) return;
      if (r < 0) return this.closeInput();
      p.at += <i32>r;
      sendU32(this.channel, CREDIT, this.id, <u32>r);
      if (p.at == p.bytes.len) this.queue.shift();
    }
    if (this.isInputEnded) this.closeInput();
  }

  private closeInput(): void {
    let left = 0;
    for (let i = 0; i < this.queue.length; i++) left += this.queue[i].bytes.len - this.queue[i].at;
    this.queue.length = 0;
    if (left > 0) sendU32(this.channel, CREDIT, this.id, left);
    if (this.stdin >= 0) close(this.stdin);
    this.stdin = -1;
  }

  /** Passes on what one output pipe holds: one read. False at its end. */
  pump(isError: bool): bool {
    const fd = isError ? this.stderr : this.stdout;
    if (fd < 0) return false;
    const r = read(fd, outgoingPayload(), MAX_PAYLOAD);
    if (r > 0) {
      send(this.channel, isError ? STDERR : STDOUT, this.id, <usize>r);
      return true;
    }
    if (r == -Errno.EAGAIN || r == -Errno.EINTR) return false;
    close(fd);
    if (isError) this.stderr = -1;
    else this.stdout = -1;
    return false;
  }

  /** The process has ended: what the pipes hold now still counts, what comes later does not. */
  drain(): void {
    if (this.stdout >= 0) fcntl(this.stdout, F_SETFL, O_NONBLOCK);
    if (this.stderr >= 0) fcntl(this.stderr, F_SETFL, O_NONBLOCK);
    while (this.pump(false)) {}
    while (this.pump(true)) {}
    this.closeAll();
  }

  private closeAll(): void {
    this.closeInput();
    if (this.stdout >= 0) close(this.stdout);
    if (this.stderr >= 0) close(this.stderr);
    this.stdout = this.stderr = -1;
  }
}

/** The agent's own environment with `extra` in place of what has the same names. */
function merged(extra: Bytes[]): Bytes[] {
  const list = extra.slice(0);
  for (let i = 0; i < environ.length; i++) {
    const name = environ[i].slice(0, environ[i].indexOf(0x3d) + 1);
    let isReplaced = false;
    for (let k = 0; k < extra.length; k++) if (extra[k].startsWith(name)) isReplaced = true;
    if (!isReplaced) list.push(environ[i]);
  }
  return list;
}
