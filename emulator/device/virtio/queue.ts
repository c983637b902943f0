/**
 * The driver's side of trust: a split virtqueue (virtio 1.2, section 2.7) in guest memory, with indirect descriptors
 * and EVENT_IDX. Whatever the guest puts there, reading it ends: a chain has at most as many descriptors as its table,
 * and every buffer lies in RAM. What breaks the rules breaks the device (`onBroken`), never the host.
 */
import { MIB } from '../../base/bytes.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { Ram } from '../../bus/ram.ts';

const QUEUE_SIZE_MAX = 1024;

const DESC_BYTES = 16;
const DESC_F_NEXT = 1;
const DESC_F_WRITE = 2;
const DESC_F_INDIRECT = 4;
const AVAIL_F_NO_INTERRUPT = 1;
/**
 * What one notification may describe. The ring and its tables can name the same RAM thousands of times over, and the host
 * would copy for minutes; no driver has so much under way.
 */
const DRAIN_BYTES_MAX = 1024 * MIB;

interface Segment {
  readonly pa: number;
  readonly length: number;
}

/** One request: what the device reads, then what it writes. */
export class Chain {
  /** Bytes of each part. */
  readonly outLength: number;
  readonly inLength: number;

  constructor(
    private readonly ram: Ram,
    readonly head: number,
    private readonly out: readonly Segment[],
    private readonly into: readonly Segment[],
  ) {
    this.outLength = out.reduce((n, s) => n + s.length, 0);
    this.inLength = into.reduce((n, s) => n + s.length, 0);
  }

  /** Copies out of the device-readable part, from `offset`; returns how many bytes there were. */
  read(offset: number, target: Uint8Array): number {
    let done = 0;
    forPieces(this.out, offset, target.length, (pa, length) => {
      target.set(this.ram.bytes(pa, length), done);
      done += length;
    });
    return done;
  }

  /** Copies into the device-writable part, from `offset`; returns how much fitted. */
  write(offset: number, bytes: Uint8Array): number {
    let done = 0;
    forPieces(this.into, offset, bytes.length, (pa, length) => {
      this.ram.write(pa, bytes.subarray(done, done + length));
      done += length;
    });
    return done;
  }
}

function forPieces(
  segments: readonly Segment[],
  offset: number,
  length: number,
  visit: (pa: number, length: number) => void,
): void {
  let skip = offset;
  let rest = length;
  for (const segment of segments) {
    if (rest === 0) return;
    if (skip >= segment.length) {
      skip -= segment.length;
      continue;
    }
    const piece = Math.min(segment.length - skip, rest);
    visit(segment.pa + skip, piece);
    skip = 0;
    rest -= piece;
  }
}

export class VirtQueue {
  /** Ring size; the driver may choose a smaller one. */
  size: number;
  isReady = false;
  /** Physical addresses, set by the transport. */
  descTable = 0;
  availRing = 0;
  usedRing = 0;
  /** Negotiated: VIRTIO_F_EVENT_IDX. */
  hasEventIdx = false;
  private lastAvail = 0;
  private usedIdx = 0;
  /** Value of `usedIdx` when the driver was last considered for an interrupt. */
  private signalledIdx = 0;

  constructor(
    private readonly ram: Ram,
    private readonly maxSize: number,
    private readonly onBroken: (what: string) => void,
  ) {
    this.size = maxSize;
  }

  reset(): void {
    this.size = this.maxSize;
    this.isReady = false;
    this.descTable = 0;
    this.availRing = 0;
    this.usedRing = 0;
    this.lastAvail = 0;
    this.usedIdx = 0;
    this.signalledIdx = 0;
  }

  save(out: StateWriter): void {
    for (const v of [this.size, this.lastAvail, this.usedIdx, this.signalledIdx]) out.u32(v);
    for (const pa of [this.descTable, this.availRing, this.usedRing]) out.f64(pa);
    out.bool(this.isReady);
    out.bool(this.hasEventIdx);
  }

  load(from: StateReader): void {
    this.size = from.u32();
    this.lastAvail = from.u32();
    this.usedIdx = from.u32();
    this.signalledIdx = from.u32();
    this.descTable = from.f64();
    this.availRing = from.f64();
    this.usedRing = from.f64();
    this.isReady = from.bool();
    this.hasEventIdx = from.bool();
  }

  /** Every request the driver has made available, until `handle` returns false or the ring is found broken. */
  drain(handle: (chain: Chain) => boolean): void {
    let bytes = 0;
    // The guest stands still meanwhile: what comes after a ring's worth, the device itself has written there.
    for (let n = 0; n < this.size; n++) {
      const chain = this.pop();
      if (!chain) return;
      bytes += chain.outLength + chain.inLength;
      if (bytes > DRAIN_BYTES_MAX) {
        this.onBroken(`requests of ${bytes} bytes at once`);
        return;
      }
      if (!handle(chain)) return;
    }
    if (!this.isEmpty) this.onBroken('the ring never ends');
  }

  get isEmpty(): boolean {
    return !this.isUsable() || this.ram.read16(this.availRing + 2) === this.lastAvail;
  }

  /** The next request, or undefined when there is none (or the ring has just been found broken). */
  pop(): Chain | undefined {
    if (!this.isUsable()) return undefined;
    const availIdx = this.ram.read16(this.availRing + 2);
    const waiting = (availIdx - this.lastAvail) & 0xffff;
    if (waiting === 0) return undefined;
    if (waiting > this.size)
      return this.broken(`available index ${availIdx} is ${waiting} ahead of a ring of ${this.size}`);
    const head = this.ram.read16(this.availRing + 4 + 2 * (this.lastAvail % this.size));
    if (head >= this.size) return this.broken(`head ${head} is outside of a ring of ${this.size}`);
    const chain = this.follow(head);
    if (!chain) return undefined;
    this.lastAvail = (this.lastAvail + 1) & 0xffff;
    if (this.hasEventIdx) this.ram.write16(this.usedRing + 4 + 8 * this.size, this.lastAvail);
    return chain;
  }

  /** Gives a request back; `written` bytes of its writable part are new. */
  push(chain: Chain, written: number): void {
    const at = this.usedRing + 4 + 8 * (this.usedIdx % this.size);
    this.ram.write32(at, chain.head);
    this.ram.write32(at + 4, written);
    this.usedIdx = (this.usedIdx + 1) & 0xffff;
    this.ram.write16(this.usedRing + 2, this.usedIdx);
  }

  /** After pushes: does the driver want to hear of them? (virtio 1.2, 2.7.7.2 and 2.7.10) */
  takeInterrupt(): boolean {
    const before = this.signalledIdx;
    const now = this.usedIdx;
    this.signalledIdx = now;
    if (before === now) return false;
    if (!this.hasEventIdx) return (this.ram.read16(this.availRing) & AVAIL_F_NO_INTERRUPT) === 0;
    const usedEvent = this.ram.read16(this.availRing + 4 + 2 * this.size);
    return ((now - usedEvent - 1) & 0xffff) < ((now - before) & 0xffff);
  }

  /** Ready, and all three areas in RAM: checked on every use, because the driver may move them. */
  private isUsable(): boolean {
    if (!this.isReady) return false;
    const { ram, size } = this;
    if (
      ram.contains(this.descTable, DESC_BYTES * size) &&
      ram.contains(this.availRing, 6 + 2 * size) &&
      ram.contains(this.usedRing, 6 + 8 * size)
    ) {
      return true;
    }
    this.broken('a ring is outside of RAM');
    return false;
  }

  private broken(what: string): undefined {
    this.onBroken(what);
    return undefined;
  }

  private follow(head: number): Chain | undefined {
    const { ram } = this;
    const out: Segment[] = [];
    const into: Segment[] = [];
    let table = this.descTable;
    let entries = this.size;
    let index = head;
    let isIndirect = false;
    for (let seen = 0; ; seen++) {
      if (seen >= entries) return this.broken('a descriptor chain loops');
      const at = table + DESC_BYTES * index;
      const pa = ram.read32(at) + ram.read32(at + 4) * 2 ** 32;
      const length = ram.read32(at + 8);
      const flags = ram.read16(at + 12);
      if (flags & DESC_F_INDIRECT) {
        if (isIndirect || seen > 0) return this.broken('an indirect descriptor where none may be');
        if (length === 0 || length % DESC_BYTES !== 0 || !ram.contains(pa, length)) {
          return this.broken(`an indirect table of ${length} bytes`);
        }
        isIndirect = true;
        table = pa;
        entries = Math.min(length / DESC_BYTES, QUEUE_SIZE_MAX);
        index = 0;
        seen = -1;
        continue;
      }
      if (length === 0 || !ram.contains(pa, length)) return this.broken(`a buffer of ${length} bytes outside of RAM`);
      if (flags & DESC_F_WRITE) into.push({ pa, length });
      else if (into.length > 0) return this.broken('a readable buffer behind a writable one');
      else out.push({ pa, length });
      if (!(flags & DESC_F_NEXT)) return new Chain(ram, head, out, into);
      index = ram.read16(at + 14);
      if (index >= entries) return this.broken(`next descriptor ${index} is outside of a table of ${entries}`);
    }
  }
}
