/** realpath(3): an absolute path without symbolic links, "." and "..". The last component may be missing. */
import { Errno } from "../../abi/errno";
import { Bytes, b } from "../../lib/bytes";
import { dirName, join } from "./dir";
import { Stat } from "./stat";
import { getcwd, lastError, readlink } from "./sys";

const MAX_LINKS: i32 = 40;
const DOT: u8 = 0x2e;

/** Null: the path leads nowhere (sys.lastError says why, as far as a call said it). */
export function realPath(path: Bytes): Bytes | null {
  let done = b("/");
  let rest = path;
  if (path.len == 0) return null;
  if (path[0] != 0x2f) {
    const cwd = getcwd();
    if (!cwd) return null;
    rest = join(cwd, path);
  }
  let links = 0;
  while (rest.len > 0) {
    let start = 0;
    while (start < rest.len && rest[start] == 0x2f) start++;
    let end = start;
    while (end < rest.len && rest[end] != 0x2f) end++;
    const name = rest.slice(start, end);
    rest = rest.slice(end);
    if (name.len == 0 || (name.len == 1 && name[0] == DOT)) continue;
    if (name.len == 2 && name[0] == DOT && name[1] == DOT) {
      done = dirName(done);
      continue;
    }
    const next = join(done, name);
    const target = readlink(next);
    if (target) {
      if (++links > MAX_LINKS) return null;
      rest = join(target, rest);
      if (target[0] == 0x2f) done = b("/");
      continue;
    }
    if (lastError == -Errno.ENOENT && rest.len == 0) return next;
    const st = new Stat();
    if (lastError != -Errno.EINVAL || (rest.len > 0 && (st.of(next) < 0 || !st.isDir))) return null;
    done = next;
  }
  return done;
}
