/** Tab completion: commands where a command stands, paths elsewhere. */
import { Bytes, b } from "../../../lib/bytes";
import { isDots, join, listDir } from "../../libc/dir";
import { Stat } from "../../libc/stat";
import { aliases } from "../alias";
import { builtinNames } from "../builtin/table";
import { functions } from "../functions";
import { isKeyword } from "../builtin/names";
import { DEFAULT_PATH } from "../search";
import { valueOf } from "../variables";
import { endsWord } from "../word-reader";

const SLASH: u8 = 0x2f;

@final
export class Completion {
  /** What may stand in place of the word's last component. */
  candidates: Bytes[] = [];
  /** Where that component begins in the line. */
  start: i32 = 0;
}

/** For the word that ends at `cursor`. */
export function complete(line: Bytes, cursor: i32): Completion {
  const r = new Completion();
  let start = cursor;
  while (start > 0 && !endsWord(line[start - 1])) start--;
  const word = line.slice(start, cursor);
  let slash = word.len;
  while (slash > 0 && word[slash - 1] != SLASH) slash--;
  r.start = start + slash;
  if (slash == 0 && isCommandPlace(line, start)) addCommands(word, r.candidates);
  else addPaths(word.slice(0, slash), word.slice(slash), r.candidates);
  r.candidates.sort((x, y) => x.compare(y));
  dropDuplicates(r.candidates);
  return r;
}

/** Nothing, or an operator or a keyword, stands before the word. */
function isCommandPlace(line: Bytes, start: i32): bool {
  let end = start;
  while (end > 0 && (line[end - 1] == 0x20 || line[end - 1] == 9)) end--;
  if (end == 0) return true;
  const c = line[end - 1];
  if (c == 0x7c || c == 0x26 || c == 0x3b || c == 0x28 || c == 10) return true;
  let from = end;
  while (from > 0 && !endsWord(line[from - 1])) from--;
  return isKeyword(line.slice(from, end));
}

function addMatching(names: Bytes[], prefix: Bytes, out: Bytes[]): void {
  for (let i = 0; i < names.length; i++) if (names[i].startsWith(prefix)) out.push(names[i]);
}

function addCommands(prefix: Bytes, out: Bytes[]): void {
  addMatching(builtinNames(), prefix, out);
  addMatching(functions.names(), prefix, out);
  addMatching(aliases.names(), prefix, out);
  const set = valueOf(b("PATH"));
  const path = set ? set : DEFAULT_PATH;
  for (let from = 0; from <= path.len;) {
    let end = path.indexOf(0x3a, from);
    if (end < 0) end = path.len;
    const names: Bytes[] = [];
    if (end > from) listDir(path.slice(from, end), names);
    for (let i = 0; i < names.length; i++) if (names[i].startsWith(prefix) && !isDots(names[i])) out.push(names[i]);
    from = end + 1;
  }
}

/** Directories get a slash. */
function addPaths(dir: Bytes, prefix: Bytes, out: Bytes[]): void {
  const names: Bytes[] = [];
  const where = dir.len == 0 ? b(".") : expandHome(dir);
  listDir(where, names);
  const s = new Stat();
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (isDots(name) || !name.startsWith(prefix) || (prefix.len == 0 && name[0] == 0x2e)) continue;
    const isDir = s.of(join(where, name)) == 0 && s.isDir;
    out.push(isDir ? name.concat(b("/")) : name);
  }
}

function expandHome(dir: Bytes): Bytes {
  const home = valueOf(b("HOME"));
  return home && dir.startsWith(b("~/")) ? join(home, dir.slice(2)) : dir;
}

function dropDuplicates(sorted: Bytes[]): void {
  let n = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (n > 0 && sorted[i].equals(sorted[n - 1])) continue;
    sorted[n++] = sorted[i];
  }
  sorted.length = n;
}

/** How many first bytes all candidates share. */
export function commonPrefix(candidates: Bytes[]): i32 {
  let n = candidates[0].len;
  for (let i = 1; i < candidates.length; i++) {
    let k = 0;
    while (k < n && k < candidates[i].len && candidates[i][k] == candidates[0][k]) k++;
    n = k;
  }
  return n;
}
