/** What a disk is to a device: bytes by offset, synchronous (guest time stands still meanwhile). */
export const SECTOR_SIZE = 512;

export interface BlockBackend {
  /** What the monitor calls it: a file's name. */
  readonly label?: string;
  readonly sizeBytes: number;
  readonly isReadOnly: boolean;
  /** Fills `target`; the range lies inside the disk. Throws on a host I/O error. */
  read(offset: number, target: Uint8Array): void;
  /** Precondition: not `isReadOnly`. */
  write(offset: number, bytes: Uint8Array): void;
  /**
   * Nobody needs what stands in the range: it may be kept, or read as zeroes from now on. Absent: it is kept.
   * Precondition: as for `write`.
   */
  discard?(offset: number, length: number): void;
  /** The range reads as zeroes from now on. Absent: zeroes are written. Precondition: as for `write`. */
  writeZeroes?(offset: number, length: number): void;
  /** Returns when what was written would survive a power cut, as far as the backend can tell. */
  flush(): void;
}
