/**
 * The line editor of the prompt: cursor keys, erasing, history, completion. What changes is written again from the cursor
 * on; a character typed at the end of the line is one byte of output. Lines longer than the terminal is wide wrap.
 */
import { Bytes, BytesBuilder, b } from "../../../lib/bytes";
import { Out } from "../../libc/out";
import { Completion, commonPrefix, complete } from "./complete";
import { historyLine, historySize, remember } from "./history";
import { Key, readKey } from "./keys";
import { columns, enterRaw, leaveRaw } from "./terminal-mode";

const CTRL_A: i32 = 1;
const CTRL_B: i32 = 2;
const CTRL_C: i32 = 3;
const CTRL_D: i32 = 4;
const CTRL_E: i32 = 5;
const CTRL_F: i32 = 6;
const CTRL_H: i32 = 8;
const TAB: i32 = 9;
const LF: i32 = 10;
const CTRL_K: i32 = 11;
const CTRL_L: i32 = 12;
const CR: i32 = 13;
const CTRL_N: i32 = 14;
const CTRL_P: i32 = 16;
const CTRL_T: i32 = 20;
const CTRL_U: i32 = 21;
const CTRL_W: i32 = 23;
const CTRL_Y: i32 = 25;
const DELETE: i32 = 0x7f;

const out = new Out(2);

@final
export class LineEditor {
  /** ^C ended the line. */
  wasInterrupted: bool = false;
  private prompt: Bytes = b("");
  private line: Bytes = b("");
  private cursor: i32 = 0;
  /** Cells from the start of the prompt's last line to where the terminal's cursor is. */
  private at: i32 = 0;
  private width: i32 = 80;
  /** Position in the history; its size: the line being written, kept in `draft`. */
  private place: i32 = 0;
  private draft: Bytes = b("");
  private killed: Bytes = b("");

  /** One line with its newline, or null at ^D on an empty line. An interrupted line is a newline alone. */
  read(prompt: Bytes): Bytes | null {
    this.wasInterrupted = false;
    this.prompt = prompt;
    this.line = b("");
    this.cursor = 0;
    this.place = historySize();
    if (!enterRaw()) return null;
    this.width = columns();
    out.bytes(prompt);
    this.at = cellsOf(lastLine(prompt));
    out.flush();
    const r = this.edit();
    leaveRaw();
    return r;
  }

  private edit(): Bytes | null {
    while (true) {
      const key = readKey();
      switch (key) {
        case Key.End:
          return null;
        case CR:
        case LF:
          this.moveTo(this.line.len);
          out.line().flush();
          remember(this.line);
          return this.line.concat(b("\n"));
        case CTRL_C:
          this.moveTo(this.line.len);
          out.text("^C").line().flush();
          this.wasInterrupted = true;
          return b("\n");
        case CTRL_D:
          if (this.line.len == 0) return null;
          this.remove(this.cursor, this.next(this.cursor));
          break;
        case TAB:
          this.complete();
          break;
        default:
          if (key >= 0x20 && key < 0x100 && key != DELETE) this.insert(<u8>key);
          else this.command(key);
      }
      out.flush();
    }
  }

  private command(key: i32): void {
    switch (key) {
      case Key.Left:
      case CTRL_B:
        return this.moveTo(this.previous(this.cursor));
      case Key.Right:
      case CTRL_F:
        return this.moveTo(this.next(this.cursor));
      case Key.Home:
      case CTRL_A:
        return this.moveTo(0);
      case Key.EndOfLine:
      case CTRL_E:
        return this.moveTo(this.line.len);
      case Key.WordLeft:
        return this.moveTo(this.wordStart());
      case Key.WordRight:
        return this.moveTo(this.wordEnd());
      case Key.Delete:
        return this.remove(this.cursor, this.next(this.cursor));
      case CTRL_H:
      case DELETE:
        return this.remove(this.previous(this.cursor), this.cursor);
      case CTRL_U:
        return this.kill(0, this.cursor);
      case CTRL_K:
        return this.kill(this.cursor, this.line.len);
      case CTRL_W:
      case Key.EraseWord:
        return this.kill(this.wordStart(), this.cursor);
      case CTRL_Y:
        return this.insertAll(this.killed);
      case CTRL_T:
        return this.swap();
      case Key.Up:
      case CTRL_P:
        return this.recall(this.place - 1);
      case Key.Down:
      case CTRL_N:
        return this.recall(this.place + 1);
      case CTRL_L:
        out.text("\x1b[H\x1b[2J");
        return this.redraw();
    }
  }

  // Positions are bytes; a continuation byte of UTF-8 belongs to the character before it.

  private previous(i: i32): i32 {
    if (i > 0) i--;
    while (i > 0 && isContinuation(this.line[i])) i--;
    return i;
  }

  private next(i: i32): i32 {
    if (i < this.line.len) i++;
    while (i < this.line.len && isContinuation(this.line[i])) i++;
    return i;
  }

  private wordStart(): i32 {
    let i = this.cursor;
    while (i > 0 && this.line[i - 1] == 0x20) i--;
    while (i > 0 && this.line[i - 1] != 0x20) i--;
    return i;
  }

  private wordEnd(): i32 {
    let i = this.cursor;
    while (i < this.line.len && this.line[i] == 0x20) i++;
    while (i < this.line.len && this.line[i] != 0x20) i++;
    return i;
  }

  private insert(c: u8): void {
    const atEnd = this.cursor == this.line.len;
    this.line = new BytesBuilder()
      .bytes(this.line.slice(0, this.cursor))
      .byte(c)
      .bytes(this.line.slice(this.cursor))
      .take();
    this.cursor++;
    if (atEnd) {
      out.byte(c);
      if (!isContinuation(c)) this.at++;
      this.settle();
    } else this.rewrite(this.cursor - 1);
  }

  private insertAll(s: Bytes): void {
    const from = this.cursor;
    this.line = new BytesBuilder().bytes(this.line.slice(0, from)).bytes(s).bytes(this.line.slice(from)).take();
    this.cursor = from + s.len;
    this.rewrite(from);
  }

  private remove(from: i32, to: i32): void {
    if (from == to) return;
    this.moveTo(from);
    this.line = this.line.slice(0, from).concat(this.line.slice(to));
    this.rewrite(from);
  }

  private kill(from: i32, to: i32): void {
    if (from == to) return;
    this.killed = this.line.slice(from, to);
    this.remove(from, to);
  }

  private swap(): void {
    if (this.cursor == 0 || this.line.len < 2) return;
    const right = this.cursor == this.line.len ? this.cursor - 1 : this.cursor;
    const s = this.line.clone();
    const c = s[right];
    s[right] = s[right - 1];
    s[right - 1] = c;
    this.moveTo(right - 1);
    this.line = s;
    this.cursor = right + 1;
    this.rewrite(right - 1);
  }

  private recall(place: i32): void {
    if (place < 0 || place > historySize()) return;
    if (this.place == historySize()) this.draft = this.line;
    this.place = place;
    this.moveTo(0);
    this.line = place == historySize() ? this.draft : historyLine(place);
    this.cursor = this.line.len;
    this.rewrite(0);
  }

  private complete(): void {
    const c = complete(this.line, this.cursor);
    if (c.candidates.length == 0) {
      out.byte(7);
      return;
    }
    const typed = this.cursor - c.start;
    const common = commonPrefix(c.candidates);
    if (common > typed) this.insertAll(c.candidates[0].slice(typed, common));
    if (c.candidates.length == 1) {
      const s = c.candidates[0];
      if (s[s.len - 1] != 0x2f) this.insertAll(b(" "));
    } else if (common == typed) this.list(c);
  }

  private list(c: Completion): void {
    const cursor = this.cursor;
    this.moveTo(this.line.len);
    out.line();
    let widest = 0;
    for (let i = 0; i < c.candidates.length; i++) widest = max(widest, c.candidates[i].len);
    const perLine = max(this.width / (widest + 2), 1);
    for (let i = 0; i < c.candidates.length; i++) {
      const isLast = i % perLine == perLine - 1 || i == c.candidates.length - 1;
      if (isLast) out.bytes(c.candidates[i]).line();
      else out.left(c.candidates[i], widest + 2);
    }
    this.cursor = cursor;
    this.redraw();
  }

  private redraw(): void {
    out.bytes(this.prompt);
    this.at = cellsOf(lastLine(this.prompt));
    this.rewrite(0);
  }

  /** The cell at which byte `i` of the line is shown. */
  private cell(i: i32): i32 {
    return cellsOf(lastLine(this.prompt)) + cellsOf(this.line.slice(0, i));
  }

  private moveTo(i: i32): void {
    this.cursor = i;
    this.go(this.cell(i));
  }

  /** Moves the terminal's cursor. */
  private go(cell: i32): void {
    const rows = cell / this.width - this.at / this.width;
    if (rows < 0) out.text("\x1b[").dec(-rows).text("A");
    else if (rows > 0) out.text("\x1b[").dec(rows).text("B");
    const from = this.at % this.width;
    const to = cell % this.width;
    if (to < from) {
      if (to == 0) out.byte(<u8>CR);
      else if (from - to < 4) for (let i = to; i < from; i++) out.byte(8);
      else
        out
          .text("\x1b[")
          .dec(from - to)
          .text("D");
    } else if (to > from)
      out
        .text("\x1b[")
        .dec(to - from)
        .text("C");
    this.at = cell;
  }

  /** Writes the line from byte `from`, where the change began, and puts the cursor where it belongs. */
  private rewrite(from: i32): void {
    this.go(this.cell(from));
    const rest = this.line.slice(from);
    out.bytes(rest);
    this.at += cellsOf(rest);
    this.settle();
    out.text("\x1b[J");
    this.go(this.cell(this.cursor));
  }

  /** Behind the last column a terminal keeps its cursor there: a newline brings it where it is counted. */
  private settle(): void {
    if (this.at > 0 && this.at % this.width == 0) out.text("\r\n");
  }
}

function isContinuation(c: u8): bool {
  return (c & 0xc0) == 0x80;
}

function lastLine(s: Bytes): Bytes {
  let i = s.len;
  while (i > 0 && s[i - 1] != 10) i--;
  return s.slice(i);
}

/** Characters that are shown: no continuation bytes, no escape sequences. */
function cellsOf(s: Bytes): i32 {
  let n = 0;
  for (let i = 0; i < s.len; i++) {
    const c = s[i];
    if (c == 27) {
      i++;
      if (i < s.len && s[i] == 0x5b)
        do i++;
        while (i < s.len && (s[i] < 0x40 || s[i] > 0x7e));
    } else if (!isContinuation(c) && c >= 0x20) n++;
  }
  return n;
}
