/** What is at the other end of a network card's cable. */
import type { StateReader, StateWriter } from '../../base/state.ts';

export interface NetBackend {
  /** Takes frames for the guest; set by the card. */
  onFrame: (frame: Uint8Array) => void;
  /** A frame of the guest, the callee's to keep. */
  transmit(frame: Uint8Array): void;
  /** The guest has sent all that it had. */
  settle(): void;
  save(out: StateWriter): void;
  load(from: StateReader): void;
}
