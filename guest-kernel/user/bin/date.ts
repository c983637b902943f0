/** date [-u] [-d @SECONDS] [-s @SECONDS] [+FORMAT] */
import { Nr } from "../../abi/nr";
import { Bytes, b } from "../../lib/bytes";
import { isNumber, parseDec } from "../libc/number";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { complainOf, fails } from "../libc/program";
import { Stat } from "../libc/stat";
import { sys } from "../libc/sys";
import { formatTime, now, nowNs } from "../libc/time";

const buffer: usize = memory.data(16, 8);

export function date(args: Bytes[]): i32 {
  const o = new Options(args, "ud:s:r:R", "utc=u date=d set=s reference=r");
  let t = now();
  let ns = nowNs;
  let set = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x72) {
      const st = new Stat();
      const r = st.of(o.value);
      if (r < 0) return fails(o.value, r);
      t = st.mtime;
      ns = st.mtimeNs;
    } else if (c == 0x64 || c == 0x73) {
      t = o.value.len > 1 && o.value[0] == 0x40 ? parseDec(o.value.slice(1)) : 0;
      if (o.value.len < 2 || o.value[0] != 0x40 || !isNumber)
        return complainOf(o.value, "invalid date; write @SECONDS");
      ns = 0;
      set = c == 0x73;
    }
  }
  if (o.isBad) return 1;
  if (set) {
    store<i64>(buffer, t);
    store<i64>(buffer + 8, 0);
    const r = sys(Nr.clock_settime, 0, buffer);
    if (r < 0) return fails(b("cannot set date"), r);
  }
  const operands = o.rest();
  let format = b("%a %b %e %H:%M:%S %Z %Y");
  if (operands.length > 0) {
    if (operands[0].len == 0 || operands[0][0] != 0x2b) return complainOf(operands[0], "invalid date");
    format = operands[0].slice(1);
  }
  stdout.bytes(formatTime(format, t, ns)).line();
  return 0;
}
