/** Prompts: PS1, PS2 and PS4 with their parameters expanded. */
import { Bytes, b } from "../../lib/bytes";
import { stderr } from "../libc/out";
import { expandText } from "./expand";
import { Source } from "./source";
import { Flow, sh } from "./state";
import { Parser } from "./parser";
import { valueOf } from "./variables";

/** The text of a prompt variable, with `fallback` where it is unset. An error in it leaves it as it is written. */
export function promptText(name: Bytes, fallback: string): Bytes {
  const raw = valueOf(name);
  if (!raw) return b(fallback);
  if (raw.indexOf(0x24) < 0 && raw.indexOf(0x60) < 0) return raw;
  const p = new Parser(new Source(raw, null));
  const w = p.promptWord();
  if (p.hasFailed) return raw;
  const status = sh.status;
  const flow = sh.flow;
  sh.flow = Flow.None;
  const text = expandText(w);
  const failed = sh.flow != Flow.None;
  sh.flow = flow;
  sh.status = status;
  return failed ? raw : text;
}

export function printPrompt(name: Bytes, fallback: string): void {
  stderr.bytes(promptText(name, fallback));
}
