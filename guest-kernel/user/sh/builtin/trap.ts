/** trap: what happens when a signal comes, or the shell ends. */
import { Bytes } from "../../../lib/bytes";
import { stderr, stdout } from "../../libc/out";
import { NSIG, SIGKILL, SIGSTOP, signalName, signalNumber } from "../../libc/signal";
import { writeQuoted } from "../quote";
import { isText, smallNumber } from "../text";
import { setTrap, trapAction } from "../trap";

export function trap(args: Bytes[]): i32 {
  let at = args.length > 1 && isText(args[1], "--") ? 2 : 1;
  if (at == args.length) {
    for (let sig = 0; sig < NSIG; sig++) {
      const action = trapAction(sig);
      if (!action) continue;
      stdout.text("trap -- ");
      writeQuoted(action, stdout);
      stdout.byte(0x20).text(signalName(sig)).line();
    }
    return 0;
  }
  let action: Bytes | null = null;
  // A number, or a single operand, is already a condition: its default comes back.
  const hasAction = args.length > at + 1 && smallNumber(args[at]) < 0;
  if (hasAction) {
    if (!isText(args[at], "-")) action = args[at];
    at++;
  }
  let status = 0;
  for (; at < args.length; at++) {
    const sig = signalNumber(args[at]);
    if (sig < 0) {
      stdout.flush();
      stderr.text("trap: ").bytes(args[at]).text(": bad trap").line().flush();
      status = 1;
    } else if (sig != SIGKILL && sig != SIGSTOP) setTrap(sig, action ? action.clone() : null);
  }
  return status;
}
