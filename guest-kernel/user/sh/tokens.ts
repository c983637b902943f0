/** Tokens (POSIX XCU 2.3, 2.10.1), alias substitution and the bodies of here-documents. */
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Part, PartKind, Redir, RedirKind, Word } from "./ast";
import { findAlias } from "./alias";
import { Source } from "./source";
import { isDigit } from "./text";
import { Context, EOF, WordReader, endsWord, isBlank } from "./word-reader";

export const enum Token {
  End,
  Newline,
  Semicolon,
  DoubleSemicolon,
  Ampersand,
  AndIf,
  OrIf,
  Pipe,
  Open,
  Close,
  Word,
  Redirect,
}

@final
class PendingHereDoc {
  constructor(
    public redir: Redir,
    public stripsTabs: bool,
  ) {}
}

export abstract class Tokens extends WordReader {
  protected token: Token = Token.Newline;
  /** Of a Word; for a Redirect this and its target are read by `redirection`. */
  protected word: Word = new Word();
  protected redirKind: RedirKind = RedirKind.Read;
  protected redirFd: i32 = 0;
  protected stripsTabs: bool = false;
  protected hereDocs: PendingHereDoc[] = [];

  /** Reads the next token. */
  protected advance(): void {
    this.aliasNext = false;
    while (true) {
      const c = this.get();
      switch (c) {
        case 0x20:
        case 9:
          continue;
        case 0x23: // #
          let skipped = this.get();
          while (skipped != 10 && skipped != EOF) skipped = this.get();
          this.unget(skipped);
          continue;
        case 0x5c: // backslash
          const next = this.get();
          if (next == 10) continue;
          this.unget(next);
          break;
        case EOF:
          this.token = Token.End;
          return;
        case 10:
          this.token = Token.Newline;
          if (this.hereDocs.length > 0) this.readHereDocs();
          return;
        case 0x28:
          this.token = Token.Open;
          return;
        case 0x29:
          this.token = Token.Close;
          return;
        case 0x26:
          this.token = this.follows(c) ? Token.AndIf : Token.Ampersand;
          return;
        case 0x7c:
          this.token = this.follows(c) ? Token.OrIf : Token.Pipe;
          return;
        case 0x3b:
          this.token = this.follows(c) ? Token.DoubleSemicolon : Token.Semicolon;
          return;
        case 0x3c:
        case 0x3e:
          this.redirectOperator(c, -1);
          return;
      }
      this.unget(c);
      this.readWord();
      return;
    }
  }

  private follows(c: i32): bool {
    const next = this.getJoined();
    if (next == c) return true;
    this.unget(next);
    return false;
  }

  private readWord(): void {
    this.token = Token.Word;
    const w = new Word();
    this.word = w;
    this.parts(w, Context.Plain);
    if (w.parts.length != 1) return;
    const only = w.parts[0];
    if (only.kind != PartKind.Literal || only.isQuoted) return;
    if (only.text.len == 1 && isDigit(only.text[0])) {
      const c = this.get();
      if (c == 0x3c || c == 0x3e) {
        this.redirectOperator(c, <i32>only.text[0] - 0x30);
        return;
      }
      this.unget(c);
    }
    if (isPlain(only.text)) w.plain = only.text;
  }

  /** `first` is `<` or `>`; `fd` -1 stands for the operator's own default. */
  private redirectOperator(first: i32, fd: i32): void {
    this.token = Token.Redirect;
    this.stripsTabs = false;
    const c = this.getJoined();
    if (first == 0x3e) {
      this.redirFd = fd < 0 ? 1 : fd;
      if (c == 0x3e) this.redirKind = RedirKind.Append;
      else if (c == 0x7c) this.redirKind = RedirKind.Clobber;
      else if (c == 0x26) this.redirKind = RedirKind.DupOut;
      else {
        this.redirKind = RedirKind.Write;
        this.unget(c);
      }
      return;
    }
    this.redirFd = fd < 0 ? 0 : fd;
    if (c == 0x3c) {
      this.redirKind = RedirKind.HereDoc;
      const dash = this.getJoined();
      this.stripsTabs = dash == 0x2d;
      if (!this.stripsTabs) this.unget(dash);
    } else if (c == 0x3e) this.redirKind = RedirKind.ReadWrite;
    else if (c == 0x26) this.redirKind = RedirKind.DupIn;
    else {
      this.redirKind = RedirKind.Read;
      this.unget(c);
    }
  }

  /** The word is an alias that may be expanded here: its text takes the word's place. */
  protected substituteAlias(): bool {
    if (this.token != Token.Word) return false;
    const w = this.word;
    if (w.parts.length != 1 || w.parts[0].kind != PartKind.Literal || w.parts[0].isQuoted) return false;
    const alias = findAlias(w.parts[0].text);
    if (!alias || alias.isActive) return false;
    alias.isActive = true;
    // The blank keeps the alias active until the word at its end has been looked at.
    const s = new Source(new BytesBuilder().bytes(alias.value).byte(0x20).take(), null);
    s.alias = alias;
    s.below = this.source;
    this.source = s;
    this.advance();
    return true;
  }

  protected awaitHereDoc(redir: Redir): void {
    this.hereDocs.push(new PendingHereDoc(redir, this.stripsTabs));
  }

  private readHereDocs(): void {
    const pending = this.hereDocs;
    this.hereDocs = [];
    for (let i = 0; i < pending.length; i++) {
      const redir = pending[i].redir;
      const delimiter = new BytesBuilder();
      let isQuoted = false;
      const parts = redir.target.parts;
      for (let k = 0; k < parts.length; k++) {
        delimiter.bytes(parts[k].text);
        if (parts[k].isQuoted) isQuoted = true;
      }
      const text = this.hereDocText(delimiter.take(), pending[i].stripsTabs, isQuoted);
      const body = new Word();
      if (isQuoted) body.parts.push(new Part(PartKind.Literal, text, true));
      else this.hereDocParts(text, body);
      redir.body = body;
    }
  }

  /** Lines up to the delimiter or the end. Where expansion follows, a backslash joins the next line to this one. */
  private hereDocText(delimiter: Bytes, stripsTabs: bool, isQuoted: bool): Bytes {
    const text = new BytesBuilder();
    let isJoined = false;
    while (true) {
      const line = new BytesBuilder();
      let c = this.get();
      if (c == EOF) return text.take();
      if (stripsTabs) while (c == 9) c = this.get();
      let slashes = 0;
      for (; c != 10 && c != EOF; c = this.get()) {
        slashes = c == 0x5c ? slashes + 1 : 0;
        line.byte(<u8>c);
      }
      const s = line.take();
      if (!isJoined && s.equals(delimiter)) return text.take();
      text.bytes(s);
      if (c == 10) text.byte(10);
      isJoined = !isQuoted && (slashes & 1) == 1;
    }
  }

  private hereDocParts(text: Bytes, body: Word): void {
    const outer = this.source;
    const line = this.line;
    this.source = new Source(text, null);
    this.parts(body, Context.HereDoc);
    this.source = outer;
    this.line = line;
  }

  /** The next byte that is no blank is `c`; it stays unread. */
  protected nextIs(wanted: i32): bool {
    let c = this.getJoined();
    while (isBlank(c)) c = this.getJoined();
    this.unget(c);
    return c == wanted;
  }
}

/** No byte in it means anything to expansion. */
function isPlain(s: Bytes): bool {
  for (let i = 0; i < s.len; i++) {
    const c = s[i];
    if (c == 0x2a || c == 0x3f || c == 0x5b || c == 0x7e || c == 0x5c || endsWord(c)) return false;
  }
  return true;
}
