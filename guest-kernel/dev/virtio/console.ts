/**
 * virtio-console (virtio 1.2, 5.3), port 0 without MULTIPORT, as the byte channel /dev/hvc0. It is no terminal: TCGETS
 * says ENOTTY. The agent of our test library is at its guest end.
 */
import { Errno } from "../../abi/errno";
import { O_NONBLOCK } from "../../abi/fcntl";
import { pa } from "../../hal/mmio";
import { monotonicNs } from "../../hal/time";
import { Result, fail, failed } from "../../lib/result";
import { PAGE_SIZE, allocFrame } from "../../mm/frames";
import { IoBuf } from "../../mm/io-buf";
import { park } from "../../proc/park";
import { WaitQueue } from "../../proc/wait-queue";
import { CharDevice, POLLIN, POLLOUT } from "../char-device";
import { makeDev } from "../dev-number";
import { IrqHandler } from "../irq";
import { Virtqueue } from "./queue";
import { VirtioTransport } from "./transport";

const MAJOR: u32 = 229;
const RECEIVEQ: u32 = 0;
const TRANSMITQ: u32 = 1;
const RECEIVE_BUFFERS: u32 = 16;
/** A host that takes no bytes for so long has gone away. */
const SEND_DEADLINE_NS: i64 = 10_000_000_000;

/** A receive buffer the device has filled and the reader not yet emptied. */
class Received {
  constructor(
    public frame: usize,
    public length: u32,
    public taken: u32 = 0,
  ) {}
}

@final
class Interrupt extends IrqHandler {
  constructor(private console: VirtioConsole) {
    super();
  }
  handle(): void {
    this.console.onInterrupt();
  }
}

@final
export class VirtioConsole extends CharDevice {
  private queued: Array<Received> = [];
  private readers: WaitQueue = new WaitQueue();
  /** Frame of each outstanding receive buffer, by descriptor index. */
  private frames: StaticArray<usize>;

  private constructor(
    index: u32,
    private device: VirtioTransport,
    private receiveq: Virtqueue,
    private transmitq: Virtqueue,
    /** One frame that outgoing bytes are gathered in. */
    private out: usize,
  ) {
    super("hvc" + index.toString(), makeDev(MAJOR, index), 0o600);
    this.frames = new StaticArray<usize>(receiveq.size);
  }

  /** Starts the console behind `device`, or returns null. */
  static attach(device: VirtioTransport, index: u32): VirtioConsole | null {
    device.negotiate(0);
    const receiveq = device.queue(RECEIVEQ);
    const transmitq = device.queue(TRANSMITQ);
    const out = allocFrame();
    if (!receiveq || !transmitq || out == 0 || !device.start()) return null;
    const c = new VirtioConsole(index, device, receiveq, transmitq, out);
    if (!device.listen(new Interrupt(c))) return null;
    for (let i: u32 = 0; i < min(RECEIVE_BUFFERS, receiveq.size); i++) {
      const frame = allocFrame();
      if (frame != 0) c.offer(frame);
    }
    device.notify(RECEIVEQ);
    return c;
  }

  private offer(frame: usize): void {
    this.frames[this.receiveq.offer(pa(frame), <u32>PAGE_SIZE, true)] = frame;
  }

  onInterrupt(): void {
    this.device.acknowledge();
    this.collect();
  }

  /** Takes over what the device has filled. */
  private collect(): void {
    let any = false;
    for (let head = this.receiveq.take(); head >= 0; head = this.receiveq.take()) {
      const length = min(this.receiveq.takenBytes, <u32>PAGE_SIZE);
      this.queued.push(new Received(this.frames[head], length));
      any = true;
    }
    if (any) this.readers.wakeAll();
  }

  read(buf: IoBuf, _pos: i64, flags: u32): Result {
    if (buf.len == 0) return 0;
    this.collect();
    let done: u64 = 0;
    while (done < buf.len && this.queued.length > 0) {
      const r = this.queued[0];
      const frame = r.frame;
      const n = <u32>min<u64>(buf.len - done, r.length - r.taken);
      const e = buf.put(done, frame + r.taken, n);
      if (failed(e)) return done > 0 ? <i64>done : e;
      done += n;
      r.taken += n;
      if (r.taken < r.length) break;
      this.queued.shift();
      this.offer(frame);
      this.device.notify(RECEIVEQ);
    }
    if (done > 0) return <i64>done;
    return (flags & O_NONBLOCK) != 0 ? fail(Errno.EAGAIN) : park(this.readers);
  }

  /** The host takes bytes at once, so writing waits for the device and never parks. Errors: -EFAULT, -EIO. */
  write(buf: IoBuf, _pos: i64, _flags: u32): Result {
    let done: u64 = 0;
    while (done < buf.len) {
      const n = <usize>min<u64>(buf.len - done, PAGE_SIZE);
      const e = buf.get(done, this.out, n);
      if (failed(e)) return done > 0 ? <i64>done : e;
      this.transmitq.offer(pa(this.out), <u32>n, false);
      this.device.notify(TRANSMITQ);
      const deadline = monotonicNs() + SEND_DEADLINE_NS;
      while (this.transmitq.take() < 0) if (monotonicNs() > deadline) return fail(Errno.EIO);
      done += n;
    }
    return <i64>done;
  }

  poll(): u32 {
    this.collect();
    return POLLOUT | (this.queued.length > 0 ? POLLIN : 0);
  }

  waiters(): WaitQueue | null {
    return this.readers;
  }
}
