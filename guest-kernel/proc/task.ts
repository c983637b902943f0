/**
 * A task: one single-threaded process (CLONE_THREAD is refused, so tgid = pid). It lives in the task table from fork
 * until its parent has waited for it.
 */
import { AddressSpace } from "../mm/address-space";
import { UserBuf } from "../mm/user-buf";
import { Bytes, b } from "../lib/bytes";
import { Cred } from "./cred";
import { Files, FsContext, Held, Shared } from "./held";
import { Rlimits } from "./rlimits";
import { SignalState } from "./signal-state";
import { Terminal } from "./terminal";
import { WaitQueue, Waiter } from "./wait-queue";

/** Task.state */
export const RUNNABLE: i32 = 0;
/** Sleeping in a system call that a signal may interrupt. */
export const PARKED_TASK: i32 = 1;
/** Stopped by a job control signal. */
export const STOPPED: i32 = 2;
/** Ended, not yet waited for. */
export const ZOMBIE: i32 = 3;
/** Waited for: out of the table. */
export const DEAD: i32 = 4;

/** How far a parked system call has come; all zero when the call is entered for the first time. */
@final
export class Progress {
  /** Monotonic ns, or 0. See park.deadlineAfter. */
  deadline: i64 = 0;
  /** Bytes done so far. */
  done: u64 = 0;
  /** The call's own: which step it has reached, so that a restart repeats no visible effect. */
  stage: i32 = 0;
  value: i64 = 0;
  /** The call's own: kept alive between restarts. */
  held: Held | null = null;

  clear(): void {
    this.deadline = 0;
    this.done = 0;
    this.stage = 0;
    this.value = 0;
    const h = this.held;
    if (h != null) {
      this.held = null;
      h.drop();
    }
  }
}

@final
export class Task extends Waiter {
  ppid: i32 = 0;
  pgid: i32 = 0;
  sid: i32 = 0;
  state: i32 = RUNNABLE;
  /** wait4's status word, valid for a zombie. */
  exitStatus: i32 = 0;
  /** The signal that stopped it, to be reported by wait4, else 0. */
  stopReport: i32 = 0;
  /** SIGCONT came, to be reported by wait4. */
  continueReport: bool = false;
  /** Sent to the parent when it ends: SIGCHLD, or what clone was given. */
  exitSignal: i32 = 17;
  /** execve has run since fork: setpgid by the parent is -EACCES. */
  hasExeced: bool = false;

  parent: Task | null = null;
  children: Array<Task> = [];
  /** Woken when a child ends, stops or continues. */
  childEvents: WaitQueue = new WaitQueue();
  /** A vfork parent waits here until this task execs or ends. */
  vforkDone: WaitQueue = new WaitQueue();
  /** This task's memory is its vfork parent's. */
  isVforkChild: bool = false;

  /** null for a zombie. */
  mem: AddressSpace | null = null;
  cred: Cred = new Cred();
  files: Files | null = null;
  fs: FsContext | null = null;
  terminal: Terminal | null = null;
  signals: SignalState = new SignalState();
  rlimits: Rlimits = new Rlimits();
  progress: Progress = new Progress();

  /** At most 15 bytes. */
  comm: Bytes = b("init");
  /** The program's file (vfs/executable.ts), for /proc/PID/exe; null before the first execve. */
  exe: Shared | null = null;
  nice: i32 = 0;
  dumpable: i32 = 1;
  noNewPrivs: bool = false;
  parentDeathSignal: i32 = 0;

  /** Nanoseconds spent. */
  userNs: i64 = 0;
  systemNs: i64 = 0;
  childUserNs: i64 = 0;
  childSystemNs: i64 = 0;
  /** Monotonic ns at fork. */
  startNs: i64 = 0;
  minorFaults: u64 = 0;
  majorFaults: u64 = 0;
  voluntarySwitches: u64 = 0;
  involuntarySwitches: u64 = 0;

  /** ITIMER_REAL: monotonic ns, or 0; and its period. */
  alarmAt: i64 = 0;
  alarmEvery: i64 = 0;
  /** Parked with a deadline: monotonic ns, or 0. */
  wakeAt: i64 = 0;

  /** set_tid_address; cleared and futex-woken at exit. */
  clearTid: u64 = 0;
  /** Parked: the call in the frame is to be made again when the task runs next. */
  restartCall: bool = false;
  /** ERESTART* with which the last call gave way to a signal; 0: none did. The frame still stands at its ecall. */
  restartCode: i32 = 0;
  /** Monotonic ns when it last entered user mode, or the kernel. */
  clockedAt: i64 = 0;
  /** In the ready queue. */
  isQueued: bool = false;

  constructor(
    public pid: i32,
    /** Trap frame (docs/wasm2rv.md), inside a page of its own that the task has counted. */
    public frame: usize,
  ) {
    super();
  }

  get tgid(): i32 {
    return this.pid;
  }

  /** Its memory; a zombie has none and must not be asked. */
  get space(): AddressSpace {
    return assert(this.mem, "a zombie has no memory") as AddressSpace;
  }

  get isAlive(): bool {
    return this.state < ZOMBIE;
  }

  wake(): void {
    wakeTask(this);
  }
}

/** Set by proc/scheduler.ts: makes a parked task runnable. */
let wakeTask: (t: Task) => void = (_t: Task): void => {};

export function setWakeTask(fn: (t: Task) => void): void {
  wakeTask = fn;
}

let running: Task | null = null;

/** The task on whose behalf the kernel runs. There is one during every system call. */
export function current(): Task {
  return running as Task;
}

/** Null before the first task and when idle. */
export function currentOrNull(): Task | null {
  return running;
}

/** For the scheduler alone. */
export function setCurrent(t: Task | null): void {
  running = t;
}

/** `len` bytes of the current task's memory. */
export function userBuf(addr: u64, len: u64): UserBuf {
  return new UserBuf(current().space, addr, len);
}
