/**
 * Mount options as the mount(2) system call passes them: comma-separated, `\,` and `\:` escaped (A16). A1-A5 and A15-A18
 * are decided here as far as they need no path. Options that are not implemented are refused unless they ask for what
 * is done anyway (A20).
 */
import { Errno } from "../../abi/errno";
import { LOG_ERR, LOG_INFO, klog, klogLine } from "../../hal/log";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";

const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const BACKSLASH: u8 = 0x5c;
/** As Linux's OVL_MAX_STACK. */
const MAX_LOWERS: i32 = 500;

const LOWERDIR = b("lowerdir=");
const UPPERDIR = b("upperdir=");
const WORKDIR = b("workdir=");
/** Values that describe what this driver does, or change nothing. */
const ACCEPTED: StaticArray<Bytes> = [
  b("default_permissions"),
  b("redirect_dir=off"),
  b("redirect_dir=nofollow"),
  b("index=off"),
  b("metacopy=off"),
  b("nfs_export=off"),
  b("xino=off"),
  b("xino=auto"),
  b("xino=on"),
  b("uuid=null"),
  b("uuid=off"),
];
const MARKERS_STARRY = b("markers=starry");

@final
export class OverlayOptions {
  /** Topmost first, escapes removed. */
  lowers: Array<Bytes> = new Array<Bytes>();
  /** The three as they were given, for /proc/mounts. */
  private lowerText: Bytes = Bytes.alloc(0);
  private upperText: Bytes = Bytes.alloc(0);
  private workText: Bytes = Bytes.alloc(0);
  upper: Bytes | null = null;
  work: Bytes | null = null;
  /** Honour StarryOS's marker files in the layers. */
  starryMarkers: bool = false;

  /** Errors: -EINVAL. */
  parse(data: Bytes): Result {
    for (let at = 0; at < data.len;) {
      const end = endOf(data, at, COMMA);
      const option = data.slice(at, end);
      at = end + 1;
      if (option.len == 0) continue;
      const r = this.one(option);
      if (r < 0) return r;
    }
    return this.check();
  }

  private one(option: Bytes): Result {
    if (option.startsWith(LOWERDIR)) return this.lowerList(option.slice(LOWERDIR.len));
    if (option.startsWith(UPPERDIR) && option.len > UPPERDIR.len) {
      this.upperText = option.slice(UPPERDIR.len);
      this.upper = unescape(this.upperText);
      return 0;
    }
    if (option.startsWith(WORKDIR) && option.len > WORKDIR.len) {
      this.workText = option.slice(WORKDIR.len);
      this.work = unescape(this.workText);
      return 0;
    }
    if (option.equals(MARKERS_STARRY)) {
      this.starryMarkers = true;
      return 0;
    }
    for (let i = 0; i < ACCEPTED.length; i++) if (option.equals(ACCEPTED[i])) return 0;
    klogLine(new BytesBuilder().text("overlayfs: unknown or unsupported option '").bytes(option).text("'"), LOG_ERR);
    return fail(Errno.EINVAL);
  }

  /** An empty part is an error: it stands at an end (A17), or makes `::`, which asks for data-only layers (A18). */
  private lowerList(list: Bytes): Result {
    this.lowers = new Array<Bytes>();
    this.lowerText = list;
    for (let at = 0; at <= list.len;) {
      const end = endOf(list, at, COLON);
      if (end == at) return this.refuse("bad lowerdir: empty directory name");
      if (this.lowers.length == MAX_LOWERS) return this.refuse("too many lower directories, limit is 500");
      this.lowers.push(unescape(list.slice(at, end)));
      at = end + 1;
    }
    return 0;
  }

  private check(): Result {
    if (this.lowers.length == 0) return this.refuse("missing 'lowerdir'");
    if (this.upper == null) {
      if (this.work != null) {
        klog('overlayfs: option "workdir" is useless in a non-upper mount, ignore', LOG_INFO);
        this.work = null;
      }
      if (this.lowers.length == 1) return this.refuse("at least 2 lowerdir are needed while upperdir nonexistent");
    } else if (this.work == null) return this.refuse("missing 'workdir'");
    return 0;
  }

  /** For /proc/mounts, each with its leading comma (A36). */
  show(out: BytesBuilder): void {
    octal(out.text(",lowerdir="), this.lowerText);
    if (this.upper != null) {
      octal(out.text(",upperdir="), this.upperText);
      octal(out.text(",workdir="), this.workText);
    }
    if (this.starryMarkers) out.text(",markers=starry");
  }

  private refuse(why: string): Result {
    klog("overlayfs: " + why, LOG_ERR);
    return fail(Errno.EINVAL);
  }
}

/** Position of the first unescaped `separator` at or after `from`, or the end. */
function endOf(s: Bytes, from: i32, separator: u8): i32 {
  let i = from;
  for (; i < s.len && s[i] != separator; i++) if (s[i] == BACKSLASH && i + 1 < s.len) i++;
  return min(i, s.len);
}

/** Appends `s`; what would end the option or the field becomes an octal escape. */
function octal(out: BytesBuilder, s: Bytes): void {
  for (let i = 0; i < s.len; i++) {
    const c = s[i];
    if (c == 0x20 || c == 0x09 || c == 0x0a || c == BACKSLASH || c == COMMA) out.byte(BACKSLASH).octal(c, 3);
    else out.byte(c);
  }
}

function unescape(s: Bytes): Bytes {
  const out = new BytesBuilder();
  for (let i = 0; i < s.len; i++) {
    if (s[i] == BACKSLASH && i + 1 < s.len) i++;
    out.byte(s[i]);
  }
  return out.take();
}
