/** Resource limits: kept and shown; NOFILE, FSIZE, STACK, AS and DATA are also enforced by those who own the resource. */

export const RLIMIT_CPU: i32 = 0;
export const RLIMIT_FSIZE: i32 = 1;
export const RLIMIT_DATA: i32 = 2;
export const RLIMIT_STACK: i32 = 3;
export const RLIMIT_CORE: i32 = 4;
export const RLIMIT_RSS: i32 = 5;
export const RLIMIT_NPROC: i32 = 6;
export const RLIMIT_NOFILE: i32 = 7;
export const RLIMIT_MEMLOCK: i32 = 8;
export const RLIMIT_AS: i32 = 9;
export const RLIMIT_LOCKS: i32 = 10;
export const RLIMIT_SIGPENDING: i32 = 11;
export const RLIMIT_MSGQUEUE: i32 = 12;
export const RLIMIT_NICE: i32 = 13;
export const RLIMIT_RTPRIO: i32 = 14;
export const RLIMIT_RTTIME: i32 = 15;
export const RLIM_NLIMITS: i32 = 16;
export const RLIM_INFINITY: u64 = ~(<u64>0);

@final
export class Rlimits {
  private soft: StaticArray<u64> = new StaticArray<u64>(RLIM_NLIMITS);
  private hard: StaticArray<u64> = new StaticArray<u64>(RLIM_NLIMITS);

  constructor() {
    for (let i = 0; i < RLIM_NLIMITS; i++) this.set(i, RLIM_INFINITY, RLIM_INFINITY);
    this.set(RLIMIT_STACK, 8 << 20, RLIM_INFINITY);
    this.set(RLIMIT_CORE, 0, RLIM_INFINITY);
    this.set(RLIMIT_NPROC, 4096, 4096);
    this.set(RLIMIT_NOFILE, 1024, 4096);
    this.set(RLIMIT_MEMLOCK, 8 << 20, 8 << 20);
    this.set(RLIMIT_SIGPENDING, 1024, 1024);
    this.set(RLIMIT_MSGQUEUE, 819200, 819200);
    this.set(RLIMIT_NICE, 0, 0);
    this.set(RLIMIT_RTPRIO, 0, 0);
  }

  current(which: i32): u64 {
    return this.soft[which];
  }

  maximum(which: i32): u64 {
    return this.hard[which];
  }

  set(which: i32, soft: u64, hard: u64): void {
    this.soft[which] = soft;
    this.hard[which] = hard;
  }

  clone(): Rlimits {
    const r = new Rlimits();
    for (let i = 0; i < RLIM_NLIMITS; i++) r.set(i, this.soft[i], this.hard[i]);
    return r;
  }
}
