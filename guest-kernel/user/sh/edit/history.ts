/** Lines that have been entered, for the cursor keys. */
import { Bytes } from "../../../lib/bytes";

const MOST: i32 = 500;

const lines: Bytes[] = [];

export function remember(line: Bytes): void {
  if (line.len == 0 || (lines.length > 0 && lines[lines.length - 1].equals(line))) return;
  if (lines.length == MOST) lines.shift();
  lines.push(line);
}

export function historySize(): i32 {
  return lines.length;
}

export function historyLine(i: i32): Bytes {
  return lines[i];
}
