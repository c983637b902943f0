/** Access times: relatime as Linux's default, unless the mount or the open says otherwise. */
import { O_NOATIME } from "../abi/fcntl";
import { realtimeNs } from "../hal/time";
import { ATTR_ATIME, Inode, SetAttr } from "./inode";
import { MNT_NOATIME, MNT_NODIRATIME, MNT_RELATIME, Mount } from "./mount";

const DAY_NS: i64 = 86_400_000_000_000;

/** `inode` was read through `mount`. A failure to record that is no failure of the read. */
export function touchAtime(mount: Mount, inode: Inode, flags: u32): void {
  if ((flags & O_NOATIME) != 0 || mount.isReadOnly || mount.has(MNT_NOATIME)) return;
  if (inode.isDir && mount.has(MNT_NODIRATIME)) return;
  const now = realtimeNs();
  const isFresh = inode.atime > inode.mtime && inode.atime > inode.ctime && now - inode.atime < DAY_NS;
  if (isFresh && mount.has(MNT_RELATIME)) return;
  if (inode.atime == now) return;
  const c = new SetAttr();
  c.mask = ATTR_ATIME;
  c.atime = now;
  inode.touch(c);
}
