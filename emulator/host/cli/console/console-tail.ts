/** The last of what the guest printed, for messages when the console itself is not shown. */
const TAIL_BYTES = 4000;

export class ConsoleTail {
  private text = '';
  private readonly decoder = new TextDecoder();

  push(bytes: Uint8Array): void {
    this.text = (this.text + this.decoder.decode(bytes, { stream: true })).slice(-TAIL_BYTES);
  }
  /** Whole lines, at most `TAIL_BYTES`. */
  toString(): string {
    return this.text.replaceAll('\r', '');
  }
}
