/** A command as text again, for the lines of `jobs`. */
import { Bytes, BytesBuilder } from "../../lib/bytes";
import {
  Binary,
  Case,
  For,
  FunctionDef,
  If,
  Loop,
  Node,
  NodeKind,
  Op,
  Part,
  PartKind,
  Pipeline,
  Redir,
  RedirKind,
  Simple,
  Unary,
  Word,
} from "./ast";

const OPERATORS: StaticArray<string> = ["", "", "-", "=", "?", "+", "%", "%%", "#", "##", ""];
const REDIRECTIONS: StaticArray<string> = ["<", ">", ">|", ">>", "<>", "<&", ">&", "<<"];

export function commandText(n: Node): Bytes {
  const out = new BytesBuilder();
  write(n, out);
  return out.take();
}

function write(n: Node, out: BytesBuilder): void {
  switch (n.kind) {
    case NodeKind.Simple: {
      const c = changetype<Simple>(n);
      let first = true;
      for (let i = 0; i < c.assigns.length; i++) {
        if (!first) out.byte(0x20);
        out.bytes(c.assigns[i].name).byte(0x3d);
        writeWord(c.assigns[i].value, out);
        first = false;
      }
      for (let i = 0; i < c.words.length; i++) {
        if (!first) out.byte(0x20);
        writeWord(c.words[i], out);
        first = false;
      }
      writeRedirs(c.redirs, out);
      break;
    }
    case NodeKind.Pipeline: {
      const p = changetype<Pipeline>(n);
      for (let i = 0; i < p.stages.length; i++) {
        if (i > 0) out.text(" | ");
        write(p.stages[i], out);
      }
      break;
    }
    case NodeKind.And:
    case NodeKind.Or:
    case NodeKind.Sequence: {
      const l = changetype<Binary>(n);
      write(l.left, out);
      out.text(n.kind == NodeKind.And ? " && " : n.kind == NodeKind.Or ? " || " : "; ");
      write(l.right, out);
      break;
    }
    case NodeKind.Background:
      write(changetype<Unary>(n).body, out);
      out.text(" &");
      break;
    case NodeKind.Not:
      out.text("! ");
      write(changetype<Unary>(n).body, out);
      break;
    case NodeKind.Group:
    case NodeKind.Subshell: {
      const u = changetype<Unary>(n);
      out.text(n.kind == NodeKind.Group ? "{ " : "(");
      write(u.body, out);
      out.text(n.kind == NodeKind.Group ? "; }" : ")");
      writeRedirs(u.redirs, out);
      break;
    }
    case NodeKind.If: {
      const c = changetype<If>(n);
      out.text("if ");
      write(c.test, out);
      out.text("; then ");
      write(c.then, out);
      const otherwise = c.otherwise;
      if (otherwise) {
        out.text("; else ");
        write(otherwise, out);
      }
      out.text("; fi");
      break;
    }
    case NodeKind.While:
    case NodeKind.Until: {
      const l = changetype<Loop>(n);
      out.text(n.kind == NodeKind.While ? "while " : "until ");
      write(l.test, out);
      out.text("; do ");
      write(l.body, out);
      out.text("; done");
      break;
    }
    case NodeKind.For: {
      const f = changetype<For>(n);
      out.text("for ").bytes(f.name);
      const words = f.words;
      if (words) {
        out.text(" in");
        for (let i = 0; i < words.length; i++) {
          out.byte(0x20);
          writeWord(words[i], out);
        }
      }
      out.text("; do ");
      write(f.body, out);
      out.text("; done");
      break;
    }
    case NodeKind.Case:
      out.text("case ");
      writeWord(changetype<Case>(n).word, out);
      out.text(" in ... esac");
      break;
    case NodeKind.Function:
      out.bytes(changetype<FunctionDef>(n).name).text("() { ... }");
      break;
  }
}

function writeRedirs(redirs: Redir[], out: BytesBuilder): void {
  for (let i = 0; i < redirs.length; i++) {
    const r = redirs[i];
    out.byte(0x20);
    const isInput =
      r.kind == RedirKind.Read ||
      r.kind == RedirKind.ReadWrite ||
      r.kind == RedirKind.DupIn ||
      r.kind == RedirKind.HereDoc;
    if (r.fd != (isInput ? 0 : 1)) out.dec(r.fd);
    out.text(REDIRECTIONS[r.kind]);
    writeWord(r.target, out);
  }
}

function writeWord(w: Word, out: BytesBuilder): void {
  for (let i = 0; i < w.parts.length; i++) {
    const p = w.parts[i];
    if (p.isQuoted) out.byte(0x22);
    writePart(p, out);
    if (p.isQuoted) out.byte(0x22);
  }
}

function writePart(p: Part, out: BytesBuilder): void {
  switch (p.kind) {
    case PartKind.Literal:
      out.bytes(p.text);
      break;
    case PartKind.Parameter:
      if (p.op == Op.None) out.byte(0x24).bytes(p.text);
      else {
        out.text(p.op == Op.Length ? "${#" : "${").bytes(p.text);
        if (p.hasColon) out.byte(0x3a);
        out.text(OPERATORS[p.op]);
        const operand = p.word;
        if (operand) writeWord(operand, out);
        out.byte(0x7d);
      }
      break;
    case PartKind.Command:
      out.text("$(...)");
      break;
    case PartKind.Arithmetic:
      out.text("$((");
      // Its parts count as quoted, without quotes.
      const parts = p.word!.parts;
      for (let i = 0; i < parts.length; i++) writePart(parts[i], out);
      out.text("))");
      break;
  }
}
