/** getopt(3) over one argument list: short options, values joined or apart, `--` ends, long options by their short letter. */
import { Bytes, b } from "../../lib/bytes";
import { programName } from "./program";
import { stderr } from "./out";

const DASH: u8 = 0x2d;

/**
 *   const o = new Options(args, "af:", "all=a file=f");
 *   for (let c = o.next(); c != 0; c = o.next()) switch (c) { … o.value … }
 *   if (o.isBad) return 1;  // a message has been printed
 *   const operands = o.rest();
 */
@final
export class Options {
  /** The value of the option that `next` returned. */
  value: Bytes = b("");
  isBad: bool = false;
  private at: i32 = 1;
  private pos: i32 = 0;
  private operands: Bytes[] = [];

  /** `spec`: letters, each with ':' when it takes a value. `long`: space-separated `name=letter`. */
  constructor(
    private args: Bytes[],
    private spec: string,
    private long: string = "",
  ) {}

  /** The next option's letter, or 0 at the end; options may stand behind operands, as in GNU programs. */
  next(): i32 {
    while (this.at < this.args.length) {
      const a = this.args[this.at];
      if (this.pos > 0) return this.letter(a);
      if (a.len < 2 || a[0] != DASH) {
        this.operands.push(a);
        this.at++;
      } else if (a[1] == DASH) {
        this.at++;
        if (a.len > 2) return this.longOption(a);
        break;
      } else {
        this.pos = 1;
      }
    }
    return 0;
  }

  private letter(a: Bytes): i32 {
    const c = <i32>a[this.pos++];
    const known = c == 0x3a ? -1 : this.spec.indexOf(String.fromCharCode(c));
    const isLast = this.pos == a.len;
    if (known >= 0 && known + 1 < this.spec.length && this.spec.charCodeAt(known + 1) == 0x3a) {
      if (!isLast) this.value = a.slice(this.pos);
      else if (++this.at < this.args.length) this.value = this.args[this.at];
      else return this.bad("option requires an argument -- '", a.slice(this.pos - 1));
      this.at++;
      this.pos = 0;
    } else if (isLast) {
      this.at++;
      this.pos = 0;
    }
    return known < 0 ? this.bad("invalid option -- '", Bytes.copyOf(a.ptr + max(this.pos - 1, a.len - 1), 1)) : c;
  }

  private longOption(a: Bytes): i32 {
    const eq = a.indexOf(0x3d);
    const name = a.slice(2, eq < 0 ? a.len : eq);
    const rows = this.long.split(" ");
    for (let i = 0; i < rows.length; i++) {
      const cut = rows[i].indexOf("=");
      if (cut < 0 || !b(rows[i].substring(0, cut)).equals(name)) continue;
      const c = rows[i].charCodeAt(cut + 1);
      const at = this.spec.indexOf(String.fromCharCode(c));
      if (at >= 0 && at + 1 < this.spec.length && this.spec.charCodeAt(at + 1) == 0x3a) {
        if (eq >= 0) this.value = a.slice(eq + 1);
        else if (this.at < this.args.length) this.value = this.args[this.at++];
        else return this.bad("option requires an argument -- '", name);
      }
      return c;
    }
    return this.bad("unrecognized option '", a);
  }

  private bad(text: string, what: Bytes): i32 {
    this.isBad = true;
    this.at = this.args.length;
    stderr.bytes(programName).text(": ").text(text).bytes(what).text("'").line().flush();
    return 0;
  }

  /** What is no option, in order. Valid once `next` has returned 0. */
  rest(): Bytes[] {
    for (; this.at < this.args.length; this.at++) this.operands.push(this.args[this.at]);
    return this.operands;
  }
}
