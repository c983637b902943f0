/** The monitor's input line on a raw terminal: echo, erase, Enter. */

const BACKSPACE = 0x08;
const DELETE = 0x7f;
const ENTER = 0x0d;
const LINE_FEED = 0x0a;
const CTRL_U = 0x15;

export class LineEditor {
  private line = '';

  /** @param echo shows text to the user */
  constructor(
    private readonly echo: (text: string) => void,
    private readonly onLine: (line: string) => void,
  ) {}

  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.key(byte);
  }

  private key(byte: number): void {
    if (byte === ENTER || byte === LINE_FEED) {
      const { line } = this;
      this.line = '';
      this.echo('\r\n');
      this.onLine(line);
    } else if (byte === BACKSPACE || byte === DELETE) {
      if (this.line === '') return;
      this.line = this.line.slice(0, -1);
      this.echo('\b \b');
    } else if (byte === CTRL_U) {
      this.echo('\b \b'.repeat(this.line.length));
      this.line = '';
    } else if (byte >= 0x20) {
      const text = String.fromCharCode(byte);
      this.line += text;
      this.echo(text);
    }
  }
}
