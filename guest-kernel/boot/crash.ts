/** `strata.crash=KIND` on the command line: a kernel bug on purpose, so that tests see the report of each kind. */
import { symAddr_rodata_start, symAddr_text_start } from "../hal/rv";
import { Bytes, b } from "../lib/bytes";

/** Returns when `kind` is none of them. */
export function crash(kind: Bytes): void {
  if (kind.equals(b("assert"))) assert(kind.len == 0, "asked for by strata.crash");
  if (kind.equals(b("bounds"))) kind.buf[kind.buf.length + opaque(1)] = 0;
  if (kind.equals(b("unreachable"))) unreachable();
  if (kind.equals(b("divide"))) sink = 1 / opaque(0);
  if (kind.equals(b("call"))) sink = call_indirect<i32>(opaque(100_000));
  if (kind.equals(b("null"))) sink = load<i32>(opaque(0));
  if (kind.equals(b("code"))) store<u32>(symAddr_text_start(), 0);
  if (kind.equals(b("constant"))) store<u32>(symAddr_rodata_start(), 0);
  if (kind.equals(b("stack"))) sink = descend(opaque(1));
}

let sink: i32 = 0;

/** `n`, in a way that no optimiser sees through. */
function opaque(n: i32): i32 {
  return sink == 0 ? n : sink;
}

/** Needs more stack than there is. */
function descend(n: i32): i32 {
  if (n == 0) return sink;
  return (descend(n + 1) * 3) ^ (descend(n + 2) + n);
}
