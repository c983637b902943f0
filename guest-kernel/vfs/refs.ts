/** Who holds an inode: dentries, open files, mappings, overlay layers. Only these two functions change Inode.refs. */
import { Inode } from "./inode";

let live: i32 = 0;

export function iget(i: Inode): void {
  if (i.refs++ == 0) live++;
}

/** The last holder gone: the driver may free or forget the object. */
export function iput(i: Inode): void {
  assert(i.refs > 0, "inode released twice");
  if (--i.refs > 0) return;
  live--;
  i.evict();
}

/** Held inodes, for /proc/strata. */
export function liveInodes(): i32 {
  return live;
}
