/** Buffered input from a descriptor: bytes, lines, or all of it. */
import { O_RDONLY } from "../../abi/fcntl";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { close, open, read } from "./sys";

const CAPACITY: i32 = 16384;

@final
export class Input {
  private buf: StaticArray<u8> = new StaticArray<u8>(CAPACITY);
  private at: i32 = 0;
  private end: i32 = 0;
  /** -errno of a failed read, or 0. */
  error: i32 = 0;
  /** The line that `line` returned had its newline. */
  hadNewline: bool = false;

  constructor(public fd: i32) {}

  /** Opens `path`, "-" being standard input, or returns null with the -errno in `openError`. */
  static open(path: Bytes): Input | null {
    if (path.len == 1 && path[0] == 0x2d) return new Input(0);
    const fd = open(path, O_RDONLY);
    openError = fd;
    return fd < 0 ? null : new Input(fd);
  }

  private fill(): bool {
    if (this.error != 0) return false;
    const r = read(this.fd, changetype<usize>(this.buf), CAPACITY);
    this.at = 0;
    this.end = r > 0 ? <i32>r : 0;
    if (r < 0) this.error = <i32>r;
    return r > 0;
  }

  /** The next byte, or -1. */
  byte(): i32 {
    if (this.at == this.end && !this.fill()) return -1;
    return this.buf[this.at++];
  }

  /** The next line without its newline (or `delimiter`), or null at the end. */
  line(delimiter: u8 = 10): Bytes | null {
    let out: BytesBuilder | null = null;
    while (this.at < this.end || this.fill()) {
      let i = this.at;
      while (i < this.end && this.buf[i] != delimiter) i++;
      const part = Bytes.copyOf(changetype<usize>(this.buf) + this.at, i - this.at);
      this.hadNewline = i < this.end;
      this.at = min(i + 1, this.end);
      if (this.hadNewline) return out ? out.bytes(part).take() : part;
      if (!out) out = new BytesBuilder();
      out.bytes(part);
    }
    return out ? out.take() : null;
  }

  /** Everything up to the end. */
  all(): Bytes {
    const out = new BytesBuilder();
    while (this.at < this.end || this.fill()) {
      out.bytes(Bytes.copyOf(changetype<usize>(this.buf) + this.at, this.end - this.at));
      this.at = this.end;
    }
    return out.take();
  }

  close(): void {
    if (this.fd > 2) close(this.fd);
  }
}

/** -errno of the last Input.open that returned null. */
export let openError: i32 = 0;

/** The whole file, or null with the -errno in `openError`. */
export function readFile(path: Bytes): Bytes | null {
  const i = Input.open(path);
  if (!i) return null;
  const s = i.all();
  i.close();
  if (i.error == 0) return s;
  openError = i.error;
  return null;
}
