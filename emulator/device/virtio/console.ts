/**
 * virtio-console (virtio 1.2, section 5.3), port 0 alone: no MULTIPORT. A byte stream in each direction; what the host
 * sends waits here until the driver offers buffers.
 */
import type { StateReader, StateWriter } from '../../base/state.ts';
import { MIB } from '../../base/bytes.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { Transport, VirtioDevice } from './virtio-device.ts';

const RECEIVEQ = 0;
const TRANSMITQ = 1;
const VIRTIO_CONSOLE_F_EMERG_WRITE = 2;
/** cols u16, rows u16, max_nr_ports u32, emerg_wr u32 */
const CONFIG_SIZE = 12;
const MAX_NR_PORTS = 4;
const EMERG_WR = 8;
/** A ring can describe the same RAM many times over; no driver sends so much at once. */
const MESSAGE_MAX = 16 * MIB;
/** What the host gets at once. */
const PIECE_BYTES = 64 * 1024;

export class VirtioConsole implements VirtioDevice {
  readonly label = 'virtio-console';
  readonly deviceId = 3;
  readonly queueSizes = [128, 128];
  readonly features = [VIRTIO_CONSOLE_F_EMERG_WRITE];
  readonly configSize = CONFIG_SIZE;
  /** Takes what the guest sends. */
  onData: (bytes: Uint8Array) => void = () => {};
  private readonly inbox = new ByteQueue();
  private transport!: Transport;

  attach(transport: Transport): void {
    this.transport = transport;
  }

  /** Bytes from the host; nothing is lost. */
  send(bytes: Uint8Array): void {
    this.inbox.push(bytes);
    this.deliver();
  }

  notify(index: number): void {
    if (index === RECEIVEQ) this.deliver();
    else if (index === TRANSMITQ) this.collect();
  }

  readConfig(offset: number): number {
    return offset === MAX_NR_PORTS ? 1 : 0;
  }

  writeConfig(offset: number, value: number): void {
    if (offset === EMERG_WR) this.onData(Uint8Array.of(value));
  }

  /** What the host has sent stays for the next driver: the host cannot know what the old one had read. */
  reset(): void {}

  save(out: StateWriter): void {
    out.bytes(this.inbox.peekAll());
  }
  load(from: StateReader): void {
    this.inbox.clear();
    this.inbox.push(from.bytes());
  }

  private deliver(): void {
    if (!this.transport.isRunning || this.inbox.length === 0) return;
    const queue = this.transport.queues[RECEIVEQ]!;
    queue.drain(chain => {
      const bytes = new Uint8Array(Math.min(chain.inLength, this.inbox.length));
      const count = this.inbox.take(bytes);
      queue.push(chain, chain.write(0, bytes.subarray(0, count)));
      return this.inbox.length > 0;
    });
    if (this.transport.isRunning) this.transport.notifyUsed(queue);
  }

  private collect(): void {
    const queue = this.transport.queues[TRANSMITQ]!;
    queue.drain(chain => {
      const length = chain.outLength;
      if (length > MESSAGE_MAX) {
        this.transport.fail(`a message of ${length} bytes`);
        return false;
      }
      for (let done = 0; done < length;) {
        const bytes = new Uint8Array(Math.min(length - done, PIECE_BYTES));
        done += chain.read(done, bytes);
        this.onData(bytes);
      }
      queue.push(chain, 0);
      return true;
    });
    if (this.transport.isRunning) this.transport.notifyUsed(queue);
  }
}
