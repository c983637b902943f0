/**
 * Mounts: which filesystem tree covers which dentry of which mount. One namespace, private propagation only.
 *
 * A mount is counted by the paths inside it and by its child mounts; umount needs it unused, MNT_DETACH takes it out of
 * the tree at once and the last user ends it.
 */
import { Bytes } from "../lib/bytes";
import { Dentry, dget, dput } from "./dentry";
import { Filesystem } from "./inode";
import { fsGet, fsPut } from "./superblock";

export const MNT_NOSUID: u32 = 1;
export const MNT_NODEV: u32 = 2;
export const MNT_NOEXEC: u32 = 4;
export const MNT_NOATIME: u32 = 8;
export const MNT_NODIRATIME: u32 = 16;
export const MNT_RELATIME: u32 = 32;
export const MNT_READONLY: u32 = 64;

@final
export class Mount {
  /** As in mountinfo. */
  id: i32 = 0;
  /** null for the root of the namespace, and for what is detached. */
  parent: Mount | null = null;
  mountpoint: Dentry | null = null;
  isAttached: bool = false;
  /** What is mounted in this mount, the latest first: a list through `nextSibling`. */
  firstChild: Mount | null = null;
  nextSibling: Mount | null = null;
  refs: i32 = 0;
  flags: u32 = 0;

  /** Counts `root` and its filesystem. */
  constructor(
    public root: Dentry,
    public source: Bytes,
  ) {
    dget(root);
    fsGet(root.fs);
    this.id = ++lastId;
    live++;
  }

  get fs(): Filesystem {
    return this.root.fs;
  }

  /** Writes are refused, by the mount or by the filesystem. */
  get isReadOnly(): bool {
    return (this.flags & MNT_READONLY) != 0 || this.root.fs.readOnly;
  }

  has(flag: u32): bool {
    return (this.flags & flag) != 0;
  }
}

/** In the order in which they were mounted. */
const table = new Array<Mount>();
let lastId: i32 = 0;
let live: i32 = 0;
let namespaceRoot: Mount | null = null;

/** Every attached mount, oldest first; not to be kept across a change. */
export function allMounts(): Array<Mount> {
  return table;
}

export function liveMounts(): i32 {
  return live;
}

export function rootMount(): Mount {
  return namespaceRoot as Mount;
}

/** A mount's first and last user's functions. */
export function mntGet(m: Mount): void {
  m.refs++;
}

export function mntPut(m: Mount): void {
  assert(m.refs > 0, "mount released twice");
  if (--m.refs == 0 && !m.isAttached) end(m);
}

function end(m: Mount): void {
  live--;
  const fs = m.fs;
  dput(m.root);
  fsPut(fs);
}

/** What covers `d` as seen in `m`, or null. */
export function mountOn(m: Mount, d: Dentry): Mount | null {
  if (d.mounts == 0) return null;
  let c: Mount | null = m.firstChild;
  while (c != null && c.mountpoint != d) c = c.nextSibling;
  return c;
}

export function hasChildMounts(m: Mount): bool {
  return m.firstChild != null;
}

/** What is mounted in `m`, at the end of `list`. */
export function addChildMounts(m: Mount, list: Array<Mount>): void {
  let c: Mount | null = m.firstChild;
  while (c != null) {
    list.push(c);
    c = c.nextSibling;
  }
}

/** Puts `m` over (parent, at); the first mount of all has no parent. */
export function attachMount(m: Mount, parent: Mount | null, at: Dentry | null): void {
  takeMountpoint(m, parent, at);
  m.isAttached = true;
  table.push(m);
}

function takeMountpoint(m: Mount, parent: Mount | null, at: Dentry | null): void {
  m.parent = parent;
  m.mountpoint = at;
  if (parent == null || at == null) {
    namespaceRoot = m;
    return;
  }
  mntGet(parent);
  dget(at);
  at.mounts++;
  m.nextSibling = parent.firstChild;
  parent.firstChild = m;
}

/** Takes `m` off its mountpoint; unused, it ends. */
export function detachMount(m: Mount): void {
  const i = table.indexOf(m);
  if (i >= 0) table.splice(i, 1);
  m.isAttached = false;
  releaseMountpoint(m);
  if (m.refs == 0) end(m);
}

function releaseMountpoint(m: Mount): void {
  const parent = m.parent;
  const at = m.mountpoint;
  m.parent = null;
  m.mountpoint = null;
  if (parent == null || at == null) return;
  unlistChild(parent, m);
  at.mounts--;
  dput(at);
  mntPut(parent);
}

function unlistChild(parent: Mount, m: Mount): void {
  const next = m.nextSibling;
  m.nextSibling = null;
  if (parent.firstChild == m) {
    parent.firstChild = next;
    return;
  }
  let before = parent.firstChild as Mount;
  while (before.nextSibling != m) before = before.nextSibling as Mount;
  before.nextSibling = next;
}

/** Hangs an attached mount somewhere else (MS_MOVE, pivot_root); no parent makes it the root of the namespace. */
export function moveMount(m: Mount, parent: Mount | null, at: Dentry | null): void {
  // Counted first: it may be what keeps the place.
  if (parent != null) mntGet(parent);
  if (at != null) dget(at);
  releaseMountpoint(m);
  takeMountpoint(m, parent, at);
  if (at != null) dput(at);
  if (parent != null) mntPut(parent);
}

/** `m` is `other`, or mounted somewhere below it. */
export function isMountWithin(m: Mount, other: Mount): bool {
  for (let at: Mount | null = m; at != null; at = at.parent) if (at == other) return true;
  return false;
}

/** MNT_DETACH: `m` and every mount below it, leaves first. They may lie deeper than the kernel's stack would reach. */
export function detachTree(m: Mount): void {
  let at = m;
  for (;;) {
    for (let child: Mount | null = at.firstChild; child != null; child = at.firstChild) at = child;
    const parent = at.parent;
    const isLast = at == m;
    detachMount(at);
    if (isLast || parent == null) return;
    at = parent;
  }
}
