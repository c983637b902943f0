/** rm, rmdir, unlink: removing names. */
import { AT_REMOVEDIR } from "../../abi/fcntl";
import { Errno } from "../../abi/errno";
import { Bytes } from "../../lib/bytes";
import { baseName, dirName, isDots, join, listDir } from "../libc/dir";
import { Options } from "../libc/options";
import { cannot, complain, complainOf } from "../libc/program";
import { Stat } from "../libc/stat";
import { unlink } from "../libc/sys";

let force = false;
let recursive = false;
let emptyDirs = false;

/** rm [-frRdv] FILE… */
export function rm(args: Bytes[]): i32 {
  force = recursive = emptyDirs = false;
  const o = new Options(args, "frRidvI", "force=f recursive=r dir=d");
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x66) force = true;
    else if (c == 0x72 || c == 0x52) recursive = true;
    else if (c == 0x64) emptyDirs = true;
  }
  if (o.isBad) return 1;
  const files = o.rest();
  if (files.length == 0 && !force) return complain("missing operand");
  let status = 0;
  for (let i = 0; i < files.length; i++) {
    const name = baseName(files[i]);
    if (isDots(name)) status = complainOf(files[i], "refusing to remove '.' or '..' directory");
    else if (name.len == 1 && name[0] == 0x2f) status = complain("it is dangerous to operate recursively on '/'");
    else status = max(status, remove(files[i]));
  }
  return status;
}

function remove(path: Bytes): i32 {
  const st = new Stat();
  const s = st.of(path, true);
  if (s < 0) return force && (s == -Errno.ENOENT || s == -Errno.ENOTDIR) ? 0 : cannot("remove", path, s);
  if (!st.isDir) {
    const r = unlink(path);
    return r < 0 ? cannot("remove", path, r) : 0;
  }
  if (!recursive && !emptyDirs) return cannot("remove", path, Errno.EISDIR);
  return recursive ? removeTree(path) : removeEmpty(path);
}

function removeEmpty(path: Bytes): i32 {
  const r = unlink(path, AT_REMOVEDIR);
  return r < 0 ? cannot("remove", path, r) : 0;
}

/** Removes a directory and what is below it; used by mv as well. Returns 0, or 1 after messages. */
export function removeTree(path: Bytes): i32 {
  const names: Bytes[] = [];
  const r = listDir(path, names);
  if (r < 0) return cannot("remove", path, r);
  let status = 0;
  for (let i = 0; i < names.length; i++) {
    if (isDots(names[i])) continue;
    const child = join(path, names[i]);
    const e = unlink(child);
    if (e == -Errno.EISDIR || e == -Errno.EPERM) status = max(status, removeTree(child));
    else if (e < 0) status = cannot("remove", child, e);
  }
  return status == 0 ? removeEmpty(path) : status;
}

/** rmdir [-p] DIR… */
export function rmdir(args: Bytes[]): i32 {
  const o = new Options(args, "p", "parents=p");
  let parents = false;
  for (let c = o.next(); c != 0; c = o.next()) parents = true;
  if (o.isBad) return 1;
  const dirs = o.rest();
  if (dirs.length == 0) return complain("missing operand");
  let status = 0;
  for (let i = 0; i < dirs.length; i++) {
    let path = dirs[i];
    do {
      const r = unlink(path, AT_REMOVEDIR);
      if (r < 0) {
        status = cannot("remove", path, r);
        break;
      }
      path = dirName(path);
    } while (parents && !(path.len == 1 && (path[0] == 0x2e || path[0] == 0x2f)));
  }
  return status;
}

/** unlink FILE: the bare system call. */
export function unlinkMain(args: Bytes[]): i32 {
  if (args.length != 2) return complain("needs one operand");
  const r = unlink(args[1]);
  return r < 0 ? cannot("unlink", args[1], r) : 0;
}
