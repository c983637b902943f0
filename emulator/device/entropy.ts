/** Where random bytes come from: the host, or under virtual time a generator that is part of the machine's state. */
import type { StateReader, StateWriter } from '../base/state.ts';

export interface EntropySource {
  fill(target: Uint8Array): void;
  save(out: StateWriter): void;
  load(from: StateReader): void;
}

/** Web Crypto, which Node and browsers share. Nothing to save: it never repeats itself. */
export class HostEntropy implements EntropySource {
  fill(target: Uint8Array): void {
    const limit = 65536; // of one getRandomValues call
    const bytes = new Uint8Array(Math.min(limit, target.length));
    for (let at = 0; at < target.length; at += limit) {
      const part = bytes.subarray(0, Math.min(limit, target.length - at));
      crypto.getRandomValues(part);
      target.set(part, at);
    }
  }
  save(): void {}
  load(): void {}
}

/** splitmix32: good enough for tests, and the same bytes for the same seed. Not for keys. */
export class SeededEntropy implements EntropySource {
  constructor(private state: number) {}

  fill(target: Uint8Array): void {
    for (let i = 0; i < target.length; i++) target[i] = this.next() & 0xff;
  }
  save(out: StateWriter): void {
    out.u32(this.state);
  }
  load(from: StateReader): void {
    this.state = from.u32();
  }

  private next(): number {
    this.state = (this.state + 0x9e37_79b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }
}
