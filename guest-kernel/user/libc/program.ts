/** What a program was started with: arguments, environment, and its name for messages. */
import { Bytes, b } from "../../lib/bytes";
import { ld64, ld8 } from "./rv";
import { stderr, stdout } from "./out";
import { strerror } from "./strerror";

export let args: Bytes[] = [];
export let environ: Bytes[] = [];
/** What stands before the colon of a message. */
export let programName: Bytes = b("strata");

export function setProgramName(name: Bytes): void {
  programName = name;
}

/** Copies argv and envp from the initial stack (psABI: argc, argv…, NULL, envp…, NULL). */
export function readStartup(sp: u64): void {
  const argc = ld64(sp);
  let at = sp + 8;
  for (let i: u64 = 0; i < argc; i++, at += 8) args.push(stringAt(ld64(at)));
  at += 8;
  for (let p = ld64(at); p != 0; p = ld64(at)) {
    environ.push(stringAt(p));
    at += 8;
  }
}

function stringAt(p: u64): Bytes {
  let n = 0;
  while (ld8(p + n) != 0) n++;
  const s = Bytes.alloc(n);
  for (let i = 0; i < n; i++) s[i] = <u8>ld8(p + i);
  return s;
}

/** The value of an environment variable, or null. */
export function getenv(name: string): Bytes | null {
  const prefix = b(name + "=");
  for (let i = 0; i < environ.length; i++) {
    if (environ[i].startsWith(prefix)) return environ[i].slice(prefix.len);
  }
  return null;
}

/** Prints `name: text` to standard error, after what standard output holds. Returns 1, the usual status. */
export function complain(text: string): i32 {
  stdout.flush();
  stderr.bytes(programName).text(": ").text(text).line().flush();
  return 1;
}

/** Prints `name: what: text`. Returns 1. */
export function complainOf(what: Bytes, text: string): i32 {
  stdout.flush();
  stderr.bytes(programName).text(": ").bytes(what).text(": ").text(text).line().flush();
  return 1;
}

/** Prints `name: what: <the errno's message>`. Returns 1. */
export function fails(what: Bytes, error: i64): i32 {
  return complainOf(what, strerror(<i32>error));
}

/** Prints `name: doing 'what': <the errno's message>`, as coreutils do. Returns 1. */
export function cannot(doing: string, what: Bytes, error: i64): i32 {
  stdout.flush();
  stderr.bytes(programName).text(": cannot ").text(doing).text(" '").bytes(what).text("': ");
  stderr
    .text(strerror(<i32>error))
    .line()
    .flush();
  return 1;
}
