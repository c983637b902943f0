/** Jobs and the processes in them, and how the shell makes a copy of itself. */
import { O_RDONLY } from "../../abi/fcntl";
import { Nr } from "../../abi/nr";
import { Bytes, b } from "../../lib/bytes";
import { stderr, stdout } from "../libc/out";
import { SIGINT, SIGQUIT } from "../libc/signal";
import { close, dup3, fork, open, sys } from "../libc/sys";
import { clearPending } from "../libc/signal";
import { fail } from "./errors";
import { forgetJobs } from "./jobs";
import { sh } from "./state";
import { setForeground } from "./terminal";
import { ignoreInBackground, resetTraps, updateModeSignals } from "./trap";

export const enum ForkMode {
  /** The shell waits for it, and it may have the terminal. */
  Foreground,
  Background,
  /** Of a command substitution: in the shell's own process group. */
  Substitution,
}

/** Raw wait status of a process; -1 while it runs. */
export const RUNNING: i32 = -1;

@final
export class Process {
  status: i32 = RUNNING;
  isStopped: bool = false;
  constructor(public pid: i32) {}
}

@final
export class Job {
  id: i32 = 0;
  processes: Process[] = [];
  /** Its process group under job control, else 0. */
  group: i32 = 0;
  isForeground: bool = false;
  /** `wait` has told its status; it stays known until the next job begins. */
  isWaited: bool = false;
  /** Its state has changed since it was last reported. */
  hasChanged: bool = false;
  constructor(public text: Bytes) {}

  get isDone(): bool {
    for (let i = 0; i < this.processes.length; i++) if (this.processes[i].status == RUNNING) return false;
    return true;
  }

  /** All that still live are stopped, and one is. */
  get isStopped(): bool {
    let any = false;
    for (let i = 0; i < this.processes.length; i++) {
      const p = this.processes[i];
      if (p.status != RUNNING) continue;
      if (!p.isStopped) return false;
      any = true;
    }
    return any;
  }
}

/** Forks; the child is added to `job`. Returns 0 in the child, and -1, reported, on failure. */
export function forkShell(job: Job, mode: ForkMode): i32 {
  stdout.flush();
  stderr.flush();
  const hasJobControl = sh.has(0x6d) && !sh.isSubshell && mode != ForkMode.Substitution;
  const pid = <i32>fork();
  if (pid < 0) {
    fail("Cannot fork");
    return -1;
  }
  if (pid == 0) {
    becomeChild(job, mode, hasJobControl);
    return 0;
  }
  if (hasJobControl) {
    if (job.group == 0) job.group = pid;
    sys(Nr.setpgid, pid, job.group);
  }
  job.processes.push(new Process(pid));
  return pid;
}

function becomeChild(job: Job, mode: ForkMode, hasJobControl: bool): void {
  const isFirst = job.processes.length == 0;
  if (hasJobControl) {
    sys(Nr.setpgid, 0, job.group);
    if (mode == ForkMode.Foreground) setForeground(job.group == 0 ? <i32>sys(Nr.getpid) : job.group);
  }
  sh.isSubshell = true;
  sh.isInteractive = false;
  clearPending();
  resetTraps();
  updateModeSignals();
  sh.setOption(0x6d, false);
  if (mode == ForkMode.Background && !hasJobControl) {
    ignoreInBackground(SIGINT);
    ignoreInBackground(SIGQUIT);
    if (isFirst) {
      const fd = open(b("/dev/null"), O_RDONLY);
      if (fd > 0) {
        dup3(fd, 0);
        close(fd);
      }
    }
  }
  forgetJobs();
}
