/** Where the lexer's bytes come from: a stack of texts, the lowest of which may be refilled by a reader. */
import { Bytes } from "../../lib/bytes";
import { Alias } from "./alias";

/** Hands out a script piece by piece. */
export abstract class Reader {
  /** ^C came instead: what was being read is given up. */
  wasInterrupted: bool = false;
  /** The next bytes, or null at the end. `isContinuation`: a command has begun, so PS2 is the prompt. */
  abstract next(isContinuation: bool): Bytes | null;
}

@final
export class Source {
  at: i32 = 0;
  /** The alias whose text this is. */
  alias: Alias | null = null;
  below: Source | null = null;

  constructor(
    public text: Bytes,
    public reader: Reader | null,
  ) {}
}
