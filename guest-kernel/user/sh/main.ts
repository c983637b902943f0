/** sh: arguments, environment, and which script to run (POSIX XCU sh). */
import { Nr } from "../../abi/nr";
import { Bytes, b } from "../../lib/bytes";
import { environ } from "../libc/program";
import { sys } from "../libc/sys";
import { aliases } from "./alias";
import { addBuiltins } from "./builtin/table";
import { initWorkingDirectory } from "./builtin/cd";
import { parseOptions } from "./builtin/set";
import { warnOf } from "./errors";
import { EXIT } from "./evaluate";
import { exitShell } from "./exit";
import { functions } from "./functions";
import { interact, isTerminal, setJobControl } from "./interactive";
import { decimal } from "./parameters";
import { promptText } from "./prompt";
import { evaluateFile, evaluateText, openScript } from "./script";
import { DEFAULT_PATH } from "./search";
import { Flow, sh } from "./state";
import { isName } from "./text";
import { updateModeSignals } from "./trap";
import { assign, valueOf, variable } from "./variables";

const CANNOT_OPEN: i32 = 2;

/** Runs until the shell ends; the process ends with it. */
export function shell(args: Bytes[]): i32 {
  const isLogin = args[0].len > 0 && args[0][0] == 0x2d;
  sh.name = args[0];
  sh.pid = <i32>sys(Nr.getpid);
  addBuiltins();
  importEnvironment();
  let at = 1;
  let text: Bytes | null = null;
  // -c is no option of `set`: it is taken out of its cluster.
  const wantsText = takeCommandFlag(args);
  at = parseOptions(args, at);
  if (at < 0) {
    sh.status = 2;
    exitShell();
  }
  if (wantsText) {
    if (at >= args.length) {
      warnOf(b("-c"), "requires an argument");
      sh.status = 2;
      exitShell();
    }
    text = args[at++];
    if (at < args.length) sh.name = args[at++];
  }
  const fromInput = !wantsText && (at >= args.length || sh.has(0x73));
  let script = -1;
  if (!wantsText && !fromInput) {
    sh.name = args[at];
    script = openScript(args[at++]);
    if (script < 0) {
      warnOf(b("cannot open ").concat(sh.name), "No such file");
      sh.status = CANNOT_OPEN;
      exitShell();
    }
  }
  sh.params = args.slice(at);
  if (fromInput) sh.setOption(0x73, true);
  if (fromInput && args.length == at && isTerminal(0) && isTerminal(2)) sh.setOption(0x69, true);
  sh.isInteractive = sh.has(0x69);
  run(text, script, isLogin);
  exitShell();
  return sh.status;
}

function run(text: Bytes | null, script: i32, isLogin: bool): void {
  if (sh.isInteractive) {
    sh.setOption(0x6d, true);
    setJobControl(true);
    updateModeSignals();
  }
  if (isLogin) {
    sourceIfThere(b("/etc/profile"));
    const home = valueOf(b("HOME"));
    if (home && sh.flow == Flow.None) sourceIfThere(home.concat(b("/.profile")));
  }
  if (sh.isInteractive && sh.flow == Flow.None && valueOf(b("ENV"))) sourceIfThere(promptText(b("ENV"), ""));
  if (sh.flow == Flow.Exit) return;
  if (text) evaluateText(text, EXIT);
  else if (script >= 0) evaluateFile(script, EXIT);
  else if (sh.isInteractive) interact();
  else evaluateFile(0, EXIT);
}

/** Whether `-c` is among the options; it is removed from them. */
function takeCommandFlag(args: Bytes[]): bool {
  for (let i = 1; i < args.length && args[i].len > 1 && (args[i][0] == 0x2d || args[i][0] == 0x2b); i++) {
    const a = args[i];
    if (a[1] == 0x2d) return false;
    const c = a.indexOf(0x63);
    const takesName = a.indexOf(0x6f) >= 0;
    if (c > 0) {
      if (a.len == 2) args.splice(i, 1);
      else args[i] = a.slice(0, c).concat(a.slice(c + 1));
      return true;
    }
    if (takesName) i++;
  }
  return false;
}

function importEnvironment(): void {
  assignText("PS1", sys(Nr.geteuid) == 0 ? "# " : "$ ");
  assignText("PS2", "> ");
  assignText("PS4", "+ ");
  assign(b("PATH"), DEFAULT_PATH);
  for (let i = 0; i < environ.length; i++) {
    const eq = environ[i].indexOf(0x3d);
    if (eq <= 0) continue;
    const name = environ[i].slice(0, eq);
    if (!isName(name)) continue;
    assign(name, environ[i].slice(eq + 1));
    variable(name).isExported = true;
  }
  // These do not come from outside.
  assignText("IFS", " \t\n");
  assignText("OPTIND", "1");
  assign(b("PPID"), decimal(sys(Nr.getppid)));
  initWorkingDirectory();
}

function assignText(name: string, value: string): void {
  assign(b(name), b(value));
}

function sourceIfThere(path: Bytes): void {
  const fd = openScript(path);
  if (fd < 0) return;
  evaluateFile(fd, 0);
  if (sh.flow != Flow.Exit) sh.flow = Flow.None;
}

/** A program that the kernel cannot execute is a script: this process becomes a new shell for it. */
export function runForeignScript(path: Bytes, args: Bytes[]): void {
  const fd = openScript(path);
  if (fd < 0) return;
  functions.clear();
  aliases.clear();
  sh.options = 0;
  sh.loops = 0;
  sh.functions = 0;
  sh.pid = <i32>sys(Nr.getpid);
  sh.name = path;
  sh.params = args.slice(1);
  evaluateFile(fd, EXIT);
  exitShell();
}
