/** Shell variables, their attributes, and the saved ones of functions and of assignments before a command. */
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { failOf } from "./errors";
import { NameTable } from "./name-table";
import { sh } from "./state";
import { isText } from "./text";

@final
export class Variable {
  value: Bytes | null = null;
  isExported: bool = false;
  isReadonly: bool = false;
  constructor(public name: Bytes) {}
}

@final
class Saved {
  constructor(
    public variable: Variable,
    public value: Bytes | null,
    public isExported: bool,
    public isReadonly: bool,
  ) {}
}

/** What leaving a function, or a command with assignments before it, puts back. */
@final
class Frame {
  saved: Saved[] = [];
  constructor(public below: Frame | null) {}
}

const variables = new NameTable<Variable>();
let frame: Frame | null = null;

const DEFAULT_IFS = b(" \t\n");
/** Value of IFS; null when it is unset, which separates like the default. */
export let ifs: Bytes | null = DEFAULT_IFS;
/** Moved on by each assignment to PATH, OPTIND: the caches behind them are then stale. */
export let pathGeneration: i32 = 0;
export let optindGeneration: i32 = 0;

export function variable(name: Bytes): Variable {
  const known = variables.get(name);
  if (known) return known;
  const v = new Variable(name.clone());
  variables.set(name, v);
  return v;
}

export function valueOf(name: Bytes): Bytes | null {
  const v = variables.get(name);
  return v ? v.value : null;
}

function changed(v: Variable): void {
  if (v.name.len > 6) return;
  if (isText(v.name, "IFS")) ifs = v.value;
  else if (isText(v.name, "PATH")) pathGeneration++;
  else if (isText(v.name, "OPTIND")) optindGeneration++;
}

/** False, with a message, when the variable is readonly. */
export function assign(name: Bytes, value: Bytes): bool {
  const v = variable(name);
  if (v.isReadonly) {
    failOf(name, "is read only");
    return false;
  }
  v.value = value;
  if (sh.has(0x61)) v.isExported = true;
  changed(v);
  return true;
}

export function unset(name: Bytes): bool {
  const v = variables.get(name);
  if (!v) return true;
  if (v.isReadonly) {
    failOf(name, "is read only");
    return false;
  }
  v.value = null;
  v.isExported = false;
  changed(v);
  return true;
}

export function pushFrame(): void {
  frame = new Frame(frame);
}

/** Saves the variable in the innermost frame, once. False outside of any frame. */
export function makeLocal(name: Bytes): bool {
  const f = frame;
  if (!f) return false;
  const v = variable(name);
  for (let i = 0; i < f.saved.length; i++) if (f.saved[i].variable == v) return true;
  f.saved.push(new Saved(v, v.value, v.isExported, v.isReadonly));
  return true;
}

export function popFrame(): void {
  const f = frame!;
  frame = f.below;
  for (let i = f.saved.length - 1; i >= 0; i--) {
    const s = f.saved[i];
    s.variable.value = s.value;
    s.variable.isExported = s.isExported;
    s.variable.isReadonly = s.isReadonly;
    changed(s.variable);
  }
}

/** What a program gets: `name=value` of every exported variable that has a value. */
export function environment(): Bytes[] {
  const all: Bytes[] = [];
  const names = variables.names();
  for (let i = 0; i < names.length; i++) {
    const v = variables.get(names[i])!;
    if (!v.isExported || !v.value) continue;
    all.push(new BytesBuilder().bytes(v.name).byte(0x3d).bytes(v.value!).take());
  }
  return all;
}

/** Every variable that has a value or an attribute, by name. */
export function allVariables(): Variable[] {
  const names = variables.names();
  const all: Variable[] = [];
  for (let i = 0; i < names.length; i++) all.push(variables.get(names[i])!);
  return all;
}
