/** One part of a machine's state: a section of a snapshot file, a tagged part of a snapshot in memory. */
import type { StateReader, StateWriter } from '../base/state.ts';

export interface StatePart {
  /** Unique per machine. */
  readonly name: string;
  /** Goes up when what `save` writes changes its shape. */
  readonly version: number;
  save(out: StateWriter): void;
  load(from: StateReader): void;
}
