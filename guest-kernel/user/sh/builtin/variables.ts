/** export, readonly, unset, local. */
import { Bytes } from "../../../lib/bytes";
import { stdout } from "../../libc/out";
import { failOf, failed, failedOf } from "../errors";
import { functions } from "../functions";
import { writeQuoted } from "../quote";
import { Flow, sh } from "../state";
import { isName, isText } from "../text";
import { allVariables, assign, makeLocal, unset, variable } from "../variables";

export function exportBuiltin(args: Bytes[]): i32 {
  return mark(args, true);
}

export function readonly(args: Bytes[]): i32 {
  return mark(args, false);
}

function mark(args: Bytes[], exports: bool): i32 {
  const lists = args.length > 1 && isText(args[1], "-p");
  if (args.length == 1 || lists) {
    const all = allVariables();
    for (let i = 0; i < all.length; i++) {
      const v = all[i];
      if (exports ? !v.isExported : !v.isReadonly) continue;
      stdout.text(exports ? "export " : "readonly ").bytes(v.name);
      const value = v.value;
      if (value) {
        stdout.byte(0x3d);
        writeQuoted(value, stdout);
      }
      stdout.line();
    }
    return 0;
  }
  for (let i = isText(args[1], "--") ? 2 : 1; i < args.length; i++) {
    const name = nameOf(args[i]);
    if (!isName(name)) return failedOf(name, "bad variable name");
    if (name.len < args[i].len && !assign(name, args[i].slice(name.len + 1))) return 2;
    if (exports) variable(name).isExported = true;
    else variable(name).isReadonly = true;
  }
  return 0;
}

function nameOf(arg: Bytes): Bytes {
  const eq = arg.indexOf(0x3d);
  return eq < 0 ? arg : arg.slice(0, eq);
}

export function unsetBuiltin(args: Bytes[]): i32 {
  let ofFunctions = false;
  let i = 1;
  for (; i < args.length && args[i].len > 1 && args[i][0] == 0x2d; i++) {
    if (isText(args[i], "--")) {
      i++;
      break;
    }
    for (let k = 1; k < args[i].len; k++) {
      const c = args[i][k];
      if (c != 0x66 && c != 0x76) return failed("Illegal option -" + String.fromCharCode(c));
      ofFunctions = c == 0x66;
    }
  }
  for (; i < args.length; i++) {
    if (ofFunctions) functions.remove(args[i]);
    else if (!isName(args[i])) return failedOf(args[i], "bad variable name");
    else if (!unset(args[i])) return 2;
  }
  return 0;
}

/** In a function: the variable gets its old value back when the function returns; until then it keeps it. */
export function local(args: Bytes[]): i32 {
  if (sh.functions == 0) return failed("not in a function");
  for (let i = 1; i < args.length && sh.flow == Flow.None; i++) {
    const name = nameOf(args[i]);
    if (isText(name, "-")) continue;
    if (!isName(name)) {
      failOf(name, "bad variable name");
      return 2;
    }
    makeLocal(name);
    if (name.len < args[i].len && !assign(name, args[i].slice(name.len + 1))) return 2;
  }
  return 0;
}
