/** `#!` scripts: which interpreter runs them, with which one argument (execve(2), "Interpreter scripts"). */
import { Bytes } from "../lib/bytes";

/** As much of a file as decides what it is (Linux: BINPRM_BUF_SIZE). */
export const HEAD_SIZE: i32 = 256;

const SPACE: u8 = 0x20;
const TAB: u8 = 0x09;
const NEWLINE: u8 = 0x0a;

@final
export class ScriptLine {
  interpreter: Bytes = Bytes.alloc(0);
  /** null where the line has none. */
  argument: Bytes | null = null;
}

function isBlank(c: u8): bool {
  return c == SPACE || c == TAB;
}

/** Whether `head` begins with `#!`. */
export function isScript(head: Bytes): bool {
  return head.len >= 2 && head[0] == 0x23 && head[1] == 0x21;
}

/** Parses the first line of `head`; false: no interpreter, or its path is cut off: -ENOEXEC. */
export function parseScript(head: Bytes, out: ScriptLine): bool {
  const newline = head.indexOf(NEWLINE);
  let end = newline < 0 ? head.len : newline;
  const nul = head.indexOf(0);
  if (nul >= 0 && nul < end) end = nul;
  let i = 2;
  while (i < end && isBlank(head[i])) i++;
  const start = i;
  while (i < end && !isBlank(head[i])) i++;
  if (i == start) return false;
  if (i == head.len && head.len == HEAD_SIZE) return false;
  out.interpreter = head.slice(start, i).clone();
  while (i < end && isBlank(head[i])) i++;
  while (end > i && isBlank(head[end - 1])) end--;
  out.argument = end > i ? head.slice(i, end).clone() : null;
  return true;
}
