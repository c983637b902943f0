/** What the parser makes of a script: words with their quoting, and commands. The evaluator switches on `kind`. */
import { Bytes } from "../../lib/bytes";

export const enum PartKind {
  Literal,
  Parameter,
  Command,
  Arithmetic,
}

/** What stands behind the name in `${name…}`. */
export const enum Op {
  None,
  Length,
  Default,
  Assign,
  Error,
  Alternative,
  ShortSuffix,
  LongSuffix,
  ShortPrefix,
  LongPrefix,
  /** A syntax that no shell knows: an error when it is expanded. */
  Bad,
}

@final
export class Part {
  op: Op = Op.None;
  /** ':' before the operator: an empty value counts as unset. */
  hasColon: bool = false;
  /** Operand of a parameter expansion; text of an arithmetic expansion. */
  word: Word | null = null;
  /** Commands of a substitution. */
  body: Node | null = null;

  constructor(
    public kind: PartKind,
    /** Literal text or parameter name. */
    public text: Bytes,
    public isQuoted: bool,
  ) {}
}

@final
export class Word {
  parts: Part[] = [];
  /** The word's own text where nothing in it is quoted, expanded, a pattern or a tilde. */
  plain: Bytes | null = null;
}

export const enum NodeKind {
  Simple,
  Pipeline,
  And,
  Or,
  Sequence,
  Background,
  Not,
  If,
  While,
  Until,
  For,
  Case,
  Group,
  Subshell,
  Function,
}

export abstract class Node {
  constructor(
    public kind: NodeKind,
    public line: i32,
  ) {}
}

export const enum RedirKind {
  Read,
  Write,
  Clobber,
  Append,
  ReadWrite,
  DupIn,
  DupOut,
  HereDoc,
}

@final
export class Redir {
  /** The body of a here-document; its quoting says what is expanded. */
  body: Word | null = null;

  constructor(
    public kind: RedirKind,
    public fd: i32,
    /** File name, descriptor, or the delimiter of a here-document. */
    public target: Word,
  ) {}
}

@final
export class Assign {
  constructor(
    public name: Bytes,
    public value: Word,
  ) {}
}

@final
export class Simple extends Node {
  assigns: Assign[] = [];
  words: Word[] = [];
  redirs: Redir[] = [];
  constructor(line: i32) {
    super(NodeKind.Simple, line);
  }
}

@final
export class Pipeline extends Node {
  stages: Node[] = [];
  constructor(line: i32) {
    super(NodeKind.Pipeline, line);
  }
}

/** And, Or, Sequence: `left` then perhaps `right`. */
@final
export class Binary extends Node {
  constructor(
    kind: NodeKind,
    line: i32,
    public left: Node,
    public right: Node,
  ) {
    super(kind, line);
  }
}

/** Not, Background, Group (braces, or any compound command with redirections), Subshell. */
@final
export class Unary extends Node {
  redirs: Redir[] = [];
  constructor(
    kind: NodeKind,
    line: i32,
    public body: Node,
  ) {
    super(kind, line);
  }
}

@final
export class If extends Node {
  constructor(
    line: i32,
    public test: Node,
    public then: Node,
    public otherwise: Node | null,
  ) {
    super(NodeKind.If, line);
  }
}

/** While and Until. */
@final
export class Loop extends Node {
  constructor(
    kind: NodeKind,
    line: i32,
    public test: Node,
    public body: Node,
  ) {
    super(kind, line);
  }
}

@final
export class For extends Node {
  /** Null: "$@". */
  words: Word[] | null = null;
  constructor(
    line: i32,
    public name: Bytes,
    public body: Node,
  ) {
    super(NodeKind.For, line);
  }
}

@final
export class CaseItem {
  constructor(
    public patterns: Word[],
    /** Null: nothing to do. */
    public body: Node | null,
  ) {}
}

@final
export class Case extends Node {
  items: CaseItem[] = [];
  constructor(
    line: i32,
    public word: Word,
  ) {
    super(NodeKind.Case, line);
  }
}

@final
export class FunctionDef extends Node {
  constructor(
    line: i32,
    public name: Bytes,
    public body: Node,
  ) {
    super(NodeKind.Function, line);
  }
}
