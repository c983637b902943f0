/** A task's signal actions, mask, and what is pending. Sending and delivering are signal.ts and exec/sigframe.ts. */
import { IGNORE_MASK, NSIG, SIG_DFL, SIG_IGN, sigBit } from "./signal-numbers";

/** What SA_SIGINFO shows. */
@final
export class SigInfo {
  constructor(
    public signo: i32,
    public code: i32,
    public pid: i32 = 0,
    public uid: u32 = 0,
    /** SIGCHLD: wait status; sigqueue: si_value. */
    public value: u64 = 0,
    /** SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP. */
    public addr: u64 = 0,
  ) {}
}

/** struct sigaction without the restorer, as a view of a SignalState's table; not to be kept. */
@unmanaged
export class SigAction {
  handler: u64;
  flags: u64;
  mask: u64;
}

@final
export class SignalState {
  blocked: u64 = 0;
  /** What rt_sigtimedwait sleeps for: such a signal is kept though it be ignored, and wakes though it be blocked. */
  waited: u64 = 0;
  /** Signals of `queue`. */
  pending: u64 = 0;
  /** In order of arrival; a standard signal at most once. */
  queue: Array<SigInfo> = [];
  /** SigAction records of signals 0 … NSIG in one block: fork copies it whole. */
  private table: StaticArray<u64> = new StaticArray<u64>((NSIG + 1) * 3);
  /** sigaltstack */
  altSp: u64 = 0;
  altSize: u64 = 0;
  altFlags: u32 = 2;
  /** rt_sigsuspend and ppoll: the mask to restore once a handler's frame is built, valid when `hasSavedMask`. */
  savedMask: u64 = 0;
  hasSavedMask: bool = false;

  action(sig: i32): SigAction {
    assert(<u32>sig <= <u32>NSIG);
    return changetype<SigAction>(changetype<usize>(this.table) + <usize>sig * offsetof<SigAction>());
  }

  /** Whether `sig` would be thrown away now: SIG_IGN, or SIG_DFL of a signal whose default is to ignore. */
  ignores(sig: i32): bool {
    const h = this.action(sig).handler;
    return h == SIG_IGN || (h == SIG_DFL && (IGNORE_MASK & sigBit(sig)) != 0);
  }

  /** Pending and not blocked. */
  get deliverable(): u64 {
    return this.pending & ~this.blocked;
  }

  /** For fork: actions, mask and alternate stack are inherited, pending signals are not. */
  clone(): SignalState {
    const s = new SignalState();
    s.blocked = this.blocked;
    s.altSp = this.altSp;
    s.altSize = this.altSize;
    s.altFlags = this.altFlags;
    memory.copy(changetype<usize>(s.table), changetype<usize>(this.table), offsetof<SigAction>() * (NSIG + 1));
    return s;
  }

  /** For execve: caught signals go back to the default, ignored ones stay so; no alternate stack. */
  resetForExec(): void {
    for (let i = 1; i <= NSIG; i++) {
      const a = this.action(i);
      if (a.handler != SIG_IGN) a.handler = SIG_DFL;
      a.flags = 0;
      a.mask = 0;
    }
    this.altSp = 0;
    this.altSize = 0;
    this.altFlags = 2;
  }

  /** Takes the first queued info of `sig` away. */
  take(sig: i32): SigInfo {
    let found: SigInfo | null = null;
    let more = false;
    for (let i = 0; i < this.queue.length; i++) {
      const info = this.queue[i];
      if (info.signo != sig) continue;
      if (found == null) {
        found = info;
        this.queue.splice(i--, 1);
      } else more = true;
    }
    if (!more) this.pending &= ~sigBit(sig);
    return found != null ? found : new SigInfo(sig, 0);
  }

  /** Throws away whatever is pending of the signals in `mask`. */
  discard(mask: u64): void {
    if ((this.pending & mask) == 0) return;
    for (let i = this.queue.length - 1; i >= 0; i--)
      if ((sigBit(this.queue[i].signo) & mask) != 0) this.queue.splice(i, 1);
    this.pending &= ~mask;
  }
}
