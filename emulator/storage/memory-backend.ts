/** A disk in an array: tests, and images a page has fetched. */
import type { BlockBackend } from './block-backend.ts';

export class MemoryBackend implements BlockBackend {
  constructor(
    private readonly bytes: Uint8Array,
    readonly isReadOnly = false,
  ) {}

  get sizeBytes(): number {
    return this.bytes.length;
  }
  read(offset: number, target: Uint8Array): void {
    target.set(this.bytes.subarray(offset, offset + target.length));
  }
  write(offset: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, offset);
  }
  discard(offset: number, length: number): void {
    this.writeZeroes(offset, length);
  }
  writeZeroes(offset: number, length: number): void {
    this.bytes.fill(0, offset, offset + length);
  }
  flush(): void {}
}
