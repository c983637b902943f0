/** virtio-rng (virtio 1.2, section 5.4): every writable byte the driver offers is filled. */
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { EntropySource } from '../entropy.ts';
import type { Transport, VirtioDevice } from './virtio-device.ts';

/** A driver may offer gigabytes; it gets this much for each request, as the device may return less than asked. */
const REQUEST_MAX = 65536;

export class VirtioRng implements VirtioDevice {
  readonly label = 'virtio-rng';
  readonly deviceId = 4;
  readonly queueSizes = [8];
  readonly features = [];
  readonly configSize = 0;
  private transport!: Transport;

  constructor(private readonly entropy: EntropySource) {}

  attach(transport: Transport): void {
    this.transport = transport;
  }

  notify(): void {
    const queue = this.transport.queues[0]!;
    queue.drain(chain => {
      const bytes = new Uint8Array(Math.min(chain.inLength, REQUEST_MAX));
      this.entropy.fill(bytes);
      queue.push(chain, chain.write(0, bytes));
      return true;
    });
    if (this.transport.isRunning) this.transport.notifyUsed(queue);
  }

  readConfig(): number {
    return 0;
  }
  writeConfig(): void {}
  reset(): void {}

  save(out: StateWriter): void {
    this.entropy.save(out);
  }
  load(from: StateReader): void {
    this.entropy.load(from);
  }
}
