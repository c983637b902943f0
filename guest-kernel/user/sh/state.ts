/** The shell's own state that every part of it reads: status, pending control flow, options, positional parameters. */
import { Bytes, b } from "../../lib/bytes";

/** Why commands are being skipped. Everything that runs a command looks at it afterwards. */
export const enum Flow {
  None,
  Break,
  Continue,
  Return,
  /** The shell ends with `status`. */
  Exit,
  /** A shell error: back to the prompt, or the end of a shell without one. */
  Abort,
  /** ^C at a prompt's command. */
  Interrupt,
}

/** Options by their letter; the order is that of `set -o`. */
export const OPTION_LETTERS = "efIimnsxvVECabup";
export const OPTION_NAMES =
  "errexit noglob ignoreeof interactive monitor noexec stdin xtrace verbose vi emacs noclobber allexport notify nounset privileged";

@final
export class ShellState {
  status: i32 = 0;
  flow: Flow = Flow.None;
  /** Loops still to leave or to skip to. */
  skip: i32 = 0;
  loops: i32 = 0;
  functions: i32 = 0;
  /** Sourced files, for `return`. */
  sources: i32 = 0;
  /** `$0`, or what errors begin with. */
  name: Bytes = b("sh");
  params: Bytes[] = [];
  line: i32 = 1;
  /** The builtin that runs, for its messages; empty when none. */
  command: Bytes = b("");
  /** Status of the last command substitution of a command without words. */
  substitution: i32 = 0;
  pid: i32 = 0;
  lastBackground: i32 = 0;
  isInteractive: bool = false;
  /** A forked copy: job control is off, and an error ends it. */
  isSubshell: bool = false;
  /** A bit per letter of OPTION_LETTERS. */
  options: u32 = 0;

  has(letter: i32): bool {
    return (this.options & optionBit(letter)) != 0;
  }

  setOption(letter: i32, on: bool): bool {
    const bit = optionBit(letter);
    this.options = on ? this.options | bit : this.options & ~bit;
    return bit != 0;
  }
}

function optionBit(letter: i32): u32 {
  for (let i = 0; i < OPTION_LETTERS.length; i++) if (OPTION_LETTERS.charCodeAt(i) == letter) return 1 << i;
  return 0;
}

export const sh = new ShellState();
