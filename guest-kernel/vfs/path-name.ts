/** From a place back to its name: getcwd, /proc links, mount tables. */
import { Bytes, BytesBuilder } from "../lib/bytes";
import { Dentry } from "./dentry";
import { fsState } from "./fs-context";
import { Mount } from "./mount";
import { Path } from "./path";

const SLASH: u8 = 0x2f;

/** Appends the path of (mount, dentry) as seen from `root`. Returns whether `root` lies above it at all. */
export function writeNameBelow(out: BytesBuilder, mount: Mount, dentry: Dentry, root: Path): bool {
  const names = new Array<Bytes>();
  let m = mount;
  let d = dentry;
  let isReachable = true;
  while (!root.is(m, d)) {
    if (d != m.root) {
      const up = d.parent;
      if (up == null) {
        isReachable = false;
        break;
      }
      names.push(d.name);
      d = up;
      continue;
    }
    const at = m.mountpoint;
    const outer = m.parent;
    if (at == null || outer == null) {
      isReachable = false;
      break;
    }
    d = at;
    m = outer;
  }
  if (names.length == 0) out.byte(SLASH);
  for (let i = names.length - 1; i >= 0; i--) out.byte(SLASH).bytes(names[i]);
  return isReachable;
}

/** As /proc/PID/fd shows it: pipes by their own name, removed names marked. */
export function writePathName(out: BytesBuilder, p: Path): void {
  if (p.dentry.isRoot && p.dentry.name.len > 0) {
    out.bytes(p.dentry.name);
    return;
  }
  writeNameBelow(out, p.mount, p.dentry, fsState().root);
  if (p.dentry.isDeleted) out.text(" (deleted)");
}
