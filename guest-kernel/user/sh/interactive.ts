/** The shell at a terminal: prompts, job reports, ^C, and job control. */
import { TCGETS } from "../../abi/termios";
import { Bytes, b } from "../../lib/bytes";
import { getenv } from "../libc/program";
import { stderr } from "../libc/out";
import { SIGINT, dropPending } from "../libc/signal";
import { ioctl } from "../libc/sys";
import { LineEditor } from "./edit/line-editor";
import { evaluate } from "./evaluate";
import { ageWarning, reportChanges } from "./jobs";
import { holdNode, holdParser, releaseNode, safePoint, spend } from "./memory";
import { Parser } from "./parser";
import { promptText } from "./prompt";
import { FileReader } from "./script";
import { Reader } from "./source";
import { Flow, sh } from "./state";
import { leaveTerminal, takeTerminal } from "./terminal";
import { runTraps, updateModeSignals } from "./trap";
import { warn } from "./errors";

const PS1 = b("PS1");
const PS2 = b("PS2");
const termios: usize = memory.data(64, 8);
const IGNORED_EOFS: i32 = 50;

export function isTerminal(fd: i32): bool {
  return ioctl(fd, TCGETS, termios) == 0;
}

/** `set -m`. Without a terminal the option stays off. */
export function setJobControl(isOn: bool): void {
  if (isOn) {
    // SIGTTOU and its like must be ignored before the terminal changes hands.
    updateModeSignals();
    if (takeTerminal()) return;
    warn("can't access tty; job control turned off");
    sh.setOption(0x6d, false);
  } else leaveTerminal();
  updateModeSignals();
}

/** Lines from the terminal, with a prompt; edited where the terminal can do that. */
@final
class PromptReader extends Reader {
  private editor: LineEditor | null = null;
  private file: FileReader = new FileReader(0);

  constructor() {
    super();
    const term = getenv("TERM");
    const isDumb = term != null && term.equals(b("dumb"));
    if (!isDumb && isTerminal(0) && isTerminal(2)) this.editor = new LineEditor();
  }

  next(isContinuation: bool): Bytes | null {
    const prompt = isContinuation ? promptText(PS2, "> ") : promptText(PS1, "$ ");
    const editor = this.editor;
    if (editor) {
      const line = editor.read(prompt);
      this.wasInterrupted = editor.wasInterrupted;
      return line;
    }
    stderr.bytes(prompt).flush();
    this.wasInterrupted = false;
    const line = this.file.next(isContinuation);
    if (!line && hasInterrupt()) this.wasInterrupted = true;
    return line;
  }
}

/** ^C in a line that the terminal edits. */
function hasInterrupt(): bool {
  runTraps();
  const was = sh.flow == Flow.Interrupt;
  dropPending(SIGINT);
  return was;
}

/** Reads and evaluates until `exit` or the end of the input. */
export function interact(): void {
  const reader = new PromptReader();
  const parser = Parser.ofReader(reader);
  holdParser(parser);
  let ends = 0;
  for (;;) {
    reportChanges();
    sh.flow = Flow.None;
    const n = parser.command();
    if (parser.hasFailed || reader.wasInterrupted) {
      sh.status = reader.wasInterrupted ? 128 + SIGINT : 2;
      reader.wasInterrupted = false;
      parser.recover();
      continue;
    }
    if (n) {
      ends = 0;
      ageWarning();
      holdNode(n);
      evaluate(n, 0);
      releaseNode();
      sh.loops = 0;
      sh.functions = 0;
      if (sh.flow == Flow.Exit) return;
    } else {
      runTraps();
      if (parser.isAtEnd) {
        if (!sh.has(0x49) || ++ends > IGNORED_EOFS) break;
        stderr.text('Use "exit" to leave shell.').line().flush();
        parser.recover();
      }
    }
    spend(4096);
    safePoint();
  }
  stderr.line().flush();
}
