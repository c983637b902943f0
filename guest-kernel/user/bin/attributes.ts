/** chmod, chown, chgrp: changing attributes, with -R. */
import { AT_SYMLINK_NOFOLLOW } from "../../abi/fcntl";
import { Bytes } from "../../lib/bytes";
import { isDots, join, listDir } from "../libc/dir";
import { Options } from "../libc/options";
import { cannot, complain, complainOf } from "../libc/program";
import { Stat } from "../libc/stat";
import { chmod, chown, sys } from "../libc/sys";
import { groupId, userId } from "../libc/users";
import { Nr } from "../../abi/nr";
import { parseMode, setModeUmask } from "./mode";

const KEEP: i64 = 0xffff_ffff;

let modeText: Bytes = Bytes.alloc(0);
let uid: i64 = KEEP;
let gid: i64 = KEEP;
let recursive = false;
let noFollow = false;

/** chmod [-R] MODE FILE… */
export function chmodMain(args: Bytes[]): i32 {
  // A mode may begin with '-', which is no option: "-x", "-w".
  const list = args.slice(0);
  let symbolic: Bytes | null = null;
  for (let i = 1; i < list.length && !symbolic; i++) {
    if (list[i].len > 1 && list[i][0] == 0x2d && "rwxXst".indexOf(String.fromCharCode(list[i][1])) >= 0) {
      symbolic = list.splice(i, 1)[0];
    }
  }
  const o = new Options(list, "Rfvc", "recursive=R");
  recursive = false;
  for (let c = o.next(); c != 0; c = o.next()) recursive = recursive || c == 0x52;
  if (o.isBad) return 1;
  const files = o.rest();
  if (files.length == 0) return complain("missing operand");
  modeText = symbolic ? symbolic : files.shift();
  if (files.length == 0) return complain("missing operand");
  const mask = <u32>sys(Nr.umask, 0);
  sys(Nr.umask, mask);
  setModeUmask(mask);
  if (parseMode(modeText, 0, false) < 0) return complainOf(modeText, "invalid mode");
  let status = 0;
  for (let i = 0; i < files.length; i++) status = max(status, changeMode(files[i], false));
  return status;
}

function changeMode(path: Bytes, isInside: bool): i32 {
  const st = new Stat();
  const r = st.of(path, isInside);
  if (r < 0) return cannot("access", path, r);
  if (st.isLink) return 0;
  const e = chmod(path, parseMode(modeText, st.mode & 0o7777, st.isDir));
  let status = e < 0 ? cannot("change permissions of", path, e) : 0;
  if (recursive && st.isDir) status = max(status, each(path, true));
  return status;
}

/** Applies the change to what is in `dir`. */
function each(dir: Bytes, isMode: bool): i32 {
  const names: Bytes[] = [];
  const r = listDir(dir, names);
  if (r < 0) return cannot("read directory", dir, r);
  let status = 0;
  for (let i = 0; i < names.length; i++) {
    if (isDots(names[i])) continue;
    const child = join(dir, names[i]);
    status = max(status, isMode ? changeMode(child, true) : changeOwner(child, true));
  }
  return status;
}

/** chown [-Rh] USER[:GROUP] FILE…; chgrp [-Rh] GROUP FILE… */
export function chownMain(args: Bytes[]): i32 {
  const isGroup = args[0].len >= 5 && args[0].slice(args[0].len - 3).equals(Bytes.copyOf(grp, 3));
  const o = new Options(args, "Rhfv", "recursive=R no-dereference=h");
  recursive = noFollow = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x52) recursive = true;
    else if (c == 0x68) noFollow = true;
  }
  if (o.isBad) return 1;
  const files = o.rest();
  if (files.length < 2) return complain("missing operand");
  const who = files.shift();
  const colon = isGroup ? -1 : max(who.indexOf(0x3a), who.indexOf(0x2e));
  const user = isGroup ? who.slice(0, 0) : colon < 0 ? who : who.slice(0, colon);
  const group = isGroup ? who : colon < 0 ? who.slice(0, 0) : who.slice(colon + 1);
  uid = user.len == 0 ? KEEP : userId(user);
  gid = group.len == 0 ? KEEP : groupId(group);
  if (uid < 0) return complainOf(user, "invalid user");
  if (gid < 0) return complainOf(group, "invalid group");
  let status = 0;
  for (let i = 0; i < files.length; i++) status = max(status, changeOwner(files[i], noFollow));
  return status;
}
const grp: usize = memory.data<u8>([0x67, 0x72, 0x70]);

function changeOwner(path: Bytes, isLinkItself: bool): i32 {
  const e = chown(path, <u32>uid, <u32>gid, isLinkItself ? AT_SYMLINK_NOFOLLOW : 0);
  let status = e < 0 ? cannot("change ownership of", path, e) : 0;
  const st = new Stat();
  if (recursive && st.of(path, true) == 0 && st.isDir) status = max(status, each(path, false));
  return status;
}
