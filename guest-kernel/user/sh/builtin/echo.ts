/** echo, with dash's escapes: \\a \\b \\c \\e \\f \\n \\r \\t \\v \\\\ \\0ooo; -n is its only option. */
import { Bytes } from "../../../lib/bytes";
import { stdout } from "../../libc/out";
import { isText } from "../text";
import { writeEscaped } from "./escapes";

export function echo(args: Bytes[]): i32 {
  let i = 1;
  const noNewline = args.length > 1 && isText(args[1], "-n");
  if (noNewline) i++;
  for (let first = i; i < args.length; i++) {
    if (i > first) stdout.byte(0x20);
    if (!writeEscaped(args[i], stdout)) return 0;
  }
  if (!noNewline) stdout.line();
  return 0;
}
