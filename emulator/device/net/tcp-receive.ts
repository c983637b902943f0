/**
 * The receiving half of a TCP connection (RFC 9293, 3.8.6 and 3.10.7.4): what is in order goes up, what came too early
 * waits, and the window says how much more may come. Its right edge never moves back.
 */
import { seqAdd, seqDiff } from './tcp-seq.ts';

/** Without window scaling (RFC 7323) a window can be no larger. */
const RECEIVE_WINDOW = 65_535;
/** Tiny early segments cost us more than they cost the guest. */
const EARLY_PIECES_MAX = 256;

interface Piece {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

export class TcpReceiver {
  /** The next sequence number expected. */
  nxt: number;
  /** The right edge of the window as last announced. */
  private edge: number;
  /** Bytes that went up and are not used yet. */
  private unread = 0;
  /** In order of sequence, without overlaps. */
  private early: Piece[] = [];
  private finSeq: number | undefined;

  constructor(
    irs: number,
    private readonly mss: number,
  ) {
    this.nxt = seqAdd(irs, 1);
    this.edge = seqAdd(this.nxt, RECEIVE_WINDOW);
  }

  /** What to announce. Moves the edge when that is worth it (receiver's silly window avoidance, 3.8.6.2.2). */
  announce(): number {
    if (this.hasWindowUpdate) this.edge = seqAdd(this.nxt, RECEIVE_WINDOW - this.unread);
    return this.window;
  }

  get window(): number {
    return seqDiff(this.edge, this.nxt);
  }

  get hasWindowUpdate(): boolean {
    const gain = RECEIVE_WINDOW - this.unread - this.window;
    return gain >= Math.min(RECEIVE_WINDOW / 2, this.mss);
  }

  get isFinReceived(): boolean {
    return this.finSeq !== undefined && seqDiff(this.nxt, this.finSeq) > 0;
  }

  /** Does any of it lie in the window? (3.4, "segment acceptability") */
  isAcceptable(seq: number, length: number): boolean {
    const start = seqDiff(seq, this.nxt);
    const { window } = this;
    if (length === 0) return window === 0 ? start === 0 : start >= 0 && start < window;
    if (window === 0) return false;
    const last = start + length - 1;
    return (start >= 0 && start < window) || (last >= 0 && last < window);
  }

  /** Bytes that went up have been used. */
  consume(count: number): void {
    this.unread -= count;
  }

  /** Takes an acceptable segment's bytes; returns what is now in order. */
  take(seq: number, payload: Uint8Array, hasFin: boolean): Uint8Array[] {
    const end = seqAdd(seq, payload.length);
    // The FIN itself must be in the window too.
    if (hasFin && this.finSeq === undefined && seqDiff(end, this.edge) < 0) {
      this.finSeq = end;
      this.early = this.early.filter(piece => seqDiff(piece.seq, end) < 0);
    }
    let start = seqDiff(seq, this.nxt);
    let bytes = payload;
    if (start < 0) {
      bytes = bytes.subarray(-start);
      start = 0;
    }
    bytes = bytes.subarray(0, Math.max(0, this.limit() - start));
    if (bytes.length > 0 && start === 0 && this.early.length === 0) {
      this.nxt = seqAdd(this.nxt, bytes.length);
      this.unread += bytes.length;
      return this.finish([bytes.slice()]);
    }
    if (bytes.length > 0) this.keep(seqAdd(this.nxt, start), bytes);
    const ready: Uint8Array[] = [];
    while (this.early.length > 0 && this.early[0]!.seq === this.nxt) {
      const piece = this.early.shift()!;
      this.nxt = seqAdd(this.nxt, piece.bytes.length);
      this.unread += piece.bytes.length;
      ready.push(piece.bytes);
    }
    return this.finish(ready);
  }

  get hasEarly(): boolean {
    return this.early.length > 0;
  }

  private finish(ready: Uint8Array[]): Uint8Array[] {
    if (this.finSeq === this.nxt) {
      this.nxt = seqAdd(this.nxt, 1);
      // Its number is no byte: the edge goes with it.
      this.edge = seqAdd(this.edge, 1);
    }
    return ready;
  }

  /** How many bytes from `nxt` on there may be: to the window's edge, or to FIN. */
  private limit(): number {
    return Math.min(this.window, this.finSeq === undefined ? Infinity : seqDiff(this.finSeq, this.nxt));
  }

  /** Keeps those bytes that are not here yet. */
  private keep(seq: number, bytes: Uint8Array): void {
    const end = seqAdd(seq, bytes.length);
    const fresh: Piece[] = [];
    const add = (from: number, to: number): void => {
      if (seqDiff(to, from) <= 0) return;
      const offset = seqDiff(from, seq);
      fresh.push({ seq: from, bytes: bytes.slice(offset, offset + seqDiff(to, from)) });
    };
    let at = seq;
    for (const piece of this.early) {
      if (seqDiff(piece.seq, end) >= 0) break;
      add(at, piece.seq);
      const pieceEnd = seqAdd(piece.seq, piece.bytes.length);
      if (seqDiff(pieceEnd, at) > 0) at = pieceEnd;
    }
    add(at, end);
    // What is next in order has its place in any case.
    if (this.early.length + fresh.length > EARLY_PIECES_MAX && seq !== this.nxt) return;
    this.early = [...this.early, ...fresh].sort((a, b) => seqDiff(a.seq, b.seq));
  }
}
