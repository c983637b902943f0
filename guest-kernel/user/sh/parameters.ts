/** Positional and special parameters (POSIX XCU 2.5.1, 2.5.2) and variables by name. */
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { OPTION_LETTERS, sh } from "./state";
import { isDigit, smallNumber } from "./text";
import { ifs, valueOf } from "./variables";

/** The value of a parameter, null when it is unset. `$@` and `$*` come joined. */
export function parameter(name: Bytes): Bytes | null {
  const c = <i32>name[0];
  if (isDigit(c)) {
    const n = smallNumber(name);
    if (n == 0) return sh.name;
    return n <= sh.params.length ? sh.params[n - 1] : null;
  }
  switch (c) {
    case 0x40: // @
    case 0x2a: // *
      // Always set, as dash has it; empty without parameters.
      return joined();
    case 0x23: // #
      return decimal(sh.params.length);
    case 0x3f: // ?
      return decimal(sh.status);
    case 0x2d: // -
      return optionLetters();
    case 0x24: // $
      return decimal(sh.pid);
    case 0x21: // !
      return sh.lastBackground > 0 ? decimal(sh.lastBackground) : null;
  }
  return valueOf(name);
}

/** The positional parameters with the first byte of IFS between them. */
function joined(): Bytes {
  const out = new BytesBuilder();
  const set = ifs;
  for (let i = 0; i < sh.params.length; i++) {
    if (i > 0) {
      if (!set) out.byte(0x20);
      else if (set.len > 0) out.byte(set[0]);
    }
    out.bytes(sh.params[i]);
  }
  return out.take();
}

export function decimal(v: i64): Bytes {
  return new BytesBuilder().dec(v).take();
}

function optionLetters(): Bytes {
  const out = new BytesBuilder();
  // In dash's order: backwards.
  for (let i = OPTION_LETTERS.length - 1; i >= 0; i--) {
    if (sh.options & (1 << i)) out.byte(<u8>OPTION_LETTERS.charCodeAt(i));
  }
  return out.take();
}
