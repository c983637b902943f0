/** Read-only bytes on the bus: the boot ROM that holds what firmware is handed. Writes are ignored. */
import { viewOf } from '../base/bytes.ts';
import type { Device, Width } from '../bus/device.ts';

export class Rom implements Device {
  readonly name = 'mrom';
  readonly windowSize = 0xf000;
  readonly minWidth = 1;
  readonly maxWidth = 8;
  private readonly contents = new Uint8Array(this.windowSize);
  private readonly view = viewOf(this.contents);

  constructor(bytes: Uint8Array) {
    this.contents.set(bytes);
  }

  read(offset: number, width: Width): number {
    if (width === 4) return this.view.getUint32(offset, true);
    return width === 2 ? this.view.getUint16(offset, true) : this.view.getUint8(offset);
  }
  write(): void {}
  reset(): void {}
  save(): void {}
  load(): void {}
  describe(): void {}
}
