/** Every builtin of the shell, by name. */
import { Bytes, b } from "../../../lib/bytes";
import { NameTable } from "../name-table";
import { aliasBuiltin, unalias } from "./alias";
import { cd, pwd } from "./cd";
import { breakBuiltin, colon, continueBuiltin, dot, evalBuiltin, exec, exitBuiltin, returnBuiltin } from "./control";
import { echo } from "./echo";
import { getopts } from "./getopts";
import { bg, fg, jobs, wait } from "./job-control";
import { kill } from "./kill";
import { command, hash, type } from "./names";
import { printf } from "./printf";
import { read } from "./read";
import { set, shift } from "./set";
import { bracket, test } from "./test";
import { times } from "./times";
import { trap } from "./trap";
import { ulimit } from "./ulimit";
import { umask } from "./umask";
import { exportBuiltin, local, readonly, unsetBuiltin } from "./variables";

const enum Flag {
  None = 0,
  /** POSIX XCU 2.14: an error ends the shell, and assignments before it stay. */
  Special = 1,
  /** Operands of the form name=value are expanded as assignments. */
  Assigns = 2,
  /** Redirections stay when there is no operand: exec. */
  Keeps = 4,
}

@final
export class Builtin {
  constructor(
    /** Gets the name and the operands; returns the status. */
    public run: (args: Bytes[]) => i32,
    private flags: i32,
  ) {}

  get isSpecial(): bool {
    return (this.flags & Flag.Special) != 0;
  }
  get takesAssignments(): bool {
    return (this.flags & Flag.Assigns) != 0;
  }
  get keepsRedirections(): bool {
    return (this.flags & Flag.Keeps) != 0;
  }
}

const builtins = new NameTable<Builtin>();

function add(name: string, run: (args: Bytes[]) => i32, flags: i32 = Flag.None): void {
  builtins.set(b(name), new Builtin(run, flags));
}

export function addBuiltins(): void {
  add(".", dot, Flag.Special);
  add(":", colon, Flag.Special);
  add("[", bracket);
  add("alias", aliasBuiltin, Flag.Assigns);
  add("bg", bg);
  add("break", breakBuiltin, Flag.Special);
  add("cd", cd);
  add("chdir", cd);
  add("command", command);
  add("continue", continueBuiltin, Flag.Special);
  add("echo", echo);
  add("eval", evalBuiltin, Flag.Special);
  add("exec", exec, Flag.Special | Flag.Keeps);
  add("exit", exitBuiltin, Flag.Special);
  add("export", exportBuiltin, Flag.Special | Flag.Assigns);
  add("false", falseBuiltin);
  add("fg", fg);
  add("getopts", getopts);
  add("hash", hash);
  add("jobs", jobs);
  add("kill", kill);
  add("local", local, Flag.Special | Flag.Assigns);
  add("printf", printf);
  add("pwd", pwd);
  add("read", read);
  add("readonly", readonly, Flag.Special | Flag.Assigns);
  add("return", returnBuiltin, Flag.Special);
  add("set", set, Flag.Special);
  add("shift", shift, Flag.Special);
  add("test", test);
  add("times", times, Flag.Special);
  add("trap", trap, Flag.Special);
  add("true", colon);
  add("type", type);
  add("ulimit", ulimit);
  add("umask", umask);
  add("unalias", unalias);
  add("unset", unsetBuiltin, Flag.Special);
  add("wait", wait);
}

function falseBuiltin(_args: Bytes[]): i32 {
  return 1;
}

export function findBuiltin(name: Bytes): Builtin | null {
  return builtins.get(name);
}

export function builtinNames(): Bytes[] {
  return builtins.names();
}
