/**
 * The sending half of a TCP connection: [SYN][bytes][FIN] in sequence space, the window (RFC 9293, 3.8.6), one timer for
 * retransmission (RFC 6298) and for probing a closed window, and congestion control (RFC 5681, NewReno of RFC 6582: the
 * link to the guest loses frames only when its driver has no buffers, but it may).
 */
import { Flag } from './tcp-segment.ts';
import { seqAdd, seqDiff } from './tcp-seq.ts';

const RTO_INITIAL_MS = 1000;
/** As Linux: RFC 6298 would have a second, made for links with more jitter than ours. */
const RTO_MIN_MS = 200;
const RTO_MAX_MS = 60_000;
/** So many timeouts without a sign of life end the connection; RFC 9293, 3.8.3 wants at least 100 s. */
const SILENCE_MAX = 9;
const MSS_DEFAULT = 536;
/** A smaller one is a mistake or an attack: it would make every byte a segment. */
const MSS_MIN = 64;
const INITIAL_WINDOW_SEGMENTS = 10;
const DUPLICATE_ACKS = 3;
const WINDOW_MAX = 65_535;

export interface SenderPort {
  nowMs(): number;
  /** Sends a segment; the port adds the acknowledgement. */
  emit(seq: number, flags: number, payload: Uint8Array): void;
}

export class TcpSender {
  /** The oldest sequence number not acknowledged, the next one to send, and the highest ever sent. */
  una: number;
  nxt: number;
  max: number;
  isSynAcked = false;
  /** When the timer fires. */
  deadlineMs = Infinity;
  private mss = MSS_DEFAULT;
  private readonly chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are acknowledged. */
  private taken = 0;
  /** Bytes not acknowledged, sent or not. */
  queued = 0;
  private isClosing = false;
  private finSeq: number | undefined;
  private window = 0;
  private windowMax = 0;
  /** Segment of the last window update: its sequence and acknowledgement numbers. */
  private wl1 = 0;
  private wl2 = 0;
  private cwnd = INITIAL_WINDOW_SEGMENTS * MSS_DEFAULT;
  private ssthresh = Infinity;
  private duplicates = 0;
  /** During fast recovery: what had been sent when it began. */
  private recover: number | undefined;
  private rtoMs = RTO_INITIAL_MS;
  private srttMs: number | undefined;
  private rttVarMs = 0;
  /** One round trip is timed at a time: until this is acknowledged. */
  private timedSeq: number | undefined;
  private timedAtMs = 0;
  private silence = 0;

  constructor(
    private readonly port: SenderPort,
    private readonly iss: number,
    private readonly ownMss: number,
  ) {
    this.una = iss;
    this.nxt = iss;
    this.max = iss;
  }

  /** What the other side's SYN said. */
  peerMss(mss: number | undefined): void {
    this.mss = Math.min(this.ownMss, Math.max(MSS_MIN, mss ?? MSS_DEFAULT));
    this.cwnd = INITIAL_WINDOW_SEGMENTS * this.mss;
  }

  /** The window of the segment that established the connection. */
  firstWindow(window: number, seq: number, ack: number): void {
    this.window = window;
    this.windowMax = window;
    this.wl1 = seq;
    this.wl2 = ack;
  }

  /** Keeps the bytes: they are the sender's now. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.queued += bytes.length;
  }

  /** No more bytes: FIN follows the last one. */
  close(): void {
    this.isClosing = true;
  }

  get isFinAcked(): boolean {
    return this.finSeq !== undefined && seqDiff(this.una, this.finSeq) > 0;
  }

  private get inFlight(): number {
    return seqDiff(this.nxt, this.una);
  }

  /** FIN is to be sent, or to be sent again. */
  private get isFinDue(): boolean {
    return this.isClosing && (this.finSeq === undefined || seqDiff(this.nxt, this.finSeq) <= 0);
  }

  /** Sends what may be sent now. @param isForced by the timer: however little it is */
  output(isForced = false): void {
    if (!this.isSynAcked) {
      if (this.nxt === this.iss) this.emit(Flag.Syn, new Uint8Array(0));
    } else {
      while (this.outputOne(isForced)) isForced = false;
    }
    this.arm();
  }

  private outputOne(isForced: boolean): boolean {
    const { inFlight } = this;
    const unsent = this.queued - inFlight;
    if (unsent <= 0 && !this.isFinDue) return false;
    const usable = Math.min(this.window, this.cwnd) - inFlight;
    const length = Math.max(0, Math.min(unsent, this.mss, usable));
    const isRest = length === unsent;
    if (length === 0 && !isRest) return false;
    // Silly windows are waited out, unless there is nothing to wait for.
    const isWorth = isRest || length === this.mss || length >= this.windowMax / 2;
    if (!isWorth && !isForced) return false;
    let flags = isRest && length > 0 ? Flag.Psh : 0;
    if (isRest && this.isFinDue) {
      flags |= Flag.Fin;
      this.finSeq ??= seqAdd(this.nxt, length);
    }
    this.emit(flags, this.peek(inFlight, length));
    return true;
  }

  private emit(flags: number, payload: Uint8Array): void {
    const seq = this.nxt;
    this.nxt = seqAdd(seq, payload.length + (flags & (Flag.Syn | Flag.Fin) ? 1 : 0));
    const isNew = seqDiff(this.nxt, this.max) > 0;
    if (isNew) this.max = this.nxt;
    // Karn: what is sent again is not timed.
    if (isNew && seq !== this.nxt && this.timedSeq === undefined) {
      this.timedSeq = this.nxt;
      this.timedAtMs = this.port.nowMs();
    }
    this.port.emit(seq, flags, payload);
  }

  /**
   * An acceptable acknowledgement, una <= ack <= max.
   * @param isPure a segment of nothing else
   */
  acknowledge(ack: number, window: number, seq: number, isPure: boolean): void {
    this.silence = 0;
    const count = seqDiff(ack, this.una);
    if (count > 0) this.advance(ack, count);
    else if (isPure && this.inFlight > 0 && window === this.window && window > 0) this.duplicate();
    this.updateWindow(ack, window, seq);
    this.output();
  }

  private updateWindow(ack: number, window: number, seq: number): void {
    const isNewer = seqDiff(seq, this.wl1) > 0 || (seq === this.wl1 && seqDiff(ack, this.wl2) >= 0);
    if (!isNewer) return;
    // A probe of the closed window was most likely thrown away.
    if (this.window === 0 && window > 0 && this.isSynAcked) {
      this.nxt = this.una;
      this.timedSeq = undefined;
    }
    this.window = window;
    this.windowMax = Math.max(this.windowMax, window);
    this.wl1 = seq;
    this.wl2 = ack;
  }

  private advance(ack: number, count: number): void {
    let bytes = count;
    if (!this.isSynAcked) {
      this.isSynAcked = true;
      bytes--;
    }
    this.una = ack;
    if (this.isFinAcked) bytes--;
    this.drop(bytes);
    if (seqDiff(this.nxt, ack) < 0) this.nxt = ack;
    if (this.timedSeq !== undefined && seqDiff(ack, this.timedSeq) >= 0)
      this.sample(this.port.nowMs() - this.timedAtMs);
    if (this.recover !== undefined && seqDiff(ack, this.recover) < 0) {
      // A partial acknowledgement: the next hole is lost too.
      this.resendFirst();
      this.cwnd = Math.max(this.mss, this.cwnd - bytes + this.mss);
    } else if (this.recover !== undefined) {
      this.recover = undefined;
      this.cwnd = this.ssthresh;
    } else if (this.cwnd < this.ssthresh) {
      this.cwnd += Math.min(bytes, this.mss * 2);
    } else {
      this.cwnd += Math.max(1, Math.floor((this.mss * this.mss) / this.cwnd));
    }
    this.cwnd = Math.min(this.cwnd, 2 * WINDOW_MAX);
    this.duplicates = 0;
    this.deadlineMs = Infinity;
  }

  /** RFC 5681, 3.2: the third one in a row says that a segment is missing. */
  private duplicate(): void {
    this.duplicates++;
    if (this.recover !== undefined) {
      this.cwnd += this.mss;
    } else if (this.duplicates === DUPLICATE_ACKS) {
      this.ssthresh = Math.max(this.inFlight / 2, 2 * this.mss);
      this.recover = this.max;
      this.cwnd = this.ssthresh + DUPLICATE_ACKS * this.mss;
      this.resendFirst();
    }
  }

  private resendFirst(): void {
    const { nxt } = this;
    this.nxt = this.una;
    this.timedSeq = undefined;
    const length = Math.min(this.mss, this.queued);
    const isFin = length === this.queued && this.finSeq !== undefined;
    this.emit(isFin ? Flag.Fin : 0, this.peek(0, length));
    if (seqDiff(nxt, this.nxt) > 0) this.nxt = nxt;
  }

  /** The timer fired. False: the other side has been silent for too long. */
  expire(): boolean {
    this.deadlineMs = Infinity;
    if (++this.silence > SILENCE_MAX) return false;
    this.rtoMs = Math.min(RTO_MAX_MS, this.rtoMs * 2);
    this.timedSeq = undefined;
    this.recover = undefined;
    this.duplicates = 0;
    if (this.inFlight > 0 && this.window > 0) {
      this.ssthresh = Math.max(this.inFlight / 2, 2 * this.mss);
      this.cwnd = this.mss;
    }
    this.nxt = this.una;
    if (this.isSynAcked && this.window === 0 && this.queued > 0) this.emit(0, this.peek(0, 1));
    this.output(true);
    return true;
  }

  /** Something is in flight, or waits for a window. */
  private arm(): void {
    const isWaiting = this.inFlight > 0 || this.queued > 0 || (this.isFinDue && this.isSynAcked);
    if (!isWaiting) this.deadlineMs = Infinity;
    else if (this.deadlineMs === Infinity) this.deadlineMs = this.port.nowMs() + this.rtoMs;
  }

  /** RFC 6298, section 2. */
  private sample(rttMs: number): void {
    this.timedSeq = undefined;
    if (this.srttMs === undefined) {
      this.srttMs = rttMs;
      this.rttVarMs = rttMs / 2;
    } else {
      this.rttVarMs = 0.75 * this.rttVarMs + 0.25 * Math.abs(this.srttMs - rttMs);
      this.srttMs = 0.875 * this.srttMs + 0.125 * rttMs;
    }
    this.rtoMs = Math.min(RTO_MAX_MS, Math.max(RTO_MIN_MS, this.srttMs + 4 * this.rttVarMs));
  }

  /** A copy of `length` bytes, `offset` behind the first one not acknowledged. */
  private peek(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let skip = offset + this.taken;
    let done = 0;
    for (const chunk of this.chunks) {
      if (done === length) break;
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      const part = chunk.subarray(skip, skip + length - done);
      bytes.set(part, done);
      done += part.length;
      skip = 0;
    }
    return bytes;
  }

  private drop(count: number): void {
    this.queued -= count;
    this.taken += count;
    while (this.chunks.length > 0 && this.taken >= this.chunks[0]!.length) this.taken -= this.chunks.shift()!.length;
  }
}
