/**
 * One TCP connection with the guest (RFC 9293, 3.3.2: the state machine; 3.10.7: what a segment does in each state;
 * RFC 5961 against blind resets). The network's side is its user: `TcpRelay` joins it to a socket of the host.
 * Not there: urgent data (the pointer is ignored, the bytes are bytes), window scaling, SACK, timestamps, keep-alive.
 */
import type { Endpoint } from './config.ts';
import { TcpReceiver } from './tcp-receive.ts';
import { Flag, segmentLength, type ReceivedSegment, type TcpSegment } from './tcp-segment.ts';
import { TcpSender } from './tcp-send.ts';
import { seqAdd, seqDiff } from './tcp-seq.ts';

export const TcpState = {
  /** A SYN came; whether it is welcome is not decided yet. */
  Pending: 'pending',
  SynSent: 'syn-sent',
  SynReceived: 'syn-received',
  Established: 'established',
  FinWait1: 'fin-wait-1',
  FinWait2: 'fin-wait-2',
  CloseWait: 'close-wait',
  Closing: 'closing',
  LastAck: 'last-ack',
  TimeWait: 'time-wait',
  Closed: 'closed',
} as const;
export type TcpState = (typeof TcpState)[keyof typeof TcpState];

/** What our side of the link takes: an Ethernet frame without the headers. */
const OWN_MSS = 1460;
/** Twice the time a segment lives on a link inside of one process; RFC 9293 has 4 minutes for the Internet. */
const TIME_WAIT_MS = 10_000;
const NOTHING = new Uint8Array(0);

export interface ConnectionEvents {
  onOpen(): void;
  /** Bytes in order, the callee's to keep. `consumed` makes room for as many more. */
  onData(bytes: Uint8Array): void;
  /** The guest sends no more. */
  onEnd(): void;
  /** The guest has taken some of what was sent. */
  onSpace(): void;
  /** The last call. `isError`: by a reset or a timeout. Not after `abort`. */
  onClosed(isError: boolean): void;
}

export interface ConnectionPort {
  nowMs(): number;
  send(local: Endpoint, remote: Endpoint, segment: TcpSegment): void;
}

export class TcpConnection {
  state: TcpState = TcpState.Closed;
  events!: ConnectionEvents;
  private sender: TcpSender;
  private receiver: TcpReceiver | undefined;
  private mustAck = false;
  private isClosing = false;
  private timeWaitEndMs = Infinity;

  constructor(
    private readonly port: ConnectionPort,
    readonly local: Endpoint,
    readonly remote: Endpoint,
    private readonly iss: number,
  ) {
    this.sender = new TcpSender(
      { nowMs: () => port.nowMs(), emit: (seq, flags, payload) => this.emit(seq, flags, payload) },
      iss,
      OWN_MSS,
    );
  }

  /** Calls the guest. */
  open(): void {
    this.state = TcpState.SynSent;
    this.sender.output();
  }

  /** The guest calls: precondition, `syn` has SYN and neither ACK nor RST. `accept` or `abort` follows. */
  called(syn: TcpSegment): void {
    this.state = TcpState.Pending;
    this.receiver = new TcpReceiver(syn.seq, OWN_MSS);
    this.sender.peerMss(syn.mss);
    this.sender.firstWindow(syn.window, syn.seq, this.iss);
  }

  /** Answers the call. */
  accept(): void {
    if (this.state !== TcpState.Pending) return;
    this.state = TcpState.SynReceived;
    this.sender.output();
  }

  /** Bytes to the guest; they are the connection's now. */
  send(bytes: Uint8Array): void {
    this.sender.push(bytes);
    if (this.isSynchronised) this.sender.output();
  }

  /** Bytes that the guest has not acknowledged. */
  get queued(): number {
    return this.sender.queued;
  }

  /** No more bytes to the guest; the other direction stays open. */
  close(): void {
    this.isClosing = true;
    this.sender.close();
    if (this.state === TcpState.Established || this.state === TcpState.SynReceived) this.state = TcpState.FinWait1;
    else if (this.state === TcpState.CloseWait) this.state = TcpState.LastAck;
    else return;
    this.sender.output();
  }

  /** Ends it at once, and says so to the guest. */
  abort(): void {
    const { state } = this;
    if (state === TcpState.Closed) return;
    if (state === TcpState.Pending) this.emitRaw(0, Flag.Rst | Flag.Ack);
    else if (state !== TcpState.TimeWait && this.receiver) this.emitRaw(this.sender.max, Flag.Rst | Flag.Ack);
    this.toClosed();
  }

  /** The user of the connection has room for `count` more bytes. */
  consumed(count: number): void {
    const { receiver } = this;
    if (!receiver) return;
    receiver.consume(count);
    if (receiver.hasWindowUpdate && !receiver.isFinReceived) this.mustAck = true;
  }

  get deadlineMs(): number {
    return Math.min(this.sender.deadlineMs, this.timeWaitEndMs);
  }

  expire(): void {
    const now = this.port.nowMs();
    if (this.timeWaitEndMs <= now) this.toClosed();
    else if (this.sender.deadlineMs <= now && !this.sender.expire()) this.end(true);
  }

  /** Sends the acknowledgement that is due, if no segment has carried it. */
  flush(): void {
    if (this.mustAck && this.state !== TcpState.Closed) this.acknowledge();
    this.mustAck = false;
  }

  /** What a reset after a restore needs: [our next sequence number, the guest's]. */
  get sequence(): readonly [number, number] {
    return [this.sender.max, this.receiver?.nxt ?? 0];
  }

  private get isSynchronised(): boolean {
    return this.state !== TcpState.Pending && this.state !== TcpState.SynSent && this.state !== TcpState.Closed;
  }

  receive(segment: ReceivedSegment): void {
    if (this.state === TcpState.SynSent) this.receiveInSynSent(segment);
    else if (this.state === TcpState.Pending) this.receiveInPending(segment);
    else if (this.state !== TcpState.Closed) this.receiveSynchronised(segment, this.receiver!);
  }

  /** 3.10.7.3 */
  private receiveInSynSent(segment: ReceivedSegment): void {
    const { flags, ack } = segment;
    const { sender } = this;
    const hasAck = (flags & Flag.Ack) !== 0;
    const isOurs = hasAck && seqDiff(ack, this.iss) > 0 && seqDiff(ack, sender.max) <= 0;
    if (hasAck && !isOurs) {
      if (!(flags & Flag.Rst)) this.emitRaw(ack, Flag.Rst);
      return;
    }
    if (flags & Flag.Rst) {
      if (hasAck) this.end(true);
      return;
    }
    if (!(flags & Flag.Syn)) return;
    this.receiver = new TcpReceiver(segment.seq, OWN_MSS);
    sender.peerMss(segment.mss);
    sender.firstWindow(segment.window, segment.seq, ack);
    if (!hasAck) {
      // Both called at once: our SYN again, with the acknowledgement.
      this.state = TcpState.SynReceived;
      sender.nxt = sender.una;
      sender.output();
      return;
    }
    this.state = this.isClosing ? TcpState.FinWait1 : TcpState.Established;
    this.mustAck = true;
    sender.acknowledge(ack, segment.window, segment.seq, false);
    this.events.onOpen();
    // Whatever came with the SYN is sent again.
  }

  private receiveInPending(segment: ReceivedSegment): void {
    const isCallEnded = segment.flags & Flag.Rst && segment.seq === this.receiver!.nxt;
    if (isCallEnded) this.end(true);
  }

  /** 3.10.7.4 */
  private receiveSynchronised(segment: ReceivedSegment, receiver: TcpReceiver): void {
    const { flags, seq, ack } = segment;
    const { sender } = this;
    const isCallAgain = (flags & (Flag.Syn | Flag.Ack)) === Flag.Syn && seqAdd(seq, 1) === receiver.nxt;
    if (isCallAgain && this.state === TcpState.SynReceived) {
      sender.nxt = sender.una; // our answer was lost
      sender.output();
      return;
    }
    const length = segmentLength(segment);
    // A closed window is probed with bytes that do not fit: what they acknowledge counts all the same.
    const isProbe = length > 0 && receiver.window === 0 && seq === receiver.nxt;
    if (!isProbe && !receiver.isAcceptable(seq, length)) {
      if (!(flags & Flag.Rst)) this.acknowledge();
      return;
    }
    if (flags & Flag.Rst) {
      if (seq === receiver.nxt) this.end(true);
      else this.acknowledge();
      return;
    }
    if (flags & Flag.Syn) {
      this.acknowledge();
      return;
    }
    if (!(flags & Flag.Ack)) return;
    if (!this.receiveAck(segment, ack, length === 0) || isProbe) {
      if (isProbe && this.isAlive) this.acknowledge();
      return;
    }
    if (length > 0) this.receiveData(segment, receiver);
  }

  /** False: nothing more of this segment counts. */
  private receiveAck({ seq, window }: ReceivedSegment, ack: number, isPure: boolean): boolean {
    const { sender } = this;
    if (seqDiff(ack, sender.max) > 0) {
      if (this.state === TcpState.SynReceived) this.emitRaw(ack, Flag.Rst);
      else this.acknowledge();
      return false;
    }
    if (!sender.isSynAcked && seqDiff(ack, this.iss) <= 0) {
      if (this.state === TcpState.SynReceived) this.emitRaw(ack, Flag.Rst);
      return false;
    }
    const wasOpen = sender.isSynAcked;
    const before = sender.queued;
    if (this.state === TcpState.SynReceived) this.state = this.isClosing ? TcpState.FinWait1 : TcpState.Established;
    if (seqDiff(ack, sender.una) >= 0) sender.acknowledge(ack, window, seq, isPure);
    if (!wasOpen) this.events.onOpen();
    if (sender.queued < before) this.events.onSpace();
    if (!sender.isFinAcked) return this.isAlive;
    if (this.state === TcpState.FinWait1) this.state = TcpState.FinWait2;
    else if (this.state === TcpState.Closing) this.toTimeWait();
    else if (this.state === TcpState.LastAck) this.end(false);
    return this.isAlive;
  }

  /** The user of the connection may end it in any of its callbacks. */
  private get isAlive(): boolean {
    return this.state !== TcpState.Closed;
  }

  private receiveData(segment: ReceivedSegment, receiver: TcpReceiver): void {
    if (receiver.isFinReceived) {
      // FIN again: our acknowledgement was lost.
      this.acknowledge();
      if (this.state === TcpState.TimeWait) this.toTimeWait();
      return;
    }
    const before = receiver.nxt;
    const ready = receiver.take(segment.seq, segment.payload, (segment.flags & Flag.Fin) !== 0);
    // A hole is told of at once, so that the third duplicate comes soon (RFC 5681, 4.2).
    if (receiver.nxt === before || receiver.hasEarly) this.acknowledge();
    else this.mustAck = true;
    for (const bytes of ready) if (this.isAlive) this.events.onData(bytes);
    if (!receiver.isFinReceived || !this.isAlive) return;
    if (this.state === TcpState.Established) this.state = TcpState.CloseWait;
    else if (this.state === TcpState.FinWait1) this.state = TcpState.Closing;
    else if (this.state === TcpState.FinWait2) this.toTimeWait();
    this.events.onEnd();
  }

  private acknowledge(): void {
    // Not `nxt`, which goes back when bytes are sent again: the guest would take the segment for an old one.
    this.emitRaw(this.sender.max, Flag.Ack);
  }

  private emit(seq: number, flags: number, payload: Uint8Array): void {
    this.emitRaw(seq, this.receiver ? flags | Flag.Ack : flags, payload);
  }

  private emitRaw(seq: number, flags: number, payload: Uint8Array = NOTHING): void {
    const { receiver } = this;
    const hasAck = (flags & Flag.Ack) !== 0 && receiver !== undefined;
    if (hasAck) this.mustAck = false;
    this.port.send(this.local, this.remote, {
      seq,
      ack: hasAck ? receiver.nxt : 0,
      flags,
      window: receiver && !(flags & Flag.Rst) ? receiver.announce() : flags & Flag.Syn ? 65_535 : 0,
      ...(flags & Flag.Syn ? { mss: OWN_MSS } : {}),
      payload,
    });
  }

  private toTimeWait(): void {
    this.state = TcpState.TimeWait;
    this.sender.deadlineMs = Infinity;
    this.timeWaitEndMs = this.port.nowMs() + TIME_WAIT_MS;
  }

  private toClosed(): void {
    this.state = TcpState.Closed;
    this.sender.deadlineMs = Infinity;
    this.timeWaitEndMs = Infinity;
  }

  private end(isError: boolean): void {
    this.toClosed();
    this.events.onClosed(isError);
  }
}
