/** The end of a shell process. */
import { stderr, stdout } from "../libc/out";
import { exit } from "../libc/sys";
import { sh } from "./state";
import { runExitTrap } from "./trap";

/** Runs the EXIT trap and ends the process with `sh.status`. */
export function exitShell(): void {
  runExitTrap();
  stdout.flush();
  stderr.flush();
  exit(sh.status & 255);
}
