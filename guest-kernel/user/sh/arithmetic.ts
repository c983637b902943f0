/** Arithmetic expansion (POSIX XCU 2.6.4): signed 64-bit, C's operators without ++, -- and comma. */
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { abort, illegalNumber, warn } from "./errors";
import { Flow, sh } from "./state";
import { isDigit, isNameChar, isNameStart } from "./text";
import { assign, valueOf } from "./variables";

/** Binary operators, weakest first; the index is not the precedence, which `precedence` gives. */
const enum Tok {
  End,
  Number,
  Name,
  Open,
  Close,
  Question,
  Colon,
  Not,
  Complement,
  OrOr,
  AndAnd,
  Or,
  Xor,
  And,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  ShiftLeft,
  ShiftRight,
  Add,
  Sub,
  Mul,
  Div,
  Rem,
  Assign,
  /** A byte that means nothing here. */
  Unknown,
}

function precedence(t: Tok): i32 {
  if (t < Tok.Or || t > Tok.Rem) return 0;
  if (t <= Tok.And) return 1 + (t - Tok.Or);
  if (t <= Tok.NotEqual) return 4;
  if (t <= Tok.GreaterEqual) return 5;
  if (t <= Tok.ShiftRight) return 6;
  return t <= Tok.Sub ? 7 : 8;
}

/** The value of an expression. After an error, which has been reported, `sh.flow` is set. */
export function arithmetic(text: Bytes): i64 {
  const e = new Expression(text);
  e.advance();
  const v = e.assignment(true);
  if (e.tok != Tok.End) e.error("expecting EOF");
  return v;
}

/** Where the number that `parseNumber` read ends. */
export let numberEnd: i32 = 0;

/** strtoimax with base 0, or another, from `at`: saturates, and leaves in `numberEnd` where the number ends (`at`: no digits). */
export function parseNumber(s: Bytes, at: i32, base: u64 = 0): i64 {
  let i = at;
  const isNegative = i < s.len && s[i] == 0x2d;
  if (isNegative || (i < s.len && s[i] == 0x2b)) i++;
  if (base == 0) {
    base = i < s.len && s[i] == 0x30 ? 8 : 10;
    if (base == 8 && i + 2 < s.len && (s[i + 1] | 0x20) == 0x78 && digit(s[i + 2]) < 16) {
      base = 16;
      i += 2;
    }
  }
  const limit: u64 = isNegative ? 0x8000_0000_0000_0000 : 0x7fff_ffff_ffff_ffff;
  let v: u64 = 0;
  let isHuge = false;
  const first = i;
  for (; i < s.len; i++) {
    const d = <u64>digit(s[i]);
    if (d >= base) break;
    if (v > (limit - d) / base) isHuge = true;
    v = v * base + d;
  }
  numberEnd = i == first ? at : i;
  if (isHuge) v = limit;
  return isNegative ? <i64>(0 - v) : <i64>v;
}

function digit(c: u8): u32 {
  if (isDigit(c)) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 99;
}

@final
class Expression {
  tok: Tok = Tok.End;
  private at: i32 = 0;
  private value: i64 = 0;
  private name: Bytes;
  /** Operator of a compound assignment; Assign for `=` itself. */
  private compound: Tok = Tok.Assign;

  constructor(private text: Bytes) {
    this.name = text;
  }

  error(what: string): void {
    if (sh.flow != Flow.None) return;
    const message = new BytesBuilder()
      .text("arithmetic expression: ")
      .text(what)
      .text(': "')
      .bytes(this.text)
      .text('"');
    const s = message.take();
    warn(String.UTF8.decodeUnsafe(s.ptr, s.len));
    abort();
    this.tok = Tok.End;
    this.at = this.text.len;
  }

  private peek(ahead: i32 = 0): i32 {
    return this.at + ahead < this.text.len ? <i32>this.text[this.at + ahead] : 0;
  }

  advance(): void {
    while (this.peek() == 0x20 || (this.peek() >= 9 && this.peek() <= 13)) this.at++;
    const c = this.peek();
    if (this.at >= this.text.len) this.tok = Tok.End;
    else if (isDigit(c)) {
      this.tok = Tok.Number;
      this.value = parseNumber(this.text, this.at);
      this.at = numberEnd;
    } else if (isNameStart(c)) {
      const start = this.at;
      while (isNameChar(this.peek())) this.at++;
      this.tok = Tok.Name;
      this.name = this.text.slice(start, this.at);
    } else this.operator(c);
  }

  private operator(c: i32): void {
    const next = this.peek(1);
    const isDouble = next == c;
    this.tok = operatorOf(c, isDouble, next);
    this.at++;
    if (this.tok == Tok.Assign) {
      this.compound = Tok.Assign;
      return;
    }
    const isLong =
      this.tok == Tok.OrOr ||
      this.tok == Tok.AndAnd ||
      this.tok == Tok.Equal ||
      this.tok == Tok.NotEqual ||
      this.tok == Tok.LessEqual ||
      this.tok == Tok.GreaterEqual ||
      this.tok == Tok.ShiftLeft ||
      this.tok == Tok.ShiftRight;
    if (isLong) this.at++;
    const mayAssign = (this.tok >= Tok.Or && this.tok <= Tok.And) || (this.tok >= Tok.ShiftLeft && this.tok <= Tok.Rem);
    if (mayAssign && this.peek() == 0x3d) {
      this.at++;
      this.compound = this.tok;
      this.tok = Tok.Assign;
    }
  }

  /** `evaluates` is false on the side of `?:`, `&&`, `||` that is only parsed. */
  assignment(evaluates: bool): i64 {
    if (this.tok != Tok.Name) return this.conditional(evaluates);
    const at = this.at;
    const name = this.name;
    this.advance();
    if (this.tok != Tok.Assign) {
      this.at = at;
      this.tok = Tok.Name;
      this.name = name;
      return this.conditional(evaluates);
    }
    const op = this.compound;
    this.advance();
    let v = this.assignment(evaluates);
    if (!evaluates || sh.flow != Flow.None) return v;
    if (op != Tok.Assign) v = this.apply(op, this.variable(name), v);
    if (sh.flow == Flow.None) assign(name, new BytesBuilder().dec(v).take());
    return v;
  }

  private conditional(evaluates: bool): i64 {
    const test = this.or(evaluates);
    if (this.tok != Tok.Question) return test;
    this.advance();
    const yes = this.assignment(evaluates && test != 0);
    if (this.tok != Tok.Colon) this.error("expecting ':'");
    this.advance();
    const no = this.conditional(evaluates && test == 0);
    return test != 0 ? yes : no;
  }

  private or(evaluates: bool): i64 {
    let v = this.and(evaluates);
    while (this.tok == Tok.OrOr) {
      this.advance();
      const right = this.and(evaluates && v == 0);
      v = <i64>(v != 0 || right != 0);
    }
    return v;
  }

  private and(evaluates: bool): i64 {
    let v = this.binary(evaluates, 1);
    while (this.tok == Tok.AndAnd) {
      this.advance();
      const right = this.binary(evaluates && v != 0, 1);
      v = <i64>(v != 0 && right != 0);
    }
    return v;
  }

  private binary(evaluates: bool, least: i32): i64 {
    let v = this.primary(evaluates);
    for (let level = precedence(this.tok); level >= least && level > 0; level = precedence(this.tok)) {
      const op = this.tok;
      this.advance();
      const right = this.binary(evaluates, level + 1);
      if (evaluates && sh.flow == Flow.None) v = this.apply(op, v, right);
    }
    return v;
  }

  private primary(evaluates: bool): i64 {
    if (sh.flow != Flow.None) return 0;
    const tok = this.tok;
    switch (tok) {
      case Tok.Number: {
        const v = this.value;
        this.advance();
        return v;
      }
      case Tok.Name: {
        const name = this.name;
        this.advance();
        return evaluates ? this.variable(name) : 0;
      }
      case Tok.Open: {
        this.advance();
        const v = this.assignment(evaluates);
        if (this.tok != Tok.Close) this.error("expecting ')'");
        this.advance();
        return v;
      }
    }
    if (tok != Tok.Add && tok != Tok.Sub && tok != Tok.Not && tok != Tok.Complement) {
      this.error("expecting primary");
      return 0;
    }
    this.advance();
    const v = this.primary(evaluates);
    if (tok == Tok.Sub) return -v;
    if (tok == Tok.Not) return <i64>(v == 0);
    return tok == Tok.Complement ? ~v : v;
  }

  private variable(name: Bytes): i64 {
    const s = valueOf(name);
    return s ? numberOf(s) : 0;
  }

  private apply(op: Tok, x: i64, y: i64): i64 {
    switch (op) {
      case Tok.Or:
        return x | y;
      case Tok.Xor:
        return x ^ y;
      case Tok.And:
        return x & y;
      case Tok.Equal:
        return <i64>(x == y);
      case Tok.NotEqual:
        return <i64>(x != y);
      case Tok.Less:
        return <i64>(x < y);
      case Tok.LessEqual:
        return <i64>(x <= y);
      case Tok.Greater:
        return <i64>(x > y);
      case Tok.GreaterEqual:
        return <i64>(x >= y);
      case Tok.ShiftLeft:
        return x << y;
      case Tok.ShiftRight:
        return x >> y;
      case Tok.Add:
        return x + y;
      case Tok.Sub:
        return x - y;
      case Tok.Mul:
        return x * y;
    }
    if (y == 0) {
      this.error("division by zero");
      return 0;
    }
    // The one quotient that does not fit, on which the machine would trap.
    if (y == -1) return op == Tok.Div ? -x : 0;
    return op == Tok.Div ? x / y : x % y;
  }
}

/** The value of a variable, which must be one number and white space. */
function numberOf(s: Bytes): i64 {
  let i = 0;
  while (i < s.len && isSpace(s[i])) i++;
  if (i == s.len) return 0;
  const v = parseNumber(s, i);
  let end = numberEnd;
  while (end < s.len && isSpace(s[end])) end++;
  if (numberEnd > i && end == s.len) return v;
  illegalNumber(s);
  return 0;
}

function isSpace(c: u8): bool {
  return c == 0x20 || (c >= 9 && c <= 13);
}

function operatorOf(c: i32, isDouble: bool, next: i32): Tok {
  const isEqual = next == 0x3d;
  switch (c) {
    case 0x28:
      return Tok.Open;
    case 0x29:
      return Tok.Close;
    case 0x3f:
      return Tok.Question;
    case 0x3a:
      return Tok.Colon;
    case 0x7e:
      return Tok.Complement;
    case 0x21:
      return isEqual ? Tok.NotEqual : Tok.Not;
    case 0x7c:
      return isDouble ? Tok.OrOr : Tok.Or;
    case 0x26:
      return isDouble ? Tok.AndAnd : Tok.And;
    case 0x5e:
      return Tok.Xor;
    case 0x3d:
      return isDouble ? Tok.Equal : Tok.Assign;
    case 0x3c:
      return isDouble ? Tok.ShiftLeft : isEqual ? Tok.LessEqual : Tok.Less;
    case 0x3e:
      return isDouble ? Tok.ShiftRight : isEqual ? Tok.GreaterEqual : Tok.Greater;
    case 0x2b:
      return Tok.Add;
    case 0x2d:
      return Tok.Sub;
    case 0x2a:
      return Tok.Mul;
    case 0x2f:
      return Tok.Div;
    case 0x25:
      return Tok.Rem;
  }
  return Tok.Unknown;
}
