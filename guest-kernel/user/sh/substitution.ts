/** Command substitution (POSIX XCU 2.6.3): the output of a forked shell. */
import { O_CLOEXEC } from "../../abi/fcntl";
import { Bytes, b } from "../../lib/bytes";
import { close, dup3, pipe2 } from "../libc/sys";
import { Node } from "./ast";
import { fail } from "./errors";
import { EXIT, evaluate } from "./evaluate";
import { ForkMode, Job, forkShell } from "./fork";
import { waitForJob } from "./jobs";
import { exitShell } from "./exit";
import { readAll } from "./script";
import { sh } from "./state";

const pipe: usize = memory.data(8, 4);
const EMPTY = b("");

/** What `body` writes, without the newlines at its end. Sets `sh.substitution`. */
export function substitute(body: Node | null): Bytes {
  sh.substitution = 0;
  if (!body) return EMPTY;
  if (pipe2(pipe, O_CLOEXEC) < 0) {
    fail("Pipe call failed");
    return EMPTY;
  }
  const input = load<i32>(pipe);
  const output = load<i32>(pipe + 4);
  const job = new Job(EMPTY);
  const pid = forkShell(job, ForkMode.Substitution);
  if (pid == 0) {
    close(input);
    if (output != 1) {
      dup3(output, 1);
      close(output);
    }
    evaluate(body, EXIT);
    exitShell();
  }
  close(output);
  const text = pid > 0 ? readAll(input) : EMPTY;
  close(input);
  if (pid > 0) sh.substitution = waitForJob(job);
  return withoutNul(text);
}

function withoutNul(s: Bytes): Bytes {
  let end = s.len;
  while (end > 0 && s[end - 1] == 10) end--;
  if (s.indexOf(0) < 0) return s.slice(0, end);
  const r = Bytes.alloc(end);
  let n = 0;
  for (let i = 0; i < end; i++) if (s[i] != 0) r[n++] = s[i];
  return r.slice(0, n);
}
