/** What a damaged image gets: a line in the log, at most LIMIT of them a mount, and -EUCLEAN. */
import { Errno } from "../../abi/errno";
import { klogLine } from "../../hal/log";
import { BytesBuilder } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";

const LIMIT: i32 = 32;

@final
export class Reporter {
  private lines: i32 = 0;
  constructor(private device: string) {}

  /** A line of the mount itself: features, recovery, geometry. */
  say(what: string): void {
    klogLine(this.head().text(what));
  }

  sayHex(what: string, v: u64): void {
    klogLine(this.head().text(what).text(" 0x").hex(v));
  }

  /** `what` is wrong with object `kind` number `id`. */
  corrupt(kind: string, id: u64, what: string): Result {
    if (this.lines < LIMIT) {
      klogLine(this.head().text("error: ").text(kind).text(" ").unsigned(id).text(": ").text(what));
      if (++this.lines == LIMIT) this.say("further errors are not shown");
    }
    return fail(Errno.EUCLEAN);
  }

  private head(): BytesBuilder {
    return new BytesBuilder().text("EXT4-fs (").text(this.device).text("): ");
  }
}
