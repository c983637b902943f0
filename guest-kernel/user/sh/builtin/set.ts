/** set and shift: options and positional parameters. */
import { Bytes, b } from "../../../lib/bytes";
import { stdout } from "../../libc/out";
import { failed, failedAbout, illegalNumber } from "../errors";
import { setJobControl } from "../interactive";
import { writeQuoted } from "../quote";
import { OPTION_LETTERS, OPTION_NAMES, sh } from "../state";
import { isText, smallNumber } from "../text";
import { allVariables } from "../variables";

export function set(args: Bytes[]): i32 {
  if (args.length == 1) {
    listVariables();
    return 0;
  }
  const at = parseOptions(args, 1);
  if (at < 0) return 2;
  if (at < args.length || operandsGiven) sh.params = args.slice(at);
  return 0;
}

/** `--` or `-` stood before the operands: there are some, even if none follow. */
let operandsGiven: bool = false;

/** Reads options from `args[at]`. Returns where the operands begin, or -1 after an error. */
export function parseOptions(args: Bytes[], at: i32): i32 {
  operandsGiven = false;
  for (; at < args.length; at++) {
    const a = args[at];
    const isOn = a.len > 0 && a[0] == 0x2d;
    if (a.len == 0 || (!isOn && a[0] != 0x2b)) return at;
    if (a.len == 1 || isText(a, "--")) {
      if (!isOn) return at;
      if (a.len == 1) {
        sh.setOption(0x78, false);
        sh.setOption(0x76, false);
        return at + 1;
      }
      operandsGiven = true;
      return at + 1;
    }
    for (let i = 1; i < a.len; i++) {
      const c = a[i];
      if (c == 0x6f) {
        if (++at < args.length) {
          if (!setByName(args[at], isOn)) return -1;
        } else listOptions(isOn);
      } else if (!change(c, isOn)) {
        failed("Illegal option " + (isOn ? "-" : "+") + String.fromCharCode(c));
        return -1;
      }
    }
  }
  return at;
}

function change(letter: i32, isOn: bool): bool {
  if (!sh.setOption(letter, isOn)) return false;
  if (letter == 0x6d) setJobControl(isOn);
  return true;
}

function setByName(name: Bytes, isOn: bool): bool {
  const names = OPTION_NAMES.split(" ");
  for (let i = 0; i < names.length; i++) {
    if (isText(name, names[i])) return change(OPTION_LETTERS.charCodeAt(i), isOn);
  }
  if (isText(name, "nolog") || isText(name, "debug")) return true;
  failedAbout(isOn ? "Illegal option -o" : "Illegal option +o", name);
  return false;
}

function listOptions(forPeople: bool): void {
  const names = OPTION_NAMES.split(" ");
  if (forPeople) stdout.text("Current option settings").line();
  for (let i = 0; i < names.length; i++) {
    const isOn = sh.has(OPTION_LETTERS.charCodeAt(i));
    if (forPeople)
      stdout
        .left(b(names[i]), 16)
        .text(isOn ? "on" : "off")
        .line();
    else
      stdout
        .text(isOn ? "set -o " : "set +o ")
        .text(names[i])
        .line();
  }
}

function listVariables(): void {
  const all = allVariables();
  for (let i = 0; i < all.length; i++) {
    const value = all[i].value;
    if (!value) continue;
    stdout.bytes(all[i].name).byte(0x3d);
    writeQuoted(value, stdout);
    stdout.line();
  }
}

export function shift(args: Bytes[]): i32 {
  const n = args.length > 1 ? smallNumber(args[1]) : 1;
  if (n < 0) return illegalNumber(args[1]);
  if (n > sh.params.length) return failed("can't shift that many");
  sh.params = sh.params.slice(n);
  return 0;
}
