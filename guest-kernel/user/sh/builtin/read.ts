/** read (POSIX XCU 4): one line into variables. */
import { Bytes, BytesBuilder } from "../../../lib/bytes";
import { stderr } from "../../libc/out";
import { hasPending, isPending, NSIG } from "../../libc/signal";
import { lseek, read as readFd } from "../../libc/sys";
import { failed, failedOf } from "../errors";
import { isName } from "../text";
import { sh } from "../state";
import { trapAction } from "../trap";
import { assign, ifs } from "../variables";

const BLOCK: usize = 1024;
const buffer: usize = memory.data(1024);
const EINTR: i32 = 4;

/** The line, and for each byte whether a backslash stood before it. */
const line = new BytesBuilder();
const escaped = new BytesBuilder();

export function read(args: Bytes[]): i32 {
  let isRaw = false;
  let prompt: Bytes | null = null;
  let at = 1;
  for (; at < args.length && args[at].len > 1 && args[at][0] == 0x2d; at++) {
    if (args[at].len == 2 && args[at][1] == 0x2d) {
      at++;
      break;
    }
    for (let i = 1; i < args[at].len; i++) {
      const c = args[at][i];
      if (c == 0x72) isRaw = true;
      else if (c == 0x70) {
        if (i + 1 < args[at].len) prompt = args[at].slice(i + 1);
        else if (++at < args.length) prompt = args[at];
        else return failed("No arg for -p option");
        break;
      } else return failed("Illegal option -" + String.fromCharCode(c));
    }
  }
  if (at >= args.length) return failed("arg count");
  for (let i = at; i < args.length; i++) if (!isName(args[i])) return failedOf(args[i], "bad variable name");
  if (prompt) stderr.bytes(prompt).flush();
  const status = readLine(isRaw);
  if (status > 1) return status;
  assignFields(args, at);
  return status;
}

/** Returns 0, 1 at the end of the input, or 128 + the signal that interrupted. */
function readLine(isRaw: bool): i32 {
  line.clear();
  escaped.clear();
  // What can be sought is read in blocks, and the rest given back.
  const step: usize = lseek(0, 0, 1) >= 0 ? BLOCK : 1;
  let at = 0;
  let end = 0;
  let hasBackslash = false;
  while (true) {
    if (at == end) {
      const n = <i32>readFd(0, buffer, step);
      if (n == -EINTR && hasPending()) {
        const sig = caught();
        if (sig > 0) return 128 + sig;
        continue;
      }
      if (n == -EINTR) continue;
      if (n <= 0) return 1;
      at = 0;
      end = n;
    }
    const c = load<u8>(buffer + at++);
    if (c == 0) continue;
    if (hasBackslash) {
      hasBackslash = false;
      if (c == 10) continue;
      line.byte(c);
      escaped.byte(1);
      continue;
    }
    if (c == 0x5c && !isRaw) {
      hasBackslash = true;
      continue;
    }
    if (c == 10) {
      if (at < end) lseek(0, at - end, 1);
      return 0;
    }
    line.byte(c);
    escaped.byte(0);
  }
}

/** A pending signal that ends a read: one with a trap, or the interrupt at a prompt. */
function caught(): i32 {
  for (let sig = 1; sig < NSIG; sig++) {
    if (isPending(sig) && (trapAction(sig) != null || (sig == 2 && sh.isInteractive))) return sig;
  }
  return 0;
}

function isSeparator(text: Bytes, marks: Bytes, i: i32): bool {
  if (marks[i] != 0) return false;
  const set = ifs;
  if (!set) return isWhite(text[i]);
  return set.indexOf(text[i]) >= 0;
}

function isWhite(c: u8): bool {
  return c == 0x20 || c == 9 || c == 10;
}

/** Fields to the variables; the last one gets everything that is left, without the separators at its end. */
function assignFields(args: Bytes[], first: i32): void {
  const text = line.take();
  const marks = escaped.take();
  let at = 0;
  for (let i = first; i < args.length; i++) {
    while (at < text.len && isSeparator(text, marks, at) && isWhite(text[at])) at++;
    let end = at;
    if (i == args.length - 1) {
      end = lastEnd(text, marks, at);
      assign(args[i], text.slice(at, end).clone());
      return;
    }
    while (end < text.len && !isSeparator(text, marks, end)) end++;
    if (!assign(args[i], text.slice(at, end).clone())) return;
    // White space, at most one other separator, white space.
    at = end;
    while (at < text.len && isSeparator(text, marks, at) && isWhite(text[at])) at++;
    if (at < text.len && isSeparator(text, marks, at) && !isWhite(text[at])) at++;
  }
}

/** Where the rest from `at` ends: without white space, and without one separator if nothing else separates. */
function lastEnd(text: Bytes, marks: Bytes, at: i32): i32 {
  let end = text.len;
  while (end > at && isSeparator(text, marks, end - 1) && isWhite(text[end - 1])) end--;
  if (end == at || !isSeparator(text, marks, end - 1)) return end;
  let k = at;
  while (k < end - 1 && !isSeparator(text, marks, k)) k++;
  if (k < end - 1) {
    // Only white space may stand between the field and its one separator.
    let m = k;
    while (m < end - 1 && isSeparator(text, marks, m) && isWhite(text[m])) m++;
    if (m < end - 1) return end;
  }
  return k;
}
