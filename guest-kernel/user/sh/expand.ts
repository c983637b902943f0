/** Word expansion (POSIX XCU 2.6): parameters, substitutions, arithmetic; then fields, one text, or a pattern. */
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Op, Part, PartKind, Word } from "./ast";
import { arithmetic } from "./arithmetic";
import { abort, fail, failOf } from "./errors";
import { Expanded, Mark, acquire, release } from "./expanded";
import { split } from "./fields";
import { parameter } from "./parameters";
import { matches } from "./pattern";
import { Flow, sh } from "./state";
import { substitute } from "./substitution";
import { isName } from "./text";
import { expandTilde } from "./tilde";
import { assign } from "./variables";

const enum Mode {
  /** To be split: positional parameters stay apart. */
  Fields,
  /** One text; every boundary is a separator. */
  Text,
  /** As Text, of an assignment: tildes expand behind colons, too. */
  Assignment,
}

const EMPTY = b("");

/** Appends the fields of `words` to `out`. Stops, with `sh.flow` set, at the first error. */
export function expandWords(words: Word[], out: Bytes[]): void {
  for (let i = 0; i < words.length && sh.flow == Flow.None; i++) expandFields(words[i], out);
}

export function expandFields(w: Word, out: Bytes[]): void {
  const plain = w.plain;
  if (plain) {
    out.push(plain);
    return;
  }
  const e = acquire();
  expandParts(w, e, Mode.Fields, Mark.Literal);
  if (sh.flow == Flow.None) split(e, out);
  release(e);
}

/** Without splitting and pathname expansion: the word of `case`, the target of a redirection, a here-document. */
export function expandText(w: Word): Bytes {
  if (w.plain) return w.plain!;
  return oneText(w, Mode.Text);
}

export function expandAssignment(w: Word): Bytes {
  if (w.plain) return w.plain!;
  return oneText(w, Mode.Assignment);
}

function oneText(w: Word, mode: Mode): Bytes {
  const e = acquire();
  expandParts(w, e, mode, Mark.Literal);
  const text = e.take();
  release(e);
  return text;
}

/** Its marks tell which bytes are quoted. The caller releases it. */
export function expandPattern(w: Word): Expanded {
  const e = acquire();
  expandParts(w, e, Mode.Text, Mark.Literal);
  return e;
}

/** `literal` marks unquoted text as written: inside the operand of an expansion it is split as well. */
function expandParts(w: Word, out: Expanded, mode: Mode, literal: Mark): void {
  const parts = w.parts;
  for (let i = 0; i < parts.length && sh.flow == Flow.None; i++) {
    const p = parts[i];
    const mark = p.isQuoted ? Mark.Quoted : Mark.Split;
    switch (p.kind) {
      case PartKind.Literal:
        if (p.isQuoted) {
          out.bytes(p.text, Mark.Quoted);
          out.sign(Mark.Exists);
        } else {
          expandTilde(p.text, out, literal, i == 0, mode == Mode.Assignment, i == parts.length - 1);
        }
        break;
      case PartKind.Parameter:
        expandParameter(p, out, mode);
        break;
      case PartKind.Command:
        out.bytes(substitute(p.body), mark);
        break;
      case PartKind.Arithmetic:
        const v = arithmetic(expandText(p.word!));
        if (sh.flow == Flow.None) out.bytes(new BytesBuilder().dec(v).take(), mark);
        break;
    }
    if (p.isQuoted && p.kind != PartKind.Parameter) out.sign(Mark.Exists);
  }
}

function isAll(name: Bytes): bool {
  return name.len == 1 && (name[0] == 0x40 || name[0] == 0x2a);
}

function expandParameter(p: Part, out: Expanded, mode: Mode): void {
  if (p.op == Op.Bad) {
    fail("Bad substitution");
    return;
  }
  let value = parameter(p.text);
  const isSet = value != null && !(p.hasColon && value.len == 0);
  switch (p.op) {
    case Op.Default:
      if (!isSet) return operand(p, out, mode);
      break;
    case Op.Alternative:
      if (isSet) return operand(p, out, mode);
      if (p.isQuoted && !isAll(p.text)) out.sign(Mark.Exists);
      return;
    case Op.Assign:
      if (!isSet) value = assignDefault(p);
      break;
    case Op.Error:
      if (!isSet) return unsetError(p);
      break;
    default:
      if (!value && sh.has(0x75) && !isAll(p.text)) {
        failOf(p.text, "parameter not set");
        return;
      }
  }
  if (sh.flow != Flow.None) return;
  if (p.op == Op.Length) value = new BytesBuilder().dec(value ? value.len : 0).take();
  else if (p.op >= Op.ShortSuffix && p.op <= Op.LongPrefix) value = trimmed(value ? value : EMPTY, p);
  else if (isAll(p.text) && mode == Mode.Fields && !(p.isQuoted && p.text[0] == 0x2a)) return allParameters(p, out);
  if (value) out.bytes(value, p.isQuoted ? Mark.Quoted : Mark.Split);
  if (p.isQuoted) out.sign(Mark.Exists);
}

/** `$@` and `$*` where fields are made: one beside the other. */
function allParameters(p: Part, out: Expanded): void {
  for (let i = 0; i < sh.params.length; i++) {
    if (i > 0) out.sign(Mark.Boundary);
    out.bytes(sh.params[i], p.isQuoted ? Mark.Quoted : Mark.Split);
    if (p.isQuoted) out.sign(Mark.Exists);
  }
}

function operand(p: Part, out: Expanded, mode: Mode): void {
  expandParts(p.word!, out, mode == Mode.Assignment ? Mode.Text : mode, Mark.Split);
  if (p.isQuoted && !holdsOnlyAll(p.word!)) out.sign(Mark.Exists);
}

/** `"${x-$@}"` without parameters is no field, like `"$@"`. */
function holdsOnlyAll(w: Word): bool {
  return (
    w.parts.length == 1 &&
    w.parts[0].kind == PartKind.Parameter &&
    w.parts[0].text.len == 1 &&
    w.parts[0].text[0] == 0x40
  );
}

function assignDefault(p: Part): Bytes | null {
  if (!isName(p.text)) {
    failOf(p.text, "bad variable name");
    return null;
  }
  const value = expandText(p.word!);
  if (sh.flow != Flow.None || !assign(p.text, value)) return null;
  return value;
}

function unsetError(p: Part): void {
  const text = expandText(p.word!);
  if (sh.flow != Flow.None) return;
  if (p.word!.parts.length > 0) failOf(p.text, String.UTF8.decodeUnsafe(text.ptr, text.len));
  else failOf(p.text, p.hasColon ? "parameter not set or null" : "parameter not set");
  abort();
}

/** The value without the prefix or suffix that matches the operand. */
function trimmed(s: Bytes, p: Part): Bytes {
  const e = expandPattern(p.word!);
  const isPrefix = p.op == Op.ShortPrefix || p.op == Op.LongPrefix;
  const cut = isPrefix ? prefixLength(s, e, p.op == Op.LongPrefix) : suffixStart(s, e, p.op == Op.LongSuffix);
  release(e);
  return isPrefix ? s.slice(cut) : s.slice(0, cut);
}

/** Length of the shortest or longest prefix that matches; 0: none. */
function prefixLength(s: Bytes, e: Expanded, isLongest: bool): i32 {
  for (let i = 0; i <= s.len; i++) {
    const n = isLongest ? s.len - i : i;
    if (matches(e, 0, e.len, s.slice(0, n))) return n;
  }
  return 0;
}

/** Where the shortest or longest suffix that matches begins; the length: none does. */
function suffixStart(s: Bytes, e: Expanded, isLongest: bool): i32 {
  for (let i = 0; i <= s.len; i++) {
    const n = isLongest ? i : s.len - i;
    if (matches(e, 0, e.len, s.slice(n))) return n;
  }
  return s.len;
}
