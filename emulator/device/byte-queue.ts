/** A first-in first-out queue of bytes that grows as needed: what the host has sent and the guest has no room for yet. */
export class ByteQueue {
  private readonly chunks: Uint8Array[] = [];
  /** Bytes of the first chunk already taken. */
  private taken = 0;
  length = 0;

  /** Keeps its own copy. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes.slice());
    this.length += bytes.length;
  }

  /** Puts bytes back in front. */
  unshift(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const rest = this.peekAll();
    this.clear();
    this.push(bytes);
    this.push(rest);
  }

  /** The next byte. Precondition: `length > 0`. */
  shift(): number {
    const chunk = this.chunks[0]!;
    const byte = chunk[this.taken++]!;
    this.length--;
    if (this.taken === chunk.length) this.dropChunk();
    return byte;
  }

  /** Moves up to `target.length` bytes into `target` and says how many. */
  take(target: Uint8Array): number {
    let done = 0;
    while (done < target.length && this.length > 0) {
      const chunk = this.chunks[0]!;
      const part = chunk.subarray(this.taken, this.taken + target.length - done);
      target.set(part, done);
      done += part.length;
      this.taken += part.length;
      this.length -= part.length;
      if (this.taken === chunk.length) this.dropChunk();
    }
    return done;
  }

  /** A copy of everything, without taking it. */
  peekAll(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    this.chunks.forEach((chunk, i) => {
      const rest = i === 0 ? chunk.subarray(this.taken) : chunk;
      all.set(rest, at);
      at += rest.length;
    });
    return all;
  }

  clear(): void {
    this.chunks.length = 0;
    this.taken = 0;
    this.length = 0;
  }

  private dropChunk(): void {
    this.chunks.shift();
    this.taken = 0;
  }
}
