/**
 * Read-only bytes on the bus: the boot ROM that holds what firmware is handed. Writes are ignored. What it holds is put
 * there at power-on, and is state: a machine that goes on from another one's moment is never switched on.
 */
import type { StateReader, StateWriter } from '../base/state.ts';
import { viewOf } from '../base/bytes.ts';
import type { Device, Width } from '../bus/device.ts';

export class Rom implements Device {
  readonly name = 'mrom';
  readonly windowSize = 0xf000;
  readonly minWidth = 1;
  readonly maxWidth = 8;
  private readonly contents = new Uint8Array(this.windowSize);
  private readonly view = viewOf(this.contents);

  /** The bytes in use; the rest is zero. */
  private used = 0;

  /** Precondition: no more than the window. */
  fill(bytes: Uint8Array): void {
    this.contents.fill(0);
    this.contents.set(bytes);
    this.used = bytes.length;
  }

  read(offset: number, width: Width): number {
    if (width === 4) return this.view.getUint32(offset, true);
    return width === 2 ? this.view.getUint16(offset, true) : this.view.getUint8(offset);
  }
  write(): void {}
  reset(): void {}
  save(out: StateWriter): void {
    out.bytes(this.contents.subarray(0, this.used));
  }
  load(from: StateReader): void {
    const bytes = from.bytes();
    if (bytes.length > this.windowSize) throw new Error(`${bytes.length} bytes are more than its ${this.windowSize}`);
    this.fill(bytes);
  }
  describe(): void {}
}
