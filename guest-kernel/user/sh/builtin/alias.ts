/** alias and unalias. */
import { Bytes } from "../../../lib/bytes";
import { stderr, stdout } from "../../libc/out";
import { Alias, aliases, findAlias } from "../alias";
import { writeQuoted } from "../quote";
import { isText } from "../text";

export function aliasBuiltin(args: Bytes[]): i32 {
  if (args.length == 1) {
    const names = aliases.names();
    for (let i = 0; i < names.length; i++) show(aliases.get(names[i])!);
    return 0;
  }
  let status = 0;
  for (let i = 1; i < args.length; i++) {
    const eq = args[i].indexOf(0x3d, 1);
    if (eq > 0) {
      const name = args[i].slice(0, eq).clone();
      aliases.set(name, new Alias(name, args[i].slice(eq + 1).clone()));
      continue;
    }
    const known = findAlias(args[i]);
    if (known) show(known);
    else status = unknown("alias", args[i]);
  }
  return status;
}

function show(a: Alias): void {
  stdout.bytes(a.name).byte(0x3d);
  writeQuoted(a.value, stdout);
  stdout.line();
}

function unknown(command: string, name: Bytes): i32 {
  stdout.flush();
  stderr.text(command).text(": ").bytes(name).text(" not found").line().flush();
  return 1;
}

export function unalias(args: Bytes[]): i32 {
  if (args.length > 1 && isText(args[1], "-a")) {
    aliases.clear();
    return 0;
  }
  let status = 0;
  for (let i = 1; i < args.length; i++) if (!aliases.remove(args[i])) status = unknown("unalias", args[i]);
  return status;
}
