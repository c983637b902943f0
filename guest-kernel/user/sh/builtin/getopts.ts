/** getopts (POSIX XCU 4): one option a call; OPTIND says where, and a hidden offset says where in a word of several. */
import { Bytes, b } from "../../../lib/bytes";
import { stderr } from "../../libc/out";
import { failed } from "../errors";
import { decimal } from "../parameters";
import { sh } from "../state";
import { isText, smallNumber } from "../text";
import { assign, optindGeneration, unset, valueOf } from "../variables";

const OPTIND = b("OPTIND");
const OPTARG = b("OPTARG");
/** Position in the current word; 0: a new one. Valid while nobody else assigns OPTIND. */
let offset: i32 = 0;
let known: i32 = -1;

export function getopts(args: Bytes[]): i32 {
  if (args.length < 3) return failed("Usage: getopts optstring var [arg...]");
  const operands = args.length > 3 ? args.slice(3) : sh.params;
  const spec = args[1];
  const name = args[2];
  const isSilent = spec.len > 0 && spec[0] == 0x3a;
  if (known != optindGeneration) offset = 0;
  const set = valueOf(OPTIND);
  // In the middle of a word OPTIND is already that of the next one.
  let at = (set ? max(smallNumber(set), 1) - 1 : 0) - (offset > 0 ? 1 : 0);
  if (offset == 0) {
    const isOption = at < operands.length && operands[at].len > 1 && operands[at][0] == 0x2d;
    if (!isOption || isText(operands[at], "--")) return finish(isOption ? at + 1 : at, name, b("?"), 1);
    offset = 1;
  }
  const word = operands[at];
  const c = word[offset++];
  const letter = Bytes.copyOf(word.ptr + offset - 1, 1);
  const isLast = offset >= word.len;
  const place = c == 0x3a ? -1 : spec.indexOf(c);
  if (place < 0) {
    if (isSilent) assign(OPTARG, letter);
    else {
      unset(OPTARG);
      complain("Illegal option -", letter);
    }
    return finish(at + 1, name, b("?"), 0, !isLast);
  }
  if (place + 1 >= spec.len || spec[place + 1] != 0x3a) {
    unset(OPTARG);
    return finish(at + 1, name, letter, 0, !isLast);
  }
  if (!isLast) assign(OPTARG, word.slice(offset));
  else if (at + 1 < operands.length) assign(OPTARG, operands[++at]);
  else {
    if (isSilent) assign(OPTARG, letter);
    else {
      unset(OPTARG);
      complain("No arg for -", letter.concat(b(" option")));
    }
    return finish(at + 1, name, b(isSilent ? ":" : "?"), 0);
  }
  return finish(at + 1, name, letter, 0);
}

function complain(text: string, letter: Bytes): void {
  stderr.text(text).bytes(letter).line().flush();
}

function finish(next: i32, name: Bytes, value: Bytes, status: i32, staysInWord: bool = false): i32 {
  if (!staysInWord) offset = 0;
  assign(OPTIND, decimal(next + 1));
  known = optindGeneration;
  return assign(name, value) ? status : 2;
}
