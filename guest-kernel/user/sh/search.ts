/** Where a program is (POSIX XCU 2.9.1.1): PATH, with the places of programs that have been run before. */
import { Errno } from "../../abi/errno";
import { Bytes, b } from "../../lib/bytes";
import { join } from "../libc/dir";
import { S_IFREG, Stat } from "../libc/stat";
import { access } from "../libc/sys";
import { NameTable } from "./name-table";
import { pathGeneration, valueOf } from "./variables";

const X_OK: u32 = 1;
const PATH = b("PATH");
export const DEFAULT_PATH = b("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

/** Valid for the PATH of generation `known`. */
const hashed = new NameTable<Bytes>();
let known: i32 = 0;

/** Why `findProgram` found nothing: an -errno. */
export let searchError: i32 = 0;

/** A path to execute, or null with `searchError`. A name with a slash is its own path, unexamined. */
export function findProgram(name: Bytes, path: Bytes | null = null): Bytes | null {
  if (name.indexOf(0x2f) >= 0) return name;
  if (path) return lookUp(name, path);
  if (known != pathGeneration) forgetPrograms();
  const place = hashed.get(name);
  if (place) return place;
  const set = valueOf(PATH);
  const found = lookUp(name, set ? set : DEFAULT_PATH);
  if (found && found[0] == 0x2f) hashed.set(name, found);
  return found;
}

function lookUp(name: Bytes, path: Bytes): Bytes | null {
  searchError = -Errno.ENOENT;
  const s = new Stat();
  for (let from = 0; from <= path.len;) {
    let end = path.indexOf(0x3a, from);
    if (end < 0) end = path.len;
    const candidate = join(path.slice(from, end), name);
    from = end + 1;
    if (s.of(candidate) != 0 || s.type != S_IFREG) continue;
    if (access(candidate, X_OK) == 0) return candidate;
    searchError = -Errno.EACCES;
  }
  return null;
}

export function forgetPrograms(): void {
  hashed.clear();
  known = pathGeneration;
}

export function hashedNames(): Bytes[] {
  return hashed.names();
}
export function hashedPath(name: Bytes): Bytes {
  return hashed.get(name)!;
}
