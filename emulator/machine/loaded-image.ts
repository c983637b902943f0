/** A kernel or firmware file, taken apart: what goes where in RAM. */

export interface LoadSegment {
  readonly pa: number;
  readonly bytes: Uint8Array;
  /** At least `bytes.length`; the rest is zero. */
  readonly memoryBytes: number;
}

export interface LoadedImage {
  readonly segments: readonly LoadSegment[];
  /** The lowest physical address: where QEMU enters a kernel, whatever `e_entry` says. */
  readonly start: number;
  /** `e_entry`, for who wants it. */
  readonly entry?: number;
  readonly end: number;
}
