/** Ctrl-A as QEMU has it on a multiplexed console: the next key is for us. */

const CTRL_A = 0x01;

/** Keys behind Ctrl-A. */
export type EscapeKey = 'quit' | 'monitor' | 'help';

const KEYS: ReadonlyMap<number, EscapeKey> = new Map([
  [0x78, 'quit'], // x
  [0x63, 'monitor'], // c
  [0x68, 'help'], // h
  [0x3f, 'help'], // ?
]);

export interface EscapeListener {
  onText(bytes: Uint8Array): void;
  onKey(key: EscapeKey): void;
}

/** Separates what is typed into text and escapes; Ctrl-A twice is one Ctrl-A, an unknown key is dropped. */
export class EscapeKeys {
  private isEscaped = false;

  constructor(private readonly listener: EscapeListener) {}

  push(bytes: Uint8Array): void {
    let text: number[] = [];
    const flush = (): void => {
      if (text.length > 0) this.listener.onText(Uint8Array.from(text));
      text = [];
    };
    for (const byte of bytes) {
      if (!this.isEscaped) {
        if (byte === CTRL_A) this.isEscaped = true;
        else text.push(byte);
        continue;
      }
      this.isEscaped = false;
      const key = KEYS.get(byte);
      if (key) {
        flush();
        this.listener.onKey(key);
      } else if (byte === CTRL_A) {
        text.push(byte);
      }
    }
    flush();
  }
}
