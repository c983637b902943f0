/** Directory listing through getdents64. */
import { O_CLOEXEC, O_DIRECTORY } from "../../abi/fcntl";
import { Nr } from "../../abi/nr";
import { Bytes } from "../../lib/bytes";
import { close, open, sys } from "./sys";

const SIZE: i32 = 16384;
const buffer: usize = memory.data(16384, 8);

/** Appends the names in `path`, "." and ".." included, in the order of the directory. Returns 0 or -errno. */
export function listDir(path: Bytes, names: Bytes[]): i64 {
  const fd = open(path, O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fd;
  let r = sys(Nr.getdents64, fd, buffer, SIZE);
  while (r > 0) {
    for (let at: usize = 0; at < <usize>r;) {
      const name = buffer + at + 19;
      let n = 0;
      while (load<u8>(name + n) != 0) n++;
      names.push(Bytes.copyOf(name, n));
      at += load<u16>(buffer + at + 16);
    }
    r = sys(Nr.getdents64, fd, buffer, SIZE);
  }
  close(fd);
  return r;
}

export function isDots(name: Bytes): bool {
  return (name.len == 1 && name[0] == 0x2e) || (name.len == 2 && name[0] == 0x2e && name[1] == 0x2e);
}

/** `dir/name`, with one slash between. */
export function join(dir: Bytes, name: Bytes): Bytes {
  if (dir.len == 0) return name;
  const slash = dir[dir.len - 1] == 0x2f ? 0 : 1;
  const r = Bytes.alloc(dir.len + slash + name.len);
  memory.copy(r.ptr, dir.ptr, dir.len);
  if (slash) r[dir.len] = 0x2f;
  memory.copy(r.ptr + dir.len + slash, name.ptr, name.len);
  return r;
}

/** The last component, without trailing slashes. "/" is its own. */
export function baseName(path: Bytes): Bytes {
  let end = path.len;
  while (end > 1 && path[end - 1] == 0x2f) end--;
  let start = end;
  while (start > 0 && path[start - 1] != 0x2f) start--;
  return start == end ? path.slice(0, end) : path.slice(start, end);
}

/** Everything before the last component, "." when there is nothing. */
export function dirName(path: Bytes): Bytes {
  let end = path.len;
  while (end > 1 && path[end - 1] == 0x2f) end--;
  while (end > 0 && path[end - 1] != 0x2f) end--;
  while (end > 1 && path[end - 1] == 0x2f) end--;
  return end == 0 ? Bytes.copyOf(dot, 1) : path.slice(0, end);
}

const dot: usize = memory.data<u8>([0x2e]);
