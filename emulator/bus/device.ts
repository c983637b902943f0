/**
 * What a memory-mapped device is to the board. A device sees offsets into its own window; only the board knows where
 * that window is and which interrupt its line is.
 */
import type { StateReader, StateWriter } from '../base/state.ts';

export type Width = 1 | 2 | 4;

/** An interrupt wire: called with the new level; repeating a level is harmless. */
export type IrqLine = (level: boolean) => void;

/** Hears what a guest did wrong (`-d guest_errors`): one line, no newline. */
export type GuestErrorLog = (what: string) => void;

/** A device-tree property value: u32 cells, strings or raw bytes; several of them are joined. */
export type DtValue = number | string | Uint8Array;

export interface DtNode {
  prop(name: string, ...values: DtValue[]): void;
}

export interface Device {
  /** Unique per machine: device-tree node name, snapshot key, monitor label. */
  readonly name: string;
  readonly windowSize: number;
  /** Accesses narrower or wider than these are access faults, as QEMU's `valid` sizes are. */
  readonly minWidth: 1 | 2 | 4;
  readonly maxWidth: 4 | 8;
  /** Within these widths, whether it takes the access: absent means that it takes all. */
  accepts?(offset: number, width: number, isWrite: boolean): boolean;
  read(offset: number, width: Width): number;
  write(offset: number, width: Width, value: number): void;
  /**
   * An 8-byte access as one: devices without these get two of 4 bytes, the low one first. The value is at most 2^53, or
   * exact as far as a device of this board needs.
   */
  read64?(offset: number): { lo: number; hi: number };
  write64?(offset: number, lo: number, hi: number): void;
  reset(): void;
  save(out: StateWriter): void;
  load(from: StateReader): void;
  /** Goes up when `save` writes something else than before; absent: 1. */
  readonly stateVersion?: number;
  describe(node: DtNode): void;
  /** For the monitor: what is behind the registers, as lines such as `dev: virtio-blk`. */
  inspect?(): readonly string[];
}
