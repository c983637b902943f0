/** What somebody awaits of a machine: each with a deadline in guest time, rejected together when the machine ends. */

interface OpenWait {
  readonly what: string;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  reject(error: Error): void;
}

export class Wait<T> implements OpenWait {
  readonly promise: Promise<T>;
  private resolvePromise!: (value: T) => void;
  private rejectPromise!: (error: Error) => void;

  constructor(
    private readonly waits: Waits,
    /** For messages: "command `ls`", "the console to match /x/". */
    readonly what: string,
    readonly deadlineMs: number,
    readonly timeoutMs: number,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.resolvePromise = resolve;
      this.rejectPromise = reject;
    });
  }
  resolve(value: T): void {
    if (this.waits.remove(this)) this.resolvePromise(value);
  }
  reject(error: Error): void {
    if (this.waits.remove(this)) this.rejectPromise(error);
  }
}

export class Waits {
  private readonly open = new Set<OpenWait>();

  /** @param onChange called when a wait is added or settled */
  constructor(private readonly onChange: () => void) {}

  get isEmpty(): boolean {
    return this.open.size === 0;
  }
  get nextDeadlineMs(): number {
    return Math.min(Infinity, ...[...this.open].map(wait => wait.deadlineMs));
  }

  add<T>(what: string, nowMs: number, timeoutMs: number): Wait<T> {
    const wait = new Wait<T>(this, what, nowMs + timeoutMs, timeoutMs);
    this.open.add(wait);
    this.onChange();
    return wait;
  }
  /** False when it was settled before. */
  remove(wait: OpenWait): boolean {
    const isRemoved = this.open.delete(wait);
    if (isRemoved) this.onChange();
    return isRemoved;
  }

  rejectOverdue(nowMs: number, message: (wait: OpenWait) => string): void {
    for (const wait of [...this.open]) if (wait.deadlineMs <= nowMs) wait.reject(new Error(message(wait)));
  }
  rejectAll(message: (wait: OpenWait) => string): void {
    for (const wait of [...this.open]) wait.reject(new Error(message(wait)));
  }
}
