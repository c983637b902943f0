/** The controlling terminal's foreground process group. */
import { TIOCGPGRP, TIOCSPGRP } from "../../abi/termios";
import { O_CLOEXEC, O_RDWR } from "../../abi/fcntl";
import { Nr } from "../../abi/nr";
import { b } from "../../lib/bytes";
import { ioctl, open, sys } from "../libc/sys";
import { moveAway } from "./script";

const word: usize = memory.data(4, 4);
/** The terminal, while job control is on. */
let tty: i32 = -1;
let ownGroup: i32 = 0;
let firstGroup: i32 = 0;

/** Takes the terminal for the shell's own process group. False: there is none. */
export function takeTerminal(): bool {
  let fd = open(b("/dev/tty"), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  fd = moveAway(fd);
  const me = <i32>sys(Nr.getpid);
  firstGroup = <i32>sys(Nr.getpgid, 0);
  // Started in the background: stop until somebody brings the shell to the foreground.
  for (;;) {
    if (ioctl(fd, TIOCGPGRP, word) < 0) return false;
    if (load<i32>(word) == firstGroup) break;
    sys(Nr.kill, -firstGroup, 21);
  }
  tty = fd;
  ownGroup = me;
  if (firstGroup != me) sys(Nr.setpgid, 0, me);
  setForeground(me);
  return true;
}

export function leaveTerminal(): void {
  if (tty < 0) return;
  setForeground(firstGroup);
  if (firstGroup != ownGroup) sys(Nr.setpgid, 0, firstGroup);
}

/** SIGTTOU must be ignored, or the caller be in the foreground. */
export function setForeground(group: i32): void {
  if (tty < 0) return;
  store<i32>(word, group);
  // A child sets its own group, still with the default for SIGTTOU: it is blocked for this call.
  store<u64>(mask, 1 << 21);
  sys(Nr.rt_sigprocmask, 0, mask, old, 8);
  ioctl(tty, TIOCSPGRP, word);
  sys(Nr.rt_sigprocmask, 2, old, 0, 8);
}

export function reclaimTerminal(): void {
  setForeground(ownGroup);
}

const mask: usize = memory.data(8, 8);
const old: usize = memory.data(8, 8);
