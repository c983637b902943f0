/** type, command -v and -V, hash: what a name means. */
import { Bytes } from "../../../lib/bytes";
import { stderr, stdout } from "../../libc/out";
import { access } from "../../libc/sys";
import { findAlias } from "../alias";
import { failed, warnOf } from "../errors";
import { functions } from "../functions";
import { writeQuoted } from "../quote";
import { DEFAULT_PATH, findProgram, forgetPrograms, hashedNames, hashedPath } from "../search";
import { isText } from "../text";
import { findBuiltin } from "./table";

const KEYWORDS = "! { } case do done elif else esac fi for if in then until while";
const X_OK: u32 = 1;

export function type(args: Bytes[]): i32 {
  let status = 0;
  for (let i = 1; i < args.length; i++) status |= describe(args[i], null, true);
  return status;
}

/** With -v or -V; any other use has been taken care of before the builtin is reached. */
export function command(args: Bytes[]): i32 {
  let isVerbose = false;
  let isAsked = false;
  let path: Bytes | null = null;
  let at = 1;
  for (; at < args.length && args[at].len > 1 && args[at][0] == 0x2d; at++) {
    if (isText(args[at], "--")) {
      at++;
      break;
    }
    for (let i = 1; i < args[at].len; i++) {
      const c = args[at][i];
      if (c == 0x70) path = DEFAULT_PATH;
      else if (c == 0x76 || c == 0x56) {
        isAsked = true;
        isVerbose = c == 0x56;
      } else return failed("Illegal option -" + String.fromCharCode(c));
    }
  }
  if (!isAsked || at == args.length) return 0;
  return describe(args[at], path, isVerbose);
}

export function isKeyword(name: Bytes): bool {
  const all = KEYWORDS.split(" ");
  for (let i = 0; i < all.length; i++) if (isText(name, all[i])) return true;
  return false;
}

/** Returns 0, or 127 when the name means nothing. */
function describe(name: Bytes, path: Bytes | null, isVerbose: bool): i32 {
  if (isVerbose) stdout.bytes(name);
  if (isKeyword(name)) return told(name, " is a shell keyword", isVerbose);
  const alias = findAlias(name);
  if (alias) {
    if (isVerbose) stdout.text(" is an alias for ").bytes(alias.value).line();
    else {
      stdout.text("alias ").bytes(name).byte(0x3d);
      writeQuoted(alias.value, stdout);
      stdout.line();
    }
    return 0;
  }
  const builtin = findBuiltin(name);
  if (builtin && builtin.isSpecial) return told(name, " is a special shell builtin", isVerbose);
  if (functions.has(name)) return told(name, " is a shell function", isVerbose);
  if (builtin) return told(name, " is a shell builtin", isVerbose);
  const found = findProgram(name, path);
  if (found && (found != name || access(found, X_OK) == 0)) {
    if (isVerbose) stdout.text(" is ").bytes(found).line();
    else stdout.bytes(found).line();
    return 0;
  }
  if (isVerbose) {
    stdout.text(": not found").line();
    stdout.flush();
  }
  return 127;
}

function told(name: Bytes, text: string, isVerbose: bool): i32 {
  if (isVerbose) stdout.text(text).line();
  else stdout.bytes(name).line();
  return 0;
}

export function hash(args: Bytes[]): i32 {
  if (args.length > 1 && isText(args[1], "-r")) {
    forgetPrograms();
    return 0;
  }
  if (args.length == 1) {
    const names = hashedNames();
    for (let i = 0; i < names.length; i++) stdout.bytes(hashedPath(names[i])).line();
    return 0;
  }
  let status = 0;
  for (let i = 1; i < args.length; i++) {
    if (findBuiltin(args[i]) || functions.has(args[i]) || findProgram(args[i])) continue;
    warnOf(args[i], "not found");
    status = 1;
  }
  stderr.flush();
  return status;
}
