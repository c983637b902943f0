/** Names of users and groups, from /etc/passwd and /etc/group. */
import { Bytes, b } from "../../lib/bytes";
import { readFile } from "./input";
import { isNumber, parseDec } from "./number";

let passwd: Bytes | null = null;
let group: Bytes | null = null;

function users(): Bytes {
  if (!passwd) passwd = readFile(b("/etc/passwd"));
  return passwd ? passwd! : b("");
}

function groups(): Bytes {
  if (!group) group = readFile(b("/etc/group"));
  return group ? group! : b("");
}

/** The name of `id` in a file of `name:password:id:…` lines, or null. */
function nameOf(text: Bytes, id: u32): Bytes | null {
  for (let at = 0; at < text.len;) {
    const end = text.indexOf(10, at) < 0 ? text.len : text.indexOf(10, at);
    const line = text.slice(at, end);
    const first = line.indexOf(0x3a);
    const second = first < 0 ? -1 : line.indexOf(0x3a, first + 1);
    const third = second < 0 ? -1 : line.indexOf(0x3a, second + 1);
    if (second > 0) {
      const v = parseDec(line.slice(second + 1, third < 0 ? line.len : third));
      if (isNumber && v == id) return line.slice(0, first);
    }
    at = end + 1;
  }
  return null;
}

/** The id that belongs to `name`, or -1; a number stands for itself. */
function idOf(text: Bytes, name: Bytes): i64 {
  const number = parseDec(name);
  if (isNumber) return number;
  const prefix = name.concat(b(":"));
  for (let at = 0; at < text.len;) {
    const end = text.indexOf(10, at) < 0 ? text.len : text.indexOf(10, at);
    const line = text.slice(at, end);
    if (line.startsWith(prefix)) {
      const second = line.indexOf(0x3a, prefix.len);
      const third = line.indexOf(0x3a, second + 1);
      const v = parseDec(line.slice(second + 1, third < 0 ? line.len : third));
      if (isNumber) return v;
    }
    at = end + 1;
  }
  return -1;
}

export function userName(uid: u32): Bytes | null {
  return nameOf(users(), uid);
}
export function groupName(gid: u32): Bytes | null {
  return nameOf(groups(), gid);
}
export function userId(name: Bytes): i64 {
  return idOf(users(), name);
}
export function groupId(name: Bytes): i64 {
  return idOf(groups(), name);
}

/** The home directory of a user, or null. */
export function homeOf(name: Bytes): Bytes | null {
  const text = users();
  const prefix = name.concat(b(":"));
  for (let at = 0; at < text.len;) {
    const end = text.indexOf(10, at) < 0 ? text.len : text.indexOf(10, at);
    const line = text.slice(at, end);
    if (line.startsWith(prefix)) {
      // name:password:uid:gid:comment:home:shell
      let start = prefix.len;
      for (let skipped = 0; skipped < 4; skipped++) start = line.indexOf(0x3a, start) + 1;
      const stop = line.indexOf(0x3a, start);
      return line.slice(start, stop < 0 ? line.len : stop);
    }
    at = end + 1;
  }
  return null;
}
