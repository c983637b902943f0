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
  /** Returns when what was written would survive a power cut, as far as the backend can tell. */
  flush(): void;
}
