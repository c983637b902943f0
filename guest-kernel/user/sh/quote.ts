/** A text so that the shell reads it back as one word. */
import { Bytes } from "../../lib/bytes";
import { Out } from "../libc/out";

/** In single quotes; a single quote itself stands in double quotes. */
export function writeQuoted(s: Bytes, out: Out): void {
  if (s.len == 0) {
    out.text("''");
    return;
  }
  for (let i = 0; i < s.len;) {
    let end = i;
    if (s[i] == 0x27) {
      while (end < s.len && s[end] == 0x27) end++;
      out.byte(0x22).bytes(s.slice(i, end)).byte(0x22);
    } else {
      while (end < s.len && s[end] != 0x27) end++;
      out.byte(0x27).bytes(s.slice(i, end)).byte(0x27);
    }
    i = end;
  }
}
