/**
 * POSIX regular expressions, basic and extended (POSIX.1-2017, XBD 9), by backtracking over a compiled tree. Of all
 * matches the leftmost is taken; of alternatives the first that leads to a match (POSIX wants the longest: for grep's
 * question "does it match" there is no difference).
 */
import { Bytes } from "../../lib/bytes";

const LITERAL = 0;
const ANY = 1;
const SET = 2;
const START = 3;
const END = 4;
const GROUP = 5;
const BACKREF = 6;
const WORD_START = 7;
const WORD_END = 8;

/** More steps than this and the match is given up: a hostile pattern must not hang. */
const MAX_STEPS: i32 = 5_000_000;
const INFINITE: i32 = i32.MAX_VALUE;
export const MAX_GROUPS: i32 = 10;

class Node {
  next: Node | null = null;
  min: i32 = 1;
  max: i32 = 1;
  /** SET: 256 bits. */
  set: StaticArray<u8> | null = null;
  /** GROUP: the alternatives. */
  alternatives: Array<Node | null> | null = null;
  constructor(
    public kind: i32,
    /** Character, or group number. */
    public value: i32 = 0,
  ) {}
}

@final
export class Regex {
  /** What is wrong with the pattern, or "". */
  error: string = "";
  /** Byte ranges of the last match: [2n] start, [2n + 1] end, -1 unset. */
  groups: StaticArray<i32> = new StaticArray<i32>(MAX_GROUPS * 2);
  groupCount: i32 = 0;
  private at: i32 = 0;
  private top: Node;
  private steps: i32 = 0;
  private text: Bytes;

  constructor(
    private pattern: Bytes,
    private extended: bool,
    private ignoreCase: bool = false,
  ) {
    this.text = pattern;
    this.top = new Node(GROUP, 0);
    this.top.alternatives = this.parseAlternatives(0);
    if (this.error == "" && this.at < pattern.len) this.error = "Unmatched ) or \\)";
  }

  private peek(o: i32 = 0): i32 {
    return this.at + o < this.pattern.len ? <i32>this.pattern[this.at + o] : -1;
  }

  /** At an operator that basic syntax writes with a backslash? */
  private isOperator(c: i32): bool {
    return this.extended ? this.peek() == c : this.peek() == 0x5c && this.peek(1) == c;
  }

  private skipOperator(): void {
    this.at += this.extended ? 1 : 2;
  }

  private parseAlternatives(depth: i32): Array<Node | null> {
    const list: Array<Node | null> = [];
    list.push(this.parseSequence(depth));
    while (this.error == "" && this.isOperator(0x7c)) {
      this.skipOperator();
      list.push(this.parseSequence(depth));
    }
    return list;
  }

  private parseSequence(depth: i32): Node | null {
    let first: Node | null = null;
    let last: Node | null = null;
    while (this.at < this.pattern.len && !this.isOperator(0x7c) && !(depth > 0 && this.isOperator(0x29))) {
      if (!this.extended && depth == 0 && this.isOperator(0x29)) return first;
      const n = this.parseAtom(depth, first == null);
      if (!n) return first;
      this.parseRepeat(n);
      if (this.error != "") return first;
      if (last) last.next = n;
      else first = n;
      last = n;
    }
    return first;
  }

  private parseAtom(depth: i32, isFirst: bool): Node | null {
    const c = this.peek();
    if (this.isOperator(0x28)) {
      this.skipOperator();
      const n = new Node(GROUP, ++this.groupCount);
      n.alternatives = this.parseAlternatives(depth + 1);
      if (this.error == "" && !this.isOperator(0x29)) this.error = "Unmatched ( or \\(";
      this.skipOperator();
      return n;
    }
    this.at++;
    if (c == 0x2e) return new Node(ANY);
    if (c == 0x5b) return this.parseSet();
    if (c == 0x5e && (this.extended || isFirst)) return new Node(START);
    if (c == 0x24 && (this.extended || this.at == this.pattern.len || this.isOperator(0x7c) || this.isOperator(0x29))) {
      return new Node(END);
    }
    if (c != 0x5c) return new Node(LITERAL, c);
    const e = this.peek();
    this.at++;
    if (e < 0) {
      this.error = "Trailing backslash";
      return null;
    }
    if (e >= 0x31 && e <= 0x39) return new Node(BACKREF, e - 0x30);
    if (e == 0x3c) return new Node(WORD_START);
    if (e == 0x3e) return new Node(WORD_END);
    if (e == 0x77 || e == 0x57) {
      const n = new Node(SET);
      const set = new StaticArray<u8>(256);
      for (let i = 0; i < 256; i++) set[i] = isWord(i) == (e == 0x77) ? 1 : 0;
      n.set = set;
      return n;
    }
    return new Node(LITERAL, e);
  }

  private parseRepeat(n: Node): void {
    for (;;) {
      const c = this.peek();
      if (c == 0x2a && (this.extended || n.kind != START)) {
        this.at++;
        n.min = 0;
        n.max = INFINITE;
      } else if (this.isOperator(0x2b)) {
        this.skipOperator();
        n.max = INFINITE;
      } else if (this.isOperator(0x3f)) {
        this.skipOperator();
        n.min = 0;
      } else if (this.isOperator(0x7b) && this.isDigit(this.peek(this.extended ? 1 : 2))) {
        this.skipOperator();
        n.min = this.number();
        n.max = n.min;
        if (this.peek() == 0x2c) {
          this.at++;
          n.max = this.isDigit(this.peek()) ? this.number() : INFINITE;
        }
        if (!this.isOperator(0x7d) || n.min > n.max) this.error = "Invalid content of \\{\\}";
        this.skipOperator();
      } else return;
    }
  }

  private isDigit(c: i32): bool {
    return c >= 0x30 && c <= 0x39;
  }

  private number(): i32 {
    let v = 0;
    for (; this.isDigit(this.peek()); this.at++) v = min(v * 10 + this.peek() - 0x30, 65535);
    return v;
  }

  private parseSet(): Node | null {
    const set = new StaticArray<u8>(256);
    const invert = this.peek() == 0x5e;
    if (invert) this.at++;
    const start = this.at;
    for (;;) {
      const c = this.peek();
      if (c < 0) {
        this.error = "Unmatched [, [^, [:, [., or [=";
        return null;
      }
      if (c == 0x5d && this.at > start) break;
      if (c == 0x5b && (this.peek(1) == 0x3a || this.peek(1) == 0x3d || this.peek(1) == 0x2e)) {
        if (!this.parseClass(set)) return null;
        continue;
      }
      this.at++;
      let to = c;
      if (this.peek() == 0x2d && this.peek(1) >= 0 && this.peek(1) != 0x5d) {
        to = this.peek(1);
        this.at += 2;
        if (to < c) {
          this.error = "Invalid range end";
          return null;
        }
      }
      for (let i = c; i <= to; i++) this.include(set, i);
    }
    this.at++;
    if (invert) for (let i = 0; i < 256; i++) set[i] ^= 1;
    const n = new Node(SET);
    n.set = set;
    return n;
  }

  private include(set: StaticArray<u8>, c: i32): void {
    set[c] = 1;
    if (this.ignoreCase) {
      set[lower(c)] = 1;
      if (c >= 0x61 && c <= 0x7a) set[c - 0x20] = 1;
    }
  }

  /** [:name:], or [=c=] and [.c.] of a single character. */
  private parseClass(set: StaticArray<u8>): bool {
    const mark = this.peek(1);
    let end = this.at + 2;
    while (end + 1 < this.pattern.len && !(this.pattern[end] == mark && this.pattern[end + 1] == 0x5d)) end++;
    if (end + 1 >= this.pattern.len) {
      this.error = "Unmatched [, [^, [:, [., or [=";
      return false;
    }
    const name = this.pattern.slice(this.at + 2, end);
    this.at = end + 2;
    if (mark != 0x3a) {
      if (name.len == 1) this.include(set, name[0]);
      else this.error = "Invalid collation character";
      return name.len == 1;
    }
    const which = String.UTF8.decodeUnsafe(name.ptr, name.len);
    let any = false;
    for (let i = 0; i < 256; i++) {
      if (!inClass(which, i)) continue;
      this.include(set, i);
      any = true;
    }
    if (!any) this.error = "Invalid character class name";
    return any;
  }

  /** Looks for a match at or after `from`; `groups` says where. */
  search(text: Bytes, from: i32 = 0): bool {
    this.text = text;
    this.steps = 0;
    for (let i = from; i <= text.len; i++) {
      for (let g = 0; g < MAX_GROUPS * 2; g++) this.groups[g] = -1;
      if (this.matchTop(i)) {
        this.groups[0] = i;
        this.groups[1] = this.end;
        return true;
      }
    }
    return false;
  }
  private end: i32 = 0;

  private matchTop(i: i32): bool {
    const list = this.top.alternatives!;
    for (let k = 0; k < list.length; k++) if (this.matchNode(list[k], i, null)) return true;
    return false;
  }

  /** Matches the sequence that begins with `n`, then the frames of `after`. */
  private matchNode(n: Node | null, i: i32, after: Frame | null): bool {
    if (++this.steps > MAX_STEPS) return false;
    if (!n) {
      if (!after) {
        this.end = i;
        return true;
      }
      return this.resume(after, i);
    }
    if (n.kind == GROUP) return this.repeatGroup(n, i, 0, after);
    if (n.min == 1 && n.max == 1) {
      const to = this.one(n, i);
      return to >= 0 && this.matchNode(n.next, to, after);
    }
    // Greedy: as many as there are, then back off one by one.
    const ends: i32[] = [i];
    let at = i;
    while (ends.length <= n.max) {
      const to = this.one(n, at);
      if (to < 0 || (to == at && ends.length > n.min)) break;
      ends.push(to);
      at = to;
      if (n.max == INFINITE && to == ends[ends.length - 2]) break;
    }
    for (let k = ends.length - 1; k >= n.min; k--) if (this.matchNode(n.next, ends[k], after)) return true;
    return false;
  }

  private repeatGroup(n: Node, i: i32, count: i32, after: Frame | null): bool {
    if (count < n.max) {
      const list = n.alternatives!;
      const frame = new Frame(n, i, count, after);
      for (let k = 0; k < list.length; k++) if (this.matchNode(list[k], i, frame)) return true;
    }
    return count >= n.min && this.matchNode(n.next, i, after);
  }

  /** One round of a group has matched up to `i`. */
  private resume(f: Frame, i: i32): bool {
    const n = f.group;
    const isTracked = n.value < MAX_GROUPS;
    let oldStart = 0;
    let oldEnd = 0;
    if (isTracked) {
      oldStart = this.groups[n.value * 2];
      oldEnd = this.groups[n.value * 2 + 1];
      this.groups[n.value * 2] = f.start;
      this.groups[n.value * 2 + 1] = i;
    }
    const isEmptyRound = i == f.start;
    const ok = isEmptyRound ? this.matchNode(n.next, i, f.after) : this.repeatGroup(n, i, f.count + 1, f.after);
    if (!ok && isTracked) {
      this.groups[n.value * 2] = oldStart;
      this.groups[n.value * 2 + 1] = oldEnd;
    }
    return ok;
  }

  /** Where one occurrence of a simple node at `i` ends, or -1. */
  private one(n: Node, i: i32): i32 {
    const t = this.text;
    switch (n.kind) {
      case START:
        return i == 0 ? i : -1;
      case END:
        return i == t.len ? i : -1;
      case WORD_START:
        return (i == 0 || !isWord(t[i - 1])) && i < t.len && isWord(t[i]) ? i : -1;
      case WORD_END:
        return i > 0 && isWord(t[i - 1]) && (i == t.len || !isWord(t[i])) ? i : -1;
      case BACKREF: {
        const from = this.groups[n.value * 2];
        const len = this.groups[n.value * 2 + 1] - from;
        return from >= 0 && i + len <= t.len && t.slice(from, from + len).equals(t.slice(i, i + len)) ? i + len : -1;
      }
    }
    if (i >= t.len) return -1;
    const c = <i32>t[i];
    if (n.kind == ANY) return i + 1;
    if (n.kind == SET) return n.set![c] ? i + 1 : -1;
    return c == n.value || (this.ignoreCase && lower(c) == lower(n.value)) ? i + 1 : -1;
  }
}

/** Where to go on when a group's alternative has matched. */
class Frame {
  constructor(
    public group: Node,
    public start: i32,
    public count: i32,
    public after: Frame | null,
  ) {}
}

function lower(c: i32): i32 {
  return c >= 0x41 && c <= 0x5a ? c + 0x20 : c;
}

function isWord(c: i32): bool {
  return (c >= 0x30 && c <= 0x39) || (lower(c) >= 0x61 && lower(c) <= 0x7a) || c == 0x5f;
}

/** The POSIX locale's character classes; shared with tr. */
export function inClass(name: string, c: i32): bool {
  const isUpper = c >= 0x41 && c <= 0x5a;
  const isLower = c >= 0x61 && c <= 0x7a;
  const isDigit = c >= 0x30 && c <= 0x39;
  if (name == "alpha") return isUpper || isLower;
  if (name == "upper") return isUpper;
  if (name == "lower") return isLower;
  if (name == "digit") return isDigit;
  if (name == "alnum") return isUpper || isLower || isDigit;
  if (name == "space") return c == 0x20 || (c >= 9 && c <= 13);
  if (name == "blank") return c == 0x20 || c == 9;
  if (name == "punct") return c > 0x20 && c < 0x7f && !isUpper && !isLower && !isDigit;
  if (name == "print") return c >= 0x20 && c < 0x7f;
  if (name == "graph") return c > 0x20 && c < 0x7f;
  if (name == "cntrl") return c < 0x20 || c == 0x7f;
  if (name == "xdigit") return isDigit || (lower(c) >= 0x61 && lower(c) <= 0x66);
  return false;
}
