/**
 * virtio-net (virtio 1.2, section 5.1): one pair of queues, the frames as they are. No checksum or segmentation offload,
 * as QEMU's in front of a user-mode network; no control queue, so the driver leaves filters and the MAC alone.
 */
import type { StateReader, StateWriter } from '../../base/state.ts';
import { ETHERNET_HEADER_BYTES } from '../net/ethernet.ts';
import type { NetBackend } from '../net/net-backend.ts';
import { MAC_BYTES } from '../net/addresses.ts';
import type { Chain } from './queue.ts';
import { VIRTIO_F_VERSION_1, type Transport, type VirtioDevice } from './virtio-device.ts';

const RECEIVEQ = 0;
const TRANSMITQ = 1;
const QUEUE_SIZE = 256;

const VIRTIO_NET_F_MAC = 5;
const VIRTIO_NET_F_STATUS = 16;
const VIRTIO_NET_S_LINK_UP = 1;

/** mac[6], status u16 */
const CONFIG_SIZE = 8;
const CONFIG_STATUS = 6;

/** virtio_net_hdr: a legacy driver's has no num_buffers (5.1.6.1). */
const HEADER_BYTES = 12;
const LEGACY_HEADER_BYTES = 10;
const NUM_BUFFERS = 10;
/** A frame with one VLAN tag; nothing longer crosses the cable. */
const FRAME_MAX = 1518;
/** What waits for the driver's buffers; more is lost, as on a real card. */
const INBOX_FRAMES = 1024;

export class VirtioNet implements VirtioDevice {
  readonly label = 'virtio-net';
  readonly deviceId = 1;
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE];
  readonly features = [VIRTIO_NET_F_MAC, VIRTIO_NET_F_STATUS];
  readonly configSize = CONFIG_SIZE;
  private readonly config = new Uint8Array(CONFIG_SIZE);
  private inbox: Uint8Array[] = [];
  /** The driver's frames are being taken: what the network answers goes out behind them, in one go. */
  private isCollecting = false;
  private transport!: Transport;

  constructor(
    private readonly mac: Uint8Array,
    private readonly backend: NetBackend,
  ) {
    this.resetConfig();
    backend.onFrame = frame => this.receive(frame);
  }

  attach(transport: Transport): void {
    this.transport = transport;
  }

  notify(index: number): void {
    if (index === TRANSMITQ) this.collect();
    this.deliver();
  }

  readConfig(offset: number): number {
    return this.config[offset] ?? 0;
  }

  /** A legacy driver sets the MAC here; without a control queue nobody looks at it but the driver. */
  writeConfig(offset: number, value: number): void {
    if (offset < MAC_BYTES && !this.transport.hasFeature(VIRTIO_F_VERSION_1)) this.config[offset] = value;
  }

  reset(): void {
    this.inbox = [];
    this.resetConfig();
  }

  save(out: StateWriter): void {
    out.bytes(this.config);
    out.u32(this.inbox.length);
    for (const frame of this.inbox) out.bytes(frame);
    this.backend.save(out);
  }
  load(from: StateReader): void {
    this.config.set(from.bytes());
    this.inbox = Array.from({ length: from.u32() }, () => from.bytes());
    this.backend.load(from);
  }

  private resetConfig(): void {
    this.config.set(this.mac);
    this.config[CONFIG_STATUS] = VIRTIO_NET_S_LINK_UP;
  }

  private get headerBytes(): number {
    return this.transport.hasFeature(VIRTIO_F_VERSION_1) ? HEADER_BYTES : LEGACY_HEADER_BYTES;
  }

  private receive(frame: Uint8Array): void {
    if (!this.transport.isRunning || this.inbox.length >= INBOX_FRAMES) return;
    this.inbox.push(frame);
    if (!this.isCollecting) this.deliver();
  }

  private deliver(): void {
    if (this.inbox.length === 0 || !this.transport.isRunning) return;
    const queue = this.transport.queues[RECEIVEQ]!;
    let taken = 0;
    queue.drain(chain => {
      queue.push(chain, this.put(chain, this.inbox[taken++]!));
      return taken < this.inbox.length;
    });
    // A queue that broke has reset nothing: what was taken is gone.
    this.inbox.splice(0, taken);
    if (this.transport.isRunning) this.transport.notifyUsed(queue);
  }

  /** A frame into a buffer; one that does not fit is lost, and the buffer goes back empty. */
  private put(chain: Chain, frame: Uint8Array): number {
    const { headerBytes } = this;
    if (chain.inLength < headerBytes + frame.length) return 0;
    const header = new Uint8Array(headerBytes);
    if (headerBytes > NUM_BUFFERS) header[NUM_BUFFERS] = 1;
    return chain.write(0, header) + chain.write(headerBytes, frame);
  }

  private collect(): void {
    const queue = this.transport.queues[TRANSMITQ]!;
    const { headerBytes } = this;
    this.isCollecting = true;
    queue.drain(chain => {
      const length = chain.outLength - headerBytes;
      if (length < 0) {
        this.transport.fail(`a frame of ${chain.outLength} bytes, header included`);
        return false;
      }
      if (length >= ETHERNET_HEADER_BYTES && length <= FRAME_MAX) {
        const frame = new Uint8Array(length);
        chain.read(headerBytes, frame);
        this.backend.transmit(frame);
      }
      queue.push(chain, 0);
      return true;
    });
    this.isCollecting = false;
    this.backend.settle();
    if (this.transport.isRunning) this.transport.notifyUsed(queue);
  }
}
