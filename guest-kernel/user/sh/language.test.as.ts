/** What language.test.ts drives: the parts of the shell that need no process, on texts that the test writes to `io`. */
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { formatFloat } from "../libc/float-format";
import { arithmetic } from "./arithmetic";
import { Simple, NodeKind } from "./ast";
import { commandText } from "./command-text";
import { expandPattern, expandWords } from "./expand";
import { matches } from "./pattern";
import { Parser } from "./parser";
import { Flow, sh } from "./state";
import { assign, unset, valueOf } from "./variables";

const io: usize = memory.data(16384);

export function ioAddress(): usize {
  return io;
}

function input(n: i32): Bytes {
  return Bytes.copyOf(io, n);
}

function output(s: Bytes): i32 {
  memory.copy(io, s.ptr, s.len);
  return s.len;
}

/** Parses all commands; one a line as text again, or -1 after a syntax error. */
export function parse(n: i32): i32 {
  const p = Parser.ofText(input(n));
  const out = new BytesBuilder();
  while (!p.isAtEnd) {
    const command = p.command();
    if (p.hasFailed) return -1;
    if (command) out.bytes(commandText(command)).byte(10);
  }
  return output(out.take());
}

/** The fields that a simple command's words expand to, each in brackets; -1 after an error. */
export function expand(n: i32): i32 {
  sh.flow = Flow.None;
  sh.line = 1;
  const command = Parser.ofText(input(n)).command();
  if (!command || command.kind != NodeKind.Simple) return -1;
  const fields: Bytes[] = [];
  expandWords(changetype<Simple>(command).words, fields);
  if (sh.flow != Flow.None) return -1;
  const out = new BytesBuilder();
  for (let i = 0; i < fields.length; i++) out.byte(0x5b).bytes(fields[i]).byte(0x5d);
  return output(out.take());
}

/** `io` holds a pattern as a shell word, a newline, and the subject. */
export function match(n: i32): bool {
  sh.flow = Flow.None;
  const all = input(n);
  const cut = all.indexOf(10);
  const command = Parser.ofText(all.slice(0, cut)).command();
  const p = expandPattern(changetype<Simple>(command!).words[0]);
  return matches(p, 0, p.len, all.slice(cut + 1));
}

/** The value; `failed` says whether there is one. */
export function evaluate(n: i32): i64 {
  sh.flow = Flow.None;
  return arithmetic(input(n));
}
export function failed(): bool {
  return sh.flow != Flow.None;
}

/** `io` holds `name=value`, or a name to be unset. */
export function setVariable(n: i32): void {
  const s = input(n);
  const eq = s.indexOf(0x3d);
  if (eq < 0) unset(s);
  else assign(s.slice(0, eq).clone(), s.slice(eq + 1).clone());
}
export function getVariable(n: i32): i32 {
  const v = valueOf(input(n));
  return v ? output(v) : -1;
}
/** The positional parameters: `io` holds them, a newline behind each. */
export function setParameters(n: i32): void {
  const s = input(n);
  sh.params = [];
  for (let at = 0; at < s.len;) {
    const end = s.indexOf(10, at);
    sh.params.push(s.slice(at, end));
    at = end + 1;
  }
}

export function float(v: f64, letter: i32, precision: i32): i32 {
  return output(formatFloat(v, <u8>letter, precision, false));
}
