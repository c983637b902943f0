/** The kernel command line: words separated by blanks, `name` or `name=value` (Linux, kernel-parameters). */
import { Bytes, b } from "../lib/bytes";

let line: Bytes = Bytes.alloc(0);

export function setBootargs(text: Bytes): void {
  line = text;
}

export function bootargs(): Bytes {
  return line;
}

/** The value of the last `name=value`, or null. */
export function argValue(name: string): Bytes | null {
  const key = b(name + "=");
  let found: Bytes | null = null;
  for (let i = 0; i < line.len;) {
    const word = wordAt(i);
    if (word.startsWith(key)) found = word.slice(key.len);
    i += word.len + 1;
  }
  return found;
}

/** Whether the bare word stands there. */
export function hasArg(name: string): bool {
  const key = b(name);
  for (let i = 0; i < line.len;) {
    const word = wordAt(i);
    if (word.equals(key)) return true;
    i += word.len + 1;
  }
  return false;
}

function wordAt(i: i32): Bytes {
  const end = line.indexOf(0x20, i);
  return line.slice(i, end < 0 ? line.len : end);
}
