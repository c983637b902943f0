/** The shell grammar (POSIX XCU 2.10): one complete command at a time. */
import { Bytes } from "../../lib/bytes";
import {
  Assign,
  Binary,
  Case,
  CaseItem,
  For,
  FunctionDef,
  If,
  Loop,
  Node,
  NodeKind,
  Part,
  PartKind,
  Pipeline,
  Redir,
  RedirKind,
  Simple,
  Unary,
  Word,
} from "./ast";
import { Reader, Source } from "./source";
import { isDigit, isName, isText } from "./text";
import { Token, Tokens } from "./tokens";
import { Context } from "./word-reader";

/** Names that no function may have. */
const SPECIAL_BUILTINS = ". : break continue eval exec exit export local readonly return set shift times trap unset";
const TERMINATORS = "then else elif fi do done esac }";
const TOKEN_NAMES: StaticArray<string> = [
  "end of file",
  "newline",
  '";"',
  '";;"',
  '"&"',
  '"&&"',
  '"||"',
  '"|"',
  '"("',
  '")"',
  "word",
  "redirection",
];

@final
export class Parser extends Tokens {
  /** The last `command` met the end of the script. */
  isAtEnd: bool = false;

  static ofText(text: Bytes, line: i32 = 1): Parser {
    const p = new Parser(new Source(text, null));
    p.line = line;
    return p;
  }

  static ofReader(reader: Reader): Parser {
    return new Parser(new Source(new Bytes(new StaticArray<u8>(0), 0, 0), reader));
  }

  /** The next line's commands, or null: an empty line, the end (`isAtEnd`), or a syntax error (`hasFailed`, reported). */
  command(): Node | null {
    this.isContinuing = false;
    this.hereDocs = [];
    this.advance();
    if (this.token == Token.Newline) return null;
    if (this.token == Token.End) {
      this.isAtEnd = true;
      return null;
    }
    this.isContinuing = true;
    const n = this.list(false);
    if (this.token != Token.Newline && this.token != Token.End) this.unexpected("");
    // A here-document whose line is the last one: its body is empty.
    if (this.token == Token.End) this.isAtEnd = !this.hasFailed;
    return this.hasFailed ? null : n;
  }

  /** The whole text as the inside of a here-document: a prompt. */
  promptWord(): Word {
    const w = new Word();
    this.parts(w, Context.HereDoc);
    return w;
  }

  /** After an error at a prompt: forgets the rest of what was read. */
  recover(): void {
    this.hasFailed = false;
    this.isAtEnd = false;
    while (this.source.below) {
      if (this.source.alias) this.source.alias!.isActive = false;
      this.source = this.source.below!;
    }
    this.source.at = this.source.text.len;
  }

  protected substitution(): Node | null {
    const token = this.token;
    const word = this.word;
    const aliasNext = this.aliasNext;
    const hereDocs = this.hereDocs;
    this.hereDocs = [];
    this.advance();
    const n = this.list(true);
    if (this.token != Token.Close) this.expecting('")"');
    this.token = token;
    this.word = word;
    this.aliasNext = aliasNext;
    this.hereDocs = hereDocs;
    return n;
  }

  protected backquoted(text: Bytes): Node | null {
    const inner = Parser.ofText(text, this.line);
    inner.advance();
    const n = inner.list(true);
    if (inner.token != Token.End) inner.unexpected("");
    if (inner.hasFailed) this.hasFailed = true;
    return n;
  }

  private unexpected(expected: string): void {
    const isKeyword = this.token == Token.Word && isOneOf(this.word, TERMINATORS + " !");
    const what = isKeyword
      ? '"' + String.UTF8.decodeUnsafe(this.word.plain!.ptr, this.word.plain!.len) + '"'
      : TOKEN_NAMES[this.token];
    this.syntaxError(what + " unexpected" + (expected.length > 0 ? " (expecting " + expected + ")" : ""));
    this.token = Token.End;
  }

  private expecting(what: string): void {
    this.unexpected(what);
  }

  private isKeyword(text: string): bool {
    if (this.token != Token.Word) return false;
    const plain = this.word.plain;
    return plain ? isText(plain, text) : false;
  }

  private keyword(text: string): void {
    while (!this.isKeyword(text) && this.substituteAlias()) {}
    if (this.isKeyword(text)) this.advance();
    else this.expecting('"' + text + '"');
  }

  private skipNewlines(): void {
    while (this.token == Token.Newline) this.advance();
  }

  /**
   * Commands separated by `;`, `&` and, where `spansLines`, newlines; null when there are none. The token behind them is
   * current.
   */
  private list(spansLines: bool): Node | null {
    let all: Node | null = null;
    while (true) {
      if (spansLines) this.skipNewlines();
      while (this.substituteAlias()) {}
      if (spansLines && this.token == Token.Newline) continue;
      if (this.endsList()) return all;
      const line = this.line;
      let n = this.andOr();
      if (!n) return all;
      const isBackground = this.token == Token.Ampersand;
      if (isBackground) n = new Unary(NodeKind.Background, line, n);
      all = all ? new Binary(NodeKind.Sequence, line, all, n) : n;
      if (isBackground || this.token == Token.Semicolon) this.advance();
      else if (!spansLines || this.token != Token.Newline) return all;
    }
  }

  private endsList(): bool {
    switch (this.token) {
      case Token.End:
      case Token.Newline:
      case Token.Close:
      case Token.DoubleSemicolon:
        return true;
      case Token.Word:
        return isOneOf(this.word, TERMINATORS);
    }
    return false;
  }

  /** A list that must not be empty. */
  private body(): Node {
    const n = this.list(true);
    if (n) return n;
    // At the end of the script the caller says what is missing.
    if (this.token != Token.End) this.unexpected("");
    return new Simple(this.line);
  }

  private andOr(): Node | null {
    let left = this.pipeline();
    while (left && (this.token == Token.AndIf || this.token == Token.OrIf)) {
      const kind = this.token == Token.AndIf ? NodeKind.And : NodeKind.Or;
      const line = this.line;
      this.advance();
      this.skipNewlines();
      const right = this.pipeline();
      if (!right) return left;
      left = new Binary(kind, line, left, right);
    }
    return left;
  }

  private pipeline(): Node | null {
    while (this.substituteAlias()) {}
    const isNegated = this.isKeyword("!");
    if (isNegated) {
      this.advance();
    }
    const line = this.line;
    let n = this.single();
    if (n && this.token == Token.Pipe) {
      const p = new Pipeline(line);
      p.stages.push(n);
      while (this.token == Token.Pipe) {
        this.advance();
        this.skipNewlines();
        const next = this.single();
        if (!next) break;
        p.stages.push(next);
      }
      n = p;
    }
    return n && isNegated ? new Unary(NodeKind.Not, line, n) : n;
  }

  /** One simple or compound command; null after an error. */
  private single(): Node | null {
    while (this.substituteAlias()) {}
    const line = this.line;
    let n: Node | null = null;
    if (this.token == Token.Open) {
      this.advance();
      n = new Unary(NodeKind.Subshell, line, this.body());
      if (this.token != Token.Close) this.expecting('")"');
      else this.advance();
    } else if (this.token == Token.Redirect) return this.simple();
    else if (this.token != Token.Word) {
      this.unexpected("");
      return null;
    } else if (this.isKeyword("{")) {
      this.advance();
      n = new Unary(NodeKind.Group, line, this.body());
      this.keyword("}");
    } else if (this.isKeyword("if")) n = this.ifCommand();
    else if (this.isKeyword("while")) n = this.loop(NodeKind.While);
    else if (this.isKeyword("until")) n = this.loop(NodeKind.Until);
    else if (this.isKeyword("for")) n = this.forCommand();
    else if (this.isKeyword("case")) n = this.caseCommand();
    else if (isOneOf(this.word, TERMINATORS) || this.isKeyword("!")) {
      this.unexpected("");
      return null;
    } else return this.simple();
    return this.withRedirections(n, line);
  }

  private withRedirections(n: Node, line: i32): Node {
    if (this.token != Token.Redirect) return n;
    const holder =
      n.kind == NodeKind.Subshell || n.kind == NodeKind.Group
        ? changetype<Unary>(n)
        : new Unary(NodeKind.Group, line, n);
    while (this.token == Token.Redirect) this.redirection(holder.redirs);
    return holder;
  }

  private ifCommand(): Node {
    const line = this.line;
    this.advance();
    const test = this.body();
    this.keyword("then");
    const then = this.body();
    let otherwise: Node | null = null;
    if (this.isKeyword("elif")) return new If(line, test, then, this.ifCommand());
    if (this.isKeyword("else")) {
      this.advance();
      otherwise = this.body();
    }
    this.keyword("fi");
    return new If(line, test, then, otherwise);
  }

  private loop(kind: NodeKind): Node {
    const line = this.line;
    this.advance();
    const test = this.body();
    return new Loop(kind, line, test, this.doGroup());
  }

  private doGroup(): Node {
    this.keyword("do");
    const n = this.body();
    this.keyword("done");
    return n;
  }

  private forCommand(): Node {
    const line = this.line;
    this.advance();
    const name = this.word.plain;
    if (this.token != Token.Word || !name || !isName(name)) {
      this.syntaxError("Bad for loop variable");
      this.token = Token.End;
      return new Simple(line);
    }
    this.advance();
    const n = new For(line, name, new Simple(line));
    let words: Word[] | null = null;
    const isSeparated = this.token == Token.Semicolon;
    if (isSeparated) this.advance();
    this.skipNewlines();
    if (!isSeparated && this.isKeyword("in")) {
      words = [];
      this.advance();
      for (; this.token == Token.Word; this.advance()) words.push(this.word);
      if (this.token != Token.Semicolon && this.token != Token.Newline) this.unexpected("");
      this.advance();
      this.skipNewlines();
    }
    n.words = words;
    n.body = this.doGroup();
    return n;
  }

  private caseCommand(): Node {
    const line = this.line;
    this.advance();
    if (this.token != Token.Word) this.expecting("word");
    const n = new Case(line, this.word);
    this.advance();
    this.skipNewlines();
    if (!this.isKeyword("in")) this.expecting('"in"');
    this.advance();
    this.skipNewlines();
    while (!this.isKeyword("esac") && !this.hasFailed) {
      if (this.token == Token.Open) this.advance();
      const patterns: Word[] = [];
      while (true) {
        if (this.token != Token.Word) this.unexpected("");
        patterns.push(this.word);
        this.advance();
        if (this.token != Token.Pipe) break;
        this.advance();
      }
      if (this.token != Token.Close) this.expecting('")"');
      this.advance();
      n.items.push(new CaseItem(patterns, this.list(true)));
      if (this.token == Token.DoubleSemicolon) {
        this.advance();
        this.skipNewlines();
      } else if (!this.isKeyword("esac")) this.expecting('";;"');
    }
    this.keyword("esac");
    return n;
  }

  private simple(): Node {
    const n = new Simple(this.line);
    let mayAssign = true;
    while (true) {
      if (this.token == Token.Redirect) {
        this.redirection(n.redirs);
        continue;
      }
      if (this.aliasNext && n.words.length > 0) while (this.substituteAlias()) {}
      if (this.token == Token.Word) {
        const assign = mayAssign ? assignment(this.word) : null;
        if (assign) n.assigns.push(assign);
        else {
          mayAssign = false;
          n.words.push(this.word);
        }
        this.advance();
        // Behind an assignment or a redirection a command word may still follow, and be an alias.
        if (n.words.length == 0) while (this.substituteAlias()) {}
        continue;
      }
      if (this.token == Token.Open && n.words.length == 1 && n.assigns.length == 0 && n.redirs.length == 0) {
        return this.functionDef(n);
      }
      return n;
    }
  }

  private functionDef(head: Simple): Node {
    this.advance();
    if (this.token != Token.Close) {
      this.expecting('")"');
      return head;
    }
    const name = head.words[0].plain;
    if (!name || !isName(name) || isOneOf(head.words[0], SPECIAL_BUILTINS)) {
      this.syntaxError("Bad function name");
      this.token = Token.End;
      return head;
    }
    this.advance();
    this.skipNewlines();
    const body = this.single();
    return body ? new FunctionDef(head.line, name, body) : head;
  }

  private redirection(all: Redir[]): void {
    const kind = this.redirKind;
    const fd = this.redirFd;
    const stripsTabs = this.stripsTabs;
    this.advance();
    if (this.token != Token.Word) {
      this.unexpected("");
      return;
    }
    const r = new Redir(kind, fd, this.word);
    if (kind == RedirKind.HereDoc) {
      this.stripsTabs = stripsTabs;
      r.body = new Word();
      this.awaitHereDoc(r);
    } else if ((kind == RedirKind.DupIn || kind == RedirKind.DupOut) && isBadFd(this.word)) {
      this.syntaxError("Bad fd number");
    }
    all.push(r);
    this.advance();
  }
}

/** A literal word behind `>&` or `<&` must be one digit or `-`. */
function isBadFd(w: Word): bool {
  const s = w.plain;
  return s != null && !(s.len == 1 && (isDigit(s[0]) || s[0] == 0x2d));
}

/** `name=value`, or null. */
export function assignment(w: Word): Assign | null {
  if (w.parts.length == 0) return null;
  const first = w.parts[0];
  if (first.kind != PartKind.Literal || first.isQuoted) return null;
  const eq = first.text.indexOf(0x3d);
  if (eq <= 0 || !isName(first.text.slice(0, eq))) return null;
  const value = new Word();
  const rest = first.text.slice(eq + 1);
  if (rest.len > 0) value.parts.push(new Part(PartKind.Literal, rest, false));
  for (let i = 1; i < w.parts.length; i++) value.parts.push(w.parts[i]);
  if (w.plain) value.plain = rest;
  return new Assign(first.text.slice(0, eq), value);
}

/** The word is one of the space-separated `words`, unquoted. */
export function isOneOf(w: Word, words: string): bool {
  const s = w.plain;
  if (!s) return false;
  for (let at = 0; at < words.length;) {
    let end = words.indexOf(" ", at);
    if (end < 0) end = words.length;
    if (end - at == s.len) {
      let i = 0;
      while (i < s.len && s[i] == <u8>words.charCodeAt(at + i)) i++;
      if (i == s.len) return true;
    }
    at = end + 1;
  }
  return false;
}
