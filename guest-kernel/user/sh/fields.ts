/** From an expanded word to fields: splitting by IFS (POSIX XCU 2.6.5), then pathname expansion, then quote removal. */
import { Bytes } from "../../lib/bytes";
import { Expanded, Mark, acquire, release } from "./expanded";
import { glob } from "./glob";
import { isPattern } from "./pattern";
import { sh } from "./state";
import { ifs } from "./variables";

const enum Separator {
  No,
  White,
  Other,
}

function separator(c: u8): Separator {
  const set = ifs;
  if (!set) return c == 0x20 || c == 9 || c == 10 ? Separator.White : Separator.No;
  if (set.indexOf(c) < 0) return Separator.No;
  return c == 0x20 || c == 9 || c == 10 ? Separator.White : Separator.Other;
}

/** Appends the fields of `e`, perhaps none, to `out`. */
export function split(e: Expanded, out: Bytes[]): void {
  const field = acquire();
  let hasStarted = false;
  // White space has just ended a field: one other separator may follow without ending another.
  let isOpen = false;
  for (let i = 0; i < e.len; i++) {
    const mark = e.marks[i];
    if (mark == <u8>Mark.Boundary) {
      if (hasStarted) emit(field, out);
      hasStarted = false;
      isOpen = false;
      continue;
    }
    if (mark == <u8>Mark.Exists) {
      hasStarted = true;
      continue;
    }
    const c = e.text[i];
    const kind = mark == <u8>Mark.Split ? separator(c) : Separator.No;
    if (kind == Separator.No) {
      field.byte(c, mark);
      hasStarted = true;
      isOpen = false;
    } else if (kind == Separator.White) {
      if (hasStarted) {
        emit(field, out);
        isOpen = true;
      }
      hasStarted = false;
    } else {
      if (!isOpen) emit(field, out);
      hasStarted = false;
      isOpen = false;
    }
  }
  if (hasStarted) emit(field, out);
  release(field);
}

function emit(field: Expanded, out: Bytes[]): void {
  if (sh.has(0x66) || !isPattern(field, 0, field.len) || !glob(field, out)) out.push(field.take());
  field.clear();
}
