/**
 * agent [CHANNEL]: runs commands for the host over a virtio console (docs/agent-protocol.md). One process, one poll loop;
 * everything it knows lives in globals, so that garbage can be collected between two rounds.
 */
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from "../../abi/fcntl";
import { CC_OFFSET, TCGETS, TCSETS, TIOCSWINSZ, VMIN, VTIME } from "../../abi/termios";
import { Errno } from "../../abi/errno";
import { Bytes, b } from "../../lib/bytes";
import { cannot } from "../libc/program";
import { SIG_IGN, WNOHANG, exitStatus, handlerOf, ppoll, setSignalMask, sigaction } from "../libc/process";
import { SIGCHLD, SIGPIPE } from "../libc/signal";
import { strerror } from "../libc/strerror";
import { close, ioctl, open, read, wait4 } from "../libc/sys";
import { Command } from "./command";
import * as frames from "./frames";

const MAX_COMMANDS: i32 = 16;
const POLLIN: u32 = 1;
const POLLOUT: u32 = 4;
const CHILD_BIT: u64 = 1 << 16;

/** struct pollfd: fd, events, revents; one for the channel and three for each command. */
const fds: usize = memory.data(8 * (1 + 3 * 16), 8);
const scratch: usize = memory.data(64, 8);

let channel: i32 = -1;
let commands: Command[] = [];

function onChild(_sig: i32): void {}

export function agent(args: Bytes[]): i32 {
  const path = args.length > 1 ? args[1] : b("/dev/hvc0");
  channel = open(path, O_RDWR | O_CLOEXEC);
  if (channel < 0) return cannot("open", path, channel);
  makeRaw();
  sigaction(SIGPIPE, SIG_IGN);
  setSignalMask(CHILD_BIT);
  sigaction(SIGCHLD, handlerOf(onChild));
  frames.sendU32(channel, frames.HELLO_REPLY, 0, frames.VERSION);
  let ok = true;
  while (ok) {
    ok = round();
    __collect();
  }
  return 1;
}

/** On Linux the channel is a terminal. */
function makeRaw(): void {
  if (ioctl(channel, TCGETS, scratch) < 0) return;
  store<u32>(scratch, 0);
  store<u32>(scratch + 4, 0);
  store<u32>(scratch + 12, 0);
  store<u8>(scratch + CC_OFFSET + VMIN, 1);
  store<u8>(scratch + CC_OFFSET + VTIME, 0);
  ioctl(channel, TCSETS, scratch);
}

function pollFor(i: i32, fd: i32, events: u32): void {
  store<i32>(fds + i * 8, fd);
  store<u16>(fds + i * 8 + 4, <u16>events);
  store<u16>(fds + i * 8 + 6, 0);
}

function isReady(i: i32): bool {
  return load<u16>(fds + i * 8 + 6) != 0;
}

/** Waits for something and serves it. False when the channel has ended. */
function round(): bool {
  const n = commands.length;
  pollFor(0, channel, POLLIN);
  for (let i = 0; i < n; i++) {
    const c = commands[i];
    pollFor(1 + i * 3, c.wantsToWrite ? c.stdin : -1, POLLOUT);
    pollFor(2 + i * 3, c.stdout, POLLIN);
    pollFor(3 + i * 3, c.stderr, POLLIN);
  }
  const r = ppoll(fds, 1 + n * 3, 0);
  if (r > 0) {
    for (let i = 0; i < n; i++) {
      if (isReady(1 + i * 3)) commands[i].feed();
      if (isReady(2 + i * 3)) commands[i].pump(false);
      if (isReady(3 + i * 3)) commands[i].pump(true);
    }
  }
  reap();
  if (r <= 0 || !isReady(0)) return true;
  const got = read(channel, frames.receiveAt(), frames.receiveRoom());
  if (got == 0 || (got < 0 && got != -Errno.EINTR && got != -Errno.EAGAIN)) return false;
  if (got > 0) frames.received(<usize>got);
  while (frames.nextFrame()) handle();
  return true;
}

/** Reports every command whose process has ended. Orphans that the kernel gave us are only buried. */
function reap(): void {
  for (let pid = wait4(-1, scratch, WNOHANG); pid > 0; pid = wait4(-1, scratch, WNOHANG)) {
    const status = load<i32>(scratch);
    for (let i = 0; i < commands.length; i++) {
      if (commands[i].pid != <i32>pid) continue;
      const c = commands[i];
      commands.splice(i, 1);
      c.drain();
      reportExit(c.id, exitStatus(status), status & 0x7f);
      break;
    }
  }
}

function reportExit(id: u32, status: i32, sig: i32): void {
  const p = frames.outgoingPayload();
  store<u32>(p, status);
  store<u32>(p + 4, sig);
  frames.send(channel, frames.EXIT, id, 8);
}

function find(id: u32): Command | null {
  for (let i = 0; i < commands.length; i++) if (commands[i].id == id) return commands[i];
  return null;
}

function handle(): void {
  const id = frames.frameId;
  switch (frames.frameType) {
    case frames.HELLO:
      for (let i = 0; i < commands.length; i++) commands[i].kill();
      commands = [];
      frames.sendU32(channel, frames.HELLO_REPLY, 0, frames.VERSION);
      break;
    case frames.EXEC:
      execute(id);
      break;
    case frames.STDIN: {
      const c = find(id);
      if (c) c.input(Bytes.copyOf(frames.payload, <i32>frames.payloadLen));
      break;
    }
    case frames.SIGNAL: {
      const c = find(id);
      if (c && frames.payloadLen >= 4) c.signal(load<i32>(frames.payload));
      break;
    }
    case frames.WINSIZE:
      if (frames.payloadLen >= 4) setWindowSize(load<u16>(frames.payload), load<u16>(frames.payload + 2));
      break;
    case frames.PING:
      memory.copy(frames.outgoingPayload(), frames.payload, frames.payloadLen);
      frames.send(channel, frames.PONG, id, frames.payloadLen);
      break;
  }
}

function setWindowSize(rows: u16, columns: u16): void {
  const O_NOCTTY: u32 = 0o400;
  const fd = open(b("/dev/console"), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  store<u64>(scratch, 0);
  store<u16>(scratch, rows);
  store<u16>(scratch + 2, columns);
  ioctl(fd, TIOCSWINSZ, scratch);
  close(fd);
}

/** EXEC: flags, argc, envc, then NUL-ended strings. A payload that does not add up is garbage and gets no answer. */
function execute(id: u32): void {
  const p = frames.payload;
  const n = frames.payloadLen;
  if (n < 12) return;
  const argc = load<u32>(p + 4);
  const envc = load<u32>(p + 8);
  const strings: Bytes[] = [];
  for (let at: usize = 12; at < n;) {
    let end = at;
    while (end < n && load<u8>(p + end) != 0) end++;
    if (end == n) return;
    strings.push(Bytes.copyOf(p + at, <i32>(end - at)));
    at = end + 1;
  }
  if (argc < 1 || <u64>strings.length != <u64>1 + argc + envc || find(id)) return;
  if (commands.length >= MAX_COMMANDS) return refuse(id, "agent: runs 16 commands already\n");
  const c = new Command(id, channel);
  const argv = strings.slice(1, 1 + argc);
  const r = c.start(argv, strings.slice(1 + argc), strings[0], (load<u32>(p) & 1) != 0);
  if (r < 0) return refuse(id, "agent: cannot start a process: " + strerror(<i32>r) + "\n");
  commands.push(c);
}

function refuse(id: u32, why: string): void {
  frames.sendBytes(channel, frames.STDERR, id, b(why));
  reportExit(id, 126, 0);
}
