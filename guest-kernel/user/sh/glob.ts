/** Pathname expansion (POSIX XCU 2.13.3). */
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { listDir } from "../libc/dir";
import { Stat } from "../libc/stat";
import { b } from "../../lib/bytes";
import { Expanded } from "./expanded";
import { isPattern, matches } from "./pattern";

const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;

/** Appends the existing paths that match, in byte order. False: there are none. */
export function glob(p: Expanded, found: Bytes[]): bool {
  const before = found.length;
  const paths: Bytes[] = [];
  walk(p, 0, new Bytes(new StaticArray<u8>(0), 0, 0), paths);
  paths.sort((x, y) => x.compare(y));
  for (let i = 0; i < paths.length; i++) found.push(paths[i]);
  return found.length > before;
}

/** `prefix` is the path so far, its last slash included; the rest of the pattern begins at `at`. */
function walk(p: Expanded, at: i32, prefix: Bytes, found: Bytes[]): void {
  let end = at;
  while (end < p.len && p.text[end] != SLASH) end++;
  // The slashes behind this component are copied as they are.
  let next = end;
  while (next < p.len && p.text[next] == SLASH) next++;
  const slashes = p.take(end, next);
  if (!isPattern(p, at, end)) {
    const path = prefix.concat(p.take(at, end)).concat(slashes);
    if (next < p.len) walk(p, next, path, found);
    else if (exists(path)) found.push(path);
    return;
  }
  const names: Bytes[] = [];
  listDir(prefix.len == 0 ? b(".") : prefix, names);
  let first = at;
  while (first < end && !p.isByte(first)) first++;
  const showsDots = first < end && p.text[first] == DOT;
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (name[0] == DOT && !showsDots) continue;
    if (!matches(p, at, end, name)) continue;
    const path = new BytesBuilder().bytes(prefix).bytes(name).bytes(slashes).take();
    if (next < p.len) walk(p, next, path, found);
    else if (slashes.len == 0 || exists(path)) found.push(path);
  }
}

function exists(path: Bytes): bool {
  return new Stat().of(path, true) == 0;
}
