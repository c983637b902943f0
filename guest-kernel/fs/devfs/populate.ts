/** Fills a fresh devtmpfs: a node for each registered device, and the links that programs expect. */
import { blockDevices } from "../../dev/block-device";
import { charDevices } from "../../dev/char-device";
import { Bytes, b } from "../../lib/bytes";
import { Inode, InodeOut, NewInode, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK } from "../../vfs/inode";

/** The inode interface of `root` is all that is used; a name that cannot be made is left out. */
export function populateDevices(root: Inode): void {
  const out = new InodeOut();
  const chars = charDevices();
  for (let i = 0; i < chars.length; i++) {
    const d = chars[i];
    root.create(b(d.name), new NewInode(S_IFCHR | d.mode, 0, 0, d.rdev), out);
  }
  const blocks = blockDevices();
  for (let i = 0; i < blocks.length; i++) {
    const d = blocks[i];
    root.create(b(d.name), new NewInode(S_IFBLK | 0o660, 0, 0, d.rdev), out);
  }
  root.create(b("shm"), new NewInode(S_IFDIR | 0o1777, 0, 0), out);
  root.create(b("pts"), new NewInode(S_IFDIR | 0o755, 0, 0), out);
  link(root, b("fd"), b("/proc/self/fd"));
  link(root, b("stdin"), b("/proc/self/fd/0"));
  link(root, b("stdout"), b("/proc/self/fd/1"));
  link(root, b("stderr"), b("/proc/self/fd/2"));
}

function link(root: Inode, name: Bytes, target: Bytes): void {
  root.create(name, new NewInode(S_IFLNK | 0o777, 0, 0, 0, target), new InodeOut());
}
