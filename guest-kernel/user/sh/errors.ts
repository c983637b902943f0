/** Messages of the shell, in dash's form: `name: line: [command: ]text`. */
import { Bytes } from "../../lib/bytes";
import { stderr, stdout } from "../libc/out";
import { strerror } from "../libc/strerror";
import { Flow, sh } from "./state";

function prefix(): void {
  stdout.flush();
  stderr.bytes(sh.name).text(": ").dec(sh.line).text(": ");
  if (sh.command.len > 0) stderr.bytes(sh.command).text(": ");
}

/** Prints a message; nothing else happens. */
export function warn(text: string): void {
  prefix();
  stderr.text(text).line().flush();
}

/** `what: text` */
export function warnOf(what: Bytes, text: string): void {
  prefix();
  stderr.bytes(what).text(": ").text(text).line().flush();
}

/** `text what` */
export function warnAbout(text: string, what: Bytes): void {
  prefix();
  stderr.text(text).text(" ").bytes(what).line().flush();
}

/** `text what: <the errno's message>` */
export function warnErrno(text: string, what: Bytes, error: i64): void {
  prefix();
  stderr
    .text(text)
    .text(" ")
    .bytes(what)
    .text(": ")
    .text(strerror(<i32>error))
    .line()
    .flush();
}

/** An error of the shell: status 2, and everything up to the prompt is skipped. */
export function abort(): void {
  sh.status = 2;
  sh.flow = Flow.Abort;
}

export function fail(text: string): void {
  warn(text);
  abort();
}

export function failOf(what: Bytes, text: string): void {
  warnOf(what, text);
  abort();
}

/** An error of a builtin: for `return` in it. */
export function failed(text: string): i32 {
  fail(text);
  return 2;
}

export function failedOf(what: Bytes, text: string): i32 {
  failOf(what, text);
  return 2;
}

/** `text what` */
export function failedAbout(text: string, what: Bytes): i32 {
  warnAbout(text, what);
  abort();
  return 2;
}

export function illegalNumber(s: Bytes): i32 {
  return failedAbout("Illegal number:", s);
}
