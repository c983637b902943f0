/**
 * init: process 1. Builds the root that people see: an overlay of the read-only image below and the upper named
 * by `strata.upper=` above (tmpfs, or a disk: /dev/vdb), pivots into it, mounts /dev, /proc and /tmp, and starts the agent
 * and a login shell on the console. When that shell ends, the machine powers off with its status.
 */
import { O_RDWR, O_WRONLY } from "../../abi/fcntl";
import { TIOCSCTTY } from "../../abi/termios";
import { Nr } from "../../abi/nr";
import { Bytes, b } from "../../lib/bytes";
import { readFile } from "../libc/input";
import { stderr, stdout } from "../libc/out";
import { cannot, complain, environ } from "../libc/program";
import { SIGKILL, SIGTERM } from "../libc/signal";
import {
  access,
  chdir,
  close,
  dup3,
  execve,
  exit,
  fork,
  ioctl,
  kill,
  mkdir,
  mount,
  open,
  pivotRoot,
  sys,
  umount,
  wait4,
  write,
} from "../libc/sys";

const MS_MOVE: u64 = 8192;
const MNT_DETACH: u32 = 2;
const POWER_OFF: u64 = 0x4321fedc;
const AGENT_CHANNEL = "/dev/hvc0";
/** An agent that dies at once is not started again more often than this. */
const AGENT_STARTS: i32 = 10;

const status: usize = memory.data(4, 4);
const delay: usize = memory.data(16, 8);

/** Mounts, and says so when it fails: a machine with half a root must be seen to be one. */
function attach(source: string, target: string, type: string, flags: u64 = 0, data: string = ""): bool {
  const r = mount(b(source), b(target), b(type), flags, b(data));
  if (r < 0) cannot("mount " + type + " on", b(target), r);
  return r >= 0;
}

/** The value of `name=` on the kernel's command line, or `otherwise`. */
function bootOption(name: string, otherwise: string): Bytes {
  const cmdline = readFile(b("/proc/cmdline"));
  const prefix = b(name + "=");
  for (let at = 0; cmdline && at < cmdline.len;) {
    let end = at;
    while (end < cmdline.len && cmdline[end] != 0x20 && cmdline[end] != 10) end++;
    const word = cmdline.slice(at, end);
    if (word.startsWith(prefix)) return word.slice(prefix.len);
    at = end + 1;
  }
  return b(otherwise);
}

/** Overlay root. On failure the read-only image stays the root, with a message. */
function buildRoot(): void {
  const upper = bootOption("strata.upper", "tmpfs");
  const isTmpfs = upper.equals(b("tmpfs"));
  const r = isTmpfs
    ? mount(b("tmpfs"), b("/mnt"), b("tmpfs"), 0, b("mode=755"))
    : mount(upper, b("/mnt"), b("ext4"), 0, b(""));
  if (r < 0) {
    cannot("mount the upper layer", upper, r);
    return;
  }
  mkdir(b("/mnt/upper"), 0o755);
  mkdir(b("/mnt/work"), 0o755);
  mkdir(b("/mnt/root"), 0o755);
  if (!attach("overlay", "/mnt/root", "overlay", 0, "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work")) return;
  attach("/dev", "/mnt/root/dev", "none", MS_MOVE);
  attach("/proc", "/mnt/root/proc", "none", MS_MOVE);
  const p = pivotRoot(b("/mnt/root"), b("/mnt/root/mnt"));
  if (p < 0) {
    cannot("pivot to", b("/mnt/root"), p);
    return;
  }
  chdir(b("/"));
  const u = umount(b("/mnt"), MNT_DETACH);
  if (u < 0) cannot("detach", b("/mnt"), u);
}

/** Starts `path` in a session of its own; with `tty`, on the console as its controlling terminal. */
function start(path: string, argv: Bytes[], tty: bool): i32 {
  stdout.flush();
  const pid = fork();
  if (pid != 0) return <i32>pid;
  sys(Nr.setsid);
  if (tty) {
    const fd = open(b("/dev/console"), O_RDWR);
    if (fd >= 0) {
      ioctl(fd, TIOCSCTTY, 0);
      for (let i = 0; i < 3; i++) if (fd != i) dup3(fd, i);
      if (fd > 2) close(fd);
    }
    chdir(b("/root"));
  }
  const r = execve(b(path), argv, environ);
  cannot("execute", b(path), r);
  exit(127);
  return 0;
}

function startAgent(): i32 {
  if (access(b(AGENT_CHANNEL), 0) < 0) return 0;
  return start("/bin/agent", [b("agent"), b(AGENT_CHANNEL)], false);
}

export function init(_args: Bytes[]): i32 {
  if (sys(Nr.getpid) != 1) return complain("must be process 1");
  environ.push(b("PATH=/bin:/sbin"));
  environ.push(b("HOME=/root"));
  environ.push(b("TERM=vt100"));
  attach("devtmpfs", "/dev", "devtmpfs");
  attach("proc", "/proc", "proc");
  buildRoot();
  attach("tmpfs", "/tmp", "tmpfs", 0, "mode=1777");
  const name = readFile(b("/etc/hostname"));
  if (name && name.len > 1) sys(Nr.sethostname, name.ptr, name.len - 1);
  stderr.flush();

  let agent = startAgent();
  let agentStarts = 1;
  const shell = start("/bin/sh", [b("-sh")], true);
  for (;;) {
    const pid = <i32>wait4(-1, status, 0);
    if (pid == shell) passOn(load<u32>(status));
    if (pid == shell || pid < 0) break;
    if (pid == agent && agentStarts++ < AGENT_STARTS) agent = startAgent();
  }
  powerOff();
  return 1;
}

/** The console's shell ended with wait status `how`: so shall the machine. A shell that a signal ended counts as sh counts it. */
function passOn(how: u32): void {
  const code = (how & 0x7f) != 0 ? 128 + (how & 0x7f) : (how >> 8) & 255;
  const fd = open(b("/proc/sys/kernel/exit_status"), O_WRONLY);
  if (fd < 0) return;
  const text = b(code.toString());
  write(fd, text.ptr, text.len);
  close(fd);
}

/** Asks every process to end, gives it a moment, and leaves. */
function powerOff(): void {
  kill(-1, SIGTERM);
  store<i64>(delay, 0);
  store<i64>(delay + 8, 20_000_000);
  sys(Nr.nanosleep, delay, 0);
  kill(-1, SIGKILL);
  sys(Nr.sync);
  const r = sys(Nr.reboot, 0xfee1dead, 672274793, POWER_OFF, 0);
  cannot("power off", b("the machine"), r);
}
