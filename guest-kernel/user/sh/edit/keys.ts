/** Key strokes: bytes and the escape sequences of ANSI terminals. */
import { read } from "../../libc/sys";

export const enum Key {
  End = -1,
  /** Nothing to do: an unknown sequence. */
  None = 0x100,
  Up,
  Down,
  Left,
  Right,
  Home,
  EndOfLine,
  Delete,
  WordLeft,
  WordRight,
  EraseWord,
}

const ESC: i32 = 27;
const EINTR: i32 = 4;
const byte: usize = memory.data(8);

function next(): i32 {
  while (true) {
    const n = read(0, byte, 1);
    if (n == -EINTR) continue;
    return n == 1 ? <i32>load<u8>(byte) : Key.End;
  }
}

/** The next byte, or a Key. */
export function readKey(): i32 {
  const c = next();
  if (c != ESC) return c;
  const kind = next();
  if (kind == 0x62) return Key.WordLeft;
  if (kind == 0x66) return Key.WordRight;
  if (kind == 0x7f) return Key.EraseWord;
  if (kind != 0x5b && kind != 0x4f) return Key.None;
  // CSI: parameters, then one final byte.
  let first = 0;
  let last = 0;
  let isFirst = true;
  let f = next();
  for (; f >= 0x30 && f <= 0x3f; f = next()) {
    if (f == 0x3b) {
      isFirst = false;
      last = 0;
    } else if (f <= 0x39) {
      last = last * 10 + (f - 0x30);
      if (isFirst) first = last;
    }
  }
  // Ctrl or Alt with an arrow: a word at a time.
  const isWord = !isFirst && (last == 5 || last == 3);
  switch (f) {
    case 0x41:
      return Key.Up;
    case 0x42:
      return Key.Down;
    case 0x43:
      return isWord ? Key.WordRight : Key.Right;
    case 0x44:
      return isWord ? Key.WordLeft : Key.Left;
    case 0x48:
      return Key.Home;
    case 0x46:
      return Key.EndOfLine;
    case 0x7e:
      if (first == 1 || first == 7) return Key.Home;
      if (first == 4 || first == 8) return Key.EndOfLine;
      if (first == 3) return Key.Delete;
  }
  return f == Key.End ? Key.End : Key.None;
}
