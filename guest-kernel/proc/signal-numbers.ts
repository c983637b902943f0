/** Signal numbers and flags, as asm-generic/signal.h; masks have bit (n - 1) for signal n. */

export const SIGHUP: i32 = 1;
export const SIGINT: i32 = 2;
export const SIGQUIT: i32 = 3;
export const SIGILL: i32 = 4;
export const SIGTRAP: i32 = 5;
export const SIGABRT: i32 = 6;
export const SIGBUS: i32 = 7;
export const SIGFPE: i32 = 8;
export const SIGKILL: i32 = 9;
export const SIGUSR1: i32 = 10;
export const SIGSEGV: i32 = 11;
export const SIGUSR2: i32 = 12;
export const SIGPIPE: i32 = 13;
export const SIGALRM: i32 = 14;
export const SIGTERM: i32 = 15;
export const SIGSTKFLT: i32 = 16;
export const SIGCHLD: i32 = 17;
export const SIGCONT: i32 = 18;
export const SIGSTOP: i32 = 19;
export const SIGTSTP: i32 = 20;
export const SIGTTIN: i32 = 21;
export const SIGTTOU: i32 = 22;
export const SIGURG: i32 = 23;
export const SIGXCPU: i32 = 24;
export const SIGXFSZ: i32 = 25;
export const SIGVTALRM: i32 = 26;
export const SIGPROF: i32 = 27;
export const SIGWINCH: i32 = 28;
export const SIGIO: i32 = 29;
export const SIGPWR: i32 = 30;
export const SIGSYS: i32 = 31;
export const SIGRTMIN: i32 = 32;
export const NSIG: i32 = 64;

export const SA_NOCLDSTOP: u64 = 1;
export const SA_NOCLDWAIT: u64 = 2;
export const SA_SIGINFO: u64 = 4;
export const SA_ONSTACK: u64 = 0x08000000;
export const SA_RESTART: u64 = 0x10000000;
export const SA_NODEFER: u64 = 0x40000000;
export const SA_RESETHAND: u64 = 0x80000000;

export const SIG_DFL: u64 = 0;
export const SIG_IGN: u64 = 1;

export const SIG_BLOCK: i32 = 0;
export const SIG_UNBLOCK: i32 = 1;
export const SIG_SETMASK: i32 = 2;

/** si_code */
export const SI_USER: i32 = 0;
export const SI_KERNEL: i32 = 0x80;
export const SI_QUEUE: i32 = -1;
export const SI_TIMER: i32 = -2;
export const SI_TKILL: i32 = -6;
export const ILL_ILLOPC: i32 = 1;
export const FPE_INTDIV: i32 = 1;
export const SEGV_MAPERR: i32 = 1;
export const SEGV_ACCERR: i32 = 2;
export const BUS_ADRALN: i32 = 1;
export const BUS_ADRERR: i32 = 2;
export const TRAP_BRKPT: i32 = 1;
export const CLD_EXITED: i32 = 1;
export const CLD_KILLED: i32 = 2;
export const CLD_DUMPED: i32 = 3;
export const CLD_STOPPED: i32 = 5;
export const CLD_CONTINUED: i32 = 6;

const ONE: u64 = 1;

export function sigBit(sig: i32): u64 {
  return ONE << (sig - 1);
}

/** Signals that stop by default. */
export const STOP_MASK: u64 = (1 << 18) | (1 << 19) | (1 << 20) | (1 << 21);
/** SIGKILL and SIGSTOP: never blocked, caught or ignored. */
export const UNBLOCKABLE_MASK: u64 = (1 << 8) | (1 << 18);
/** Signals ignored by default: SIGCHLD SIGCONT SIGURG SIGWINCH. */
export const IGNORE_MASK: u64 = (1 << 16) | (1 << 17) | (1 << 22) | (1 << 27);
/** Caused by the instruction that runs: delivered before all others, so that their frame shows it. */
export const SYNCHRONOUS_MASK: u64 = (1 << 3) | (1 << 4) | (1 << 6) | (1 << 7) | (1 << 10) | (1 << 30);
