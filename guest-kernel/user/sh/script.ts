/** Running scripts: commands are parsed one line at a time and evaluated at once, so that each may change how the next is read. */
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { F_DUPFD_CLOEXEC } from "../../abi/fcntl";
import { O_CLOEXEC, O_RDONLY } from "../../abi/fcntl";
import { stderr } from "../libc/out";
import { close, fcntl, open, read } from "../libc/sys";
import { EXIT, evaluate } from "./evaluate";
import { holdNode, holdParser, releaseNode, releaseParser, safePoint, spend } from "./memory";
import { Parser } from "./parser";
import { Reader } from "./source";
import { Flow, sh } from "./state";
import { runTraps } from "./trap";

const CHUNK: i32 = 8192;
/** Descriptors from here on are the shell's own. */
const FIRST_PRIVATE_FD: u64 = 10;
const buffer: usize = memory.data(8192);

/** Reads a script from a descriptor. */
@final
export class FileReader extends Reader {
  constructor(public fd: i32) {
    super();
  }

  next(_isContinuation: bool): Bytes | null {
    const n = read(this.fd, buffer, CHUNK);
    if (n <= 0) return null;
    const s = Bytes.copyOf(buffer, <i32>n);
    spend(CHUNK);
    if (sh.has(0x76)) stderr.bytes(s).flush();
    return s;
  }
}

/** Evaluates everything that `p` has to offer. Returns the status of the last command, 0 when there was none. */
export function evaluateAll(p: Parser, flags: i32): i32 {
  holdParser(p);
  let status = 0;
  while (sh.flow == Flow.None) {
    const n = p.command();
    if (p.hasFailed) {
      sh.status = 2;
      sh.flow = Flow.Abort;
      break;
    }
    if (n) {
      // A command that ends the script may take the shell's place.
      const isLast = p.isAtEnd && (flags & EXIT) != 0;
      holdNode(n);
      evaluate(n, isLast ? flags : flags & ~EXIT);
      releaseNode();
      status = sh.status;
      spend(2048);
      safePoint();
    } else runTraps();
    if (p.isAtEnd) break;
  }
  releaseParser();
  return sh.flow == Flow.None ? status : sh.status;
}

export function evaluateText(text: Bytes, flags: i32): i32 {
  return evaluateAll(Parser.ofText(text, sh.line), flags);
}

/** Opens a script on a descriptor that no redirection of the script's own touches; -errno on failure. */
export function openScript(path: Bytes): i32 {
  const fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? fd : moveAway(fd);
}

export function moveAway(fd: i32): i32 {
  if (fd >= <i32>FIRST_PRIVATE_FD) return fd;
  const copy = <i32>fcntl(fd, F_DUPFD_CLOEXEC, FIRST_PRIVATE_FD);
  close(fd);
  return copy;
}

/** Evaluates the script on `fd`, and closes it. */
export function evaluateFile(fd: i32, flags: i32): i32 {
  const line = sh.line;
  const status = evaluateAll(Parser.ofReader(new FileReader(fd)), flags);
  close(fd);
  sh.line = line;
  return status;
}

/** Everything that can be read from `fd`. */
export function readAll(fd: i32): Bytes {
  const out = new BytesBuilder();
  for (;;) {
    const n = read(fd, buffer, CHUNK);
    if (n == -4) continue;
    if (n <= 0) break;
    out.bytes(Bytes.copyOf(buffer, <i32>n));
  }
  spend(out.len * 4);
  return out.take();
}
