/**
 * Characters and words of the shell language (POSIX XCU 2.2, 2.3, 2.6): quoting, and the nesting of expansions. A failed
 * reader answers end of file to everything, so that every caller unwinds by itself.
 */
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Node, Op, Part, PartKind, Word } from "./ast";
import { warn } from "./errors";
import { Source } from "./source";
import { sh } from "./state";
import { isDigit, isNameChar, isNameStart } from "./text";

export const EOF: i32 = -1;
const NL: i32 = 10;

/** What ends a run of word parts, and what quotes inside it. */
export const enum Context {
  /** A word of a command: blanks and operators end it. */
  Plain,
  /** Up to the closing double quote. */
  Double,
  /** The operand of `${…}` outside, and inside, double quotes. */
  Brace,
  BraceInDouble,
  HereDoc,
  Arithmetic,
}

export abstract class WordReader {
  line: i32 = 1;
  hasFailed: bool = false;
  /** Inside a command: the prompt is PS2. */
  isContinuing: bool = false;
  /** The alias text that just ended ended in a blank: the next word may be an alias, too. */
  aliasNext: bool = false;

  constructor(protected source: Source) {}

  /** Parses commands up to the `)` that ends a `$(`. */
  protected abstract substitution(): Node | null;
  /** Parses the text of a backquoted substitution. */
  protected abstract backquoted(text: Bytes): Node | null;

  protected get(): i32 {
    while (true) {
      const s = this.source;
      if (this.hasFailed) return EOF;
      if (s.at < s.text.len) {
        const c = <i32>s.text[s.at++];
        if (c == NL && !s.alias) this.line++;
        return c;
      }
      const alias = s.alias;
      if (alias) {
        alias.isActive = false;
        const n = alias.value.len;
        if (n > 0 && isBlank(alias.value[n - 1])) this.aliasNext = true;
        this.source = s.below!;
        continue;
      }
      const reader = s.reader;
      const more = reader ? reader.next(this.isContinuing) : null;
      if (reader && reader.wasInterrupted) this.hasFailed = true;
      if (!more) return EOF;
      s.text = more;
      s.at = 0;
    }
  }

  /** Takes back the byte that `get` returned. */
  protected unget(c: i32): void {
    if (c == EOF) return;
    this.source.at--;
    if (c == NL && !this.source.alias) this.line--;
  }

  /** As `get`, behind any backslash-newlines. */
  protected getJoined(): i32 {
    while (true) {
      const c = this.get();
      if (c != 0x5c) return c;
      const next = this.get();
      if (next != NL) {
        this.unget(next);
        return c;
      }
    }
  }

  protected syntaxError(text: string): void {
    if (this.hasFailed) return;
    sh.line = this.line;
    warn("Syntax error: " + text);
    this.hasFailed = true;
  }

  /** Reads parts to the end of `context` and appends them to `word`. */
  protected parts(word: Word, context: Context): void {
    const isQuoted = context != Context.Plain && context != Context.Brace;
    const text = new BytesBuilder();
    let parens = 0;
    while (true) {
      const c = this.get();
      switch (c) {
        case EOF:
          flush(word, text, isQuoted);
          if (context == Context.Double) this.syntaxError("Unterminated quoted string");
          else if (context == Context.Brace || context == Context.BraceInDouble) this.syntaxError("Missing '}'");
          else if (context == Context.Arithmetic) this.syntaxError("Missing '))'");
          return;
        case 0x5c: // backslash
          this.escaped(word, text, context, isQuoted);
          continue;
        case 0x27: // '
          if (isQuoted) break;
          flush(word, text, false);
          this.singleQuoted(word);
          continue;
        case 0x22: // "
          if (context == Context.HereDoc || context == Context.Arithmetic) break;
          flush(word, text, isQuoted);
          if (context == Context.Double) return;
          this.doubleQuoted(word);
          continue;
        case 0x24: // $
          flush(word, text, isQuoted);
          if (!this.dollar(word, isQuoted)) break;
          continue;
        case 0x60: // `
          flush(word, text, isQuoted);
          this.backquote(word, isQuoted, context == Context.Double || context == Context.BraceInDouble);
          continue;
        case 0x7d: // }
          if (context != Context.Brace && context != Context.BraceInDouble) break;
          flush(word, text, isQuoted);
          return;
        case 0x28: // (
          if (context == Context.Arithmetic) parens++;
          break;
        case 0x29: // )
          if (context == Context.Arithmetic && parens-- == 0) {
            const next = this.getJoined();
            if (next == 0x29) {
              flush(word, text, true);
              return;
            }
            this.unget(next);
            parens = 0;
          }
          break;
      }
      if (context == Context.Plain && endsWord(c)) {
        this.unget(c);
        flush(word, text, false);
        return;
      }
      text.byte(<u8>c);
    }
  }

  private escaped(word: Word, text: BytesBuilder, context: Context, isQuoted: bool): void {
    const c = this.get();
    if (c == NL) return;
    if (c == EOF) {
      text.byte(0x5c);
      return;
    }
    if (!isQuoted) {
      flush(word, text, false);
      text.byte(<u8>c);
      flush(word, text, true);
      return;
    }
    const isSpecial =
      c == 0x24 ||
      c == 0x60 ||
      c == 0x5c ||
      (c == 0x22 && context != Context.HereDoc) ||
      (c == 0x7d && context == Context.BraceInDouble);
    if (!isSpecial) text.byte(0x5c);
    text.byte(<u8>c);
  }

  private singleQuoted(word: Word): void {
    const text = new BytesBuilder();
    for (let c = this.get(); c != 0x27; c = this.get()) {
      if (c == EOF) {
        this.syntaxError("Unterminated quoted string");
        return;
      }
      text.byte(<u8>c);
    }
    word.parts.push(new Part(PartKind.Literal, text.take(), true));
  }

  private doubleQuoted(word: Word): void {
    const before = word.parts.length;
    this.parts(word, Context.Double);
    if (word.parts.length == before) word.parts.push(new Part(PartKind.Literal, new BytesBuilder().take(), true));
  }

  /** Behind a `$`. False: it is only a dollar sign. */
  private dollar(word: Word, isQuoted: bool): bool {
    const c = this.getJoined();
    if (c == 0x7b) {
      word.parts.push(this.braced(isQuoted));
      return true;
    }
    if (c == 0x28) {
      const next = this.getJoined();
      if (next == 0x28) {
        const part = new Part(PartKind.Arithmetic, new BytesBuilder().take(), isQuoted);
        part.word = new Word();
        this.parts(part.word!, Context.Arithmetic);
        word.parts.push(part);
      } else {
        this.unget(next);
        const part = new Part(PartKind.Command, new BytesBuilder().take(), isQuoted);
        part.body = this.substitution();
        word.parts.push(part);
      }
      return true;
    }
    if (isNameStart(c)) {
      word.parts.push(new Part(PartKind.Parameter, this.name(c), isQuoted));
      return true;
    }
    if (isDigit(c) || isSpecialParameter(c)) {
      word.parts.push(new Part(PartKind.Parameter, new BytesBuilder().byte(<u8>c).take(), isQuoted));
      return true;
    }
    this.unget(c);
    return false;
  }

  /** The name that begins with `c`. */
  private name(c: i32): Bytes {
    const text = new BytesBuilder();
    for (; isNameChar(c); c = this.getJoined()) text.byte(<u8>c);
    this.unget(c);
    return text.take();
  }

  /** Behind `${`. */
  private braced(isQuoted: bool): Part {
    let c = this.getJoined();
    let isLength = false;
    if (c == 0x23) {
      // `${#}` and `${#-x}` are about $#; `${#x}`, `${#-}` and `${##}` are lengths.
      const next = this.getJoined();
      if (isNameChar(next)) isLength = true;
      else if (next != 0x7d) {
        const afterNext = this.getJoined();
        this.unget(afterNext);
        isLength = afterNext == 0x7d;
      }
      if (isLength) c = next;
      else this.unget(next);
    }
    const part = new Part(PartKind.Parameter, new BytesBuilder().take(), isQuoted);
    if (isNameStart(c)) part.text = this.name(c);
    else if (isDigit(c)) {
      const digits = new BytesBuilder();
      for (; isDigit(c); c = this.getJoined()) digits.byte(<u8>c);
      this.unget(c);
      part.text = digits.take();
    } else if (isSpecialParameter(c)) part.text = new BytesBuilder().byte(<u8>c).take();
    else {
      this.unget(c);
      part.op = Op.Bad;
    }
    if (part.op != Op.Bad) this.operator(part);
    if (isLength) part.op = part.op == Op.None ? Op.Length : Op.Bad;
    if (part.op == Op.None || part.op == Op.Length) return part;
    const isPattern = part.op >= Op.ShortSuffix && part.op <= Op.LongPrefix;
    part.word = new Word();
    this.parts(part.word!, isQuoted && !isPattern ? Context.BraceInDouble : Context.Brace);
    return part;
  }

  /** Reads the operator behind the name; `Op.None` has consumed the `}`. */
  private operator(part: Part): void {
    let c = this.getJoined();
    if (c == 0x3a) {
      part.hasColon = true;
      c = this.getJoined();
    }
    switch (c) {
      case 0x2d:
        part.op = Op.Default;
        return;
      case 0x3d:
        part.op = Op.Assign;
        return;
      case 0x3f:
        part.op = Op.Error;
        return;
      case 0x2b:
        part.op = Op.Alternative;
        return;
      case 0x7d:
        if (!part.hasColon) return;
        break;
      case 0x25:
      case 0x23:
        if (part.hasColon) break;
        const again = this.getJoined();
        if (again != c) this.unget(again);
        if (c == 0x25) part.op = again == c ? Op.LongSuffix : Op.ShortSuffix;
        else part.op = again == c ? Op.LongPrefix : Op.ShortPrefix;
        return;
    }
    this.unget(c);
    part.op = Op.Bad;
  }

  private backquote(word: Word, isQuoted: bool, inDouble: bool): void {
    const text = new BytesBuilder();
    for (let c = this.get(); c != 0x60; c = this.get()) {
      if (c == EOF) {
        this.syntaxError("EOF in backquote substitution");
        return;
      }
      if (c == 0x5c) {
        c = this.get();
        if (c == NL) continue;
        if (c != 0x5c && c != 0x60 && c != 0x24 && !(c == 0x22 && inDouble)) text.byte(0x5c);
        if (c == EOF) continue;
      }
      text.byte(<u8>c);
    }
    const part = new Part(PartKind.Command, new BytesBuilder().take(), isQuoted);
    part.body = this.backquoted(text.take());
    word.parts.push(part);
  }
}

/** Moves the collected text, if any, into a part. */
function flush(word: Word, text: BytesBuilder, isQuoted: bool): void {
  if (text.len == 0) return;
  word.parts.push(new Part(PartKind.Literal, text.take(), isQuoted));
  text.clear();
}

export function isBlank(c: i32): bool {
  return c == 0x20 || c == 9;
}

/** Unquoted, outside any expansion. */
export function endsWord(c: i32): bool {
  switch (c) {
    case 0x20:
    case 9:
    case NL:
    case 0x26: // &
    case 0x7c: // |
    case 0x3b: // ;
    case 0x3c: // <
    case 0x3e: // >
    case 0x28: // (
    case 0x29: // )
      return true;
  }
  return false;
}

export function isSpecialParameter(c: i32): bool {
  switch (c) {
    case 0x40: // @
    case 0x2a: // *
    case 0x23: // #
    case 0x3f: // ?
    case 0x2d: // -
    case 0x24: // $
    case 0x21: // !
      return true;
  }
  return false;
}
