/**
 * Dentries: names that have been looked up, and what they led to; a negative dentry remembers an absence.
 *
 * A dentry counts its users (`refs`): paths, mounts, and each of its children. With none it stays in the cache, on the
 * idle list, until `pruneDentries` takes it; that happens only where no walk is under way, so a walk need not count the
 * dentries that it passes. A removed name is unhashed: its dentry lives while somebody holds it.
 */
import { Bytes } from "../lib/bytes";
import { freeFrames, reserveFrames } from "../mm/frames";
import { Filesystem, Inode } from "./inode";
import { iget, iput } from "./refs";

@final
export class Dentry {
  refs: i32 = 0;
  /** Mounts that cover it, in whatever mount of the filesystem. */
  mounts: i32 = 0;
  /** Reachable by lookup. False once the name is gone. */
  isHashed: bool = false;
  firstChild: Dentry | null = null;
  nextSibling: Dentry | null = null;
  prevSibling: Dentry | null = null;
  hashNext: Dentry | null = null;
  idleNext: Dentry | null = null;
  idlePrev: Dentry | null = null;
  isIdle: bool = false;

  constructor(
    public fs: Filesystem,
    public name: Bytes,
    public parent: Dentry | null,
    /** null: nothing has this name. */
    public inode: Inode | null,
  ) {}

  get isNegative(): bool {
    return this.inode == null;
  }

  /** What it names; a negative dentry must not be asked. */
  get node(): Inode {
    return this.inode as Inode;
  }

  get isRoot(): bool {
    return this.parent == null;
  }

  /** The name was removed, or an ancestor's was while this dentry was held. */
  get isDeleted(): bool {
    return hasLostName(this);
  }

  /** `this` is `other` or lies below it. */
  isWithin(other: Dentry): bool {
    return liesWithin(this, other);
  }
}

function hasLostName(from: Dentry): bool {
  for (let d: Dentry | null = from; d != null; d = d.parent) if (!d.isHashed && d.parent != null) return true;
  return false;
}

function liesWithin(from: Dentry, other: Dentry): bool {
  for (let d: Dentry | null = from; d != null; d = d.parent) if (d == other) return true;
  return false;
}

const BUCKETS: i32 = 1024;
const buckets = new StaticArray<Dentry | null>(BUCKETS);
let live: i32 = 0;
let idleCount: i32 = 0;
/** Ends of the idle list; the one unused for longest is at the tail. */
let idleHead: Dentry | null = null;
let idleTail: Dentry | null = null;

/** More idle dentries than this are pruned at the next occasion. */
const MAX_IDLE: i32 = 2048;

function bucketOf(dir: Inode, name: Bytes): i32 {
  return <i32>((name.hash() ^ ((<u32>changetype<usize>(dir)) >> 4)) & (BUCKETS - 1));
}

function hash(d: Dentry): void {
  const i = bucketOf((d.parent as Dentry).node, d.name);
  d.hashNext = buckets[i];
  buckets[i] = d;
  d.isHashed = true;
}

function unhash(d: Dentry): void {
  if (!d.isHashed) return;
  d.isHashed = false;
  const i = bucketOf((d.parent as Dentry).node, d.name);
  let prev: Dentry | null = null;
  let at = buckets[i];
  while (at != null && at != d) {
    prev = at;
    at = at.hashNext;
  }
  if (at != null && prev != null) prev.hashNext = d.hashNext;
  else if (at != null) buckets[i] = d.hashNext;
  d.hashNext = null;
}

function addChild(parent: Dentry, d: Dentry): void {
  const first = parent.firstChild;
  d.parent = parent;
  d.prevSibling = null;
  d.nextSibling = first;
  if (first != null) first.prevSibling = d;
  parent.firstChild = d;
  dget(parent);
}

/** The parent keeps its count; the caller passes it on or gives it back. */
function unlinkChild(d: Dentry): void {
  const prev = d.prevSibling;
  const next = d.nextSibling;
  if (prev != null) prev.nextSibling = next;
  else (d.parent as Dentry).firstChild = next;
  if (next != null) next.prevSibling = prev;
  d.prevSibling = null;
  d.nextSibling = null;
}

function makeIdle(d: Dentry): void {
  const head = idleHead;
  d.isIdle = true;
  d.idlePrev = null;
  d.idleNext = head;
  if (head != null) head.idlePrev = d;
  else idleTail = d;
  idleHead = d;
  idleCount++;
}

function leaveIdle(d: Dentry): void {
  if (!d.isIdle) return;
  const prev = d.idlePrev;
  const next = d.idleNext;
  if (prev != null) prev.idleNext = next;
  else idleHead = next;
  if (next != null) next.idlePrev = prev;
  else idleTail = prev;
  d.isIdle = false;
  d.idlePrev = null;
  d.idleNext = null;
  idleCount--;
}

export function dget(d: Dentry): void {
  if (d.refs++ == 0) leaveIdle(d);
}

export function dput(d: Dentry): void {
  assert(d.refs > 0, "dentry released twice");
  if (--d.refs > 0) return;
  if (d.isHashed) makeIdle(d);
  else free(d);
}

/** `d` has no users and no name any more. */
function free(d: Dentry): void {
  leaveIdle(d);
  live--;
  const inode = d.inode;
  d.inode = null;
  const parent = d.parent;
  if (parent != null) unlinkChild(d);
  if (inode != null) iput(inode);
  if (parent != null) dput(parent);
}

/** A filesystem's root: one use, the caller's. */
export function newRootDentry(fs: Filesystem): Dentry {
  const root = fs.root();
  const d = new Dentry(fs, Bytes.alloc(0), null, root);
  iget(root);
  live++;
  d.refs = 1;
  return d;
}

/** Remembers that `name` in `parent` is `inode`, or nothing. No use is counted. */
export function addDentry(parent: Dentry, name: Bytes, inode: Inode | null): Dentry {
  const d = new Dentry(parent.fs, name.clone(), null, inode);
  if (inode != null) iget(inode);
  live++;
  addChild(parent, d);
  hash(d);
  makeIdle(d);
  return d;
}

/** The cached dentry of `name` in the directory `dir`, or null. No use is counted. */
export function cachedDentry(dir: Inode, name: Bytes): Dentry | null {
  let d = buckets[bucketOf(dir, name)];
  while (d != null && !((d.parent as Dentry).inode == dir && d.name.equals(name))) d = d.hashNext;
  return d;
}

/** A negative dentry becomes the name of what was just created. */
export function instantiate(d: Dentry, inode: Inode): void {
  iget(inode);
  d.inode = inode;
}

/** The name was removed: unless somebody holds the dentry, the absence is remembered. */
export function nameRemoved(d: Dentry): void {
  const inode = d.inode;
  if (d.refs == 0 && inode != null) {
    d.inode = null;
    iput(inode);
    return;
  }
  forgetDentry(d);
}

/** Takes `d` and everything below it out of the cache; what is held lives on without a name. */
export function forgetDentry(d: Dentry): void {
  dget(d);
  for (let c = d.firstChild; c != null;) {
    const next: Dentry | null = c.nextSibling;
    forgetDentry(c);
    c = next;
  }
  unhash(d);
  dput(d);
}

/**
 * For a driver that changes a directory of another filesystem by itself (overlay and its layers): what was cached for
 * `name` in `dir` holds no more.
 */
export function forgetName(dir: Inode, name: Bytes): void {
  const d = cachedDentry(dir, name);
  if (d != null) forgetDentry(d);
}

/** `d` was renamed to `name` in `parent`; what had that name is unhashed. */
export function moveDentry(d: Dentry, parent: Dentry, name: Bytes): void {
  const old = cachedDentry(parent.node, name);
  if (old != null && old != d) forgetDentry(old);
  const from = d.parent as Dentry;
  unhash(d);
  unlinkChild(d);
  d.name = name.clone();
  addChild(parent, d);
  hash(d);
  dput(from);
}

/** RENAME_EXCHANGE: the two names changed places. */
export function exchangeDentries(a: Dentry, b: Dentry): void {
  const pa = a.parent as Dentry;
  const pb = b.parent as Dentry;
  const nameA = a.name;
  unhash(a);
  unhash(b);
  unlinkChild(a);
  unlinkChild(b);
  a.name = b.name;
  b.name = nameA;
  addChild(pb, a);
  addChild(pa, b);
  hash(a);
  hash(b);
  dput(pa);
  dput(pb);
}

/** Drops at most `n` idle dentries, of `fs` alone unless it is null. Returns how many. */
export function pruneDentries(n: i32, fs: Filesystem | null): i32 {
  let done = 0;
  for (let d = idleTail; d != null && done < n;) {
    const before: Dentry | null = d.idlePrev;
    if (fs == null || d.fs == fs) {
      unhash(d);
      free(d);
      done++;
      // A parent that has become idle stands at the head; when the tail is reached again it is seen.
      d = before != null && before.isIdle ? before : idleTail;
    } else d = before;
  }
  return done;
}

/** Everything idle, parents too. */
export function pruneAllDentries(fs: Filesystem | null): void {
  while (pruneDentries(i32.MAX_VALUE, fs) > 0) {}
}

/** Called where no walk is under way: keeps the cache within its bound, and empties it when memory is short. */
export function trimDentries(): void {
  if (idleCount > MAX_IDLE) pruneDentries(idleCount - MAX_IDLE / 2, null);
  else if (idleCount > 0 && freeFrames() < reserveFrames()) pruneAllDentries(null);
}

export function liveDentries(): i32 {
  return live;
}

export function idleDentries(): i32 {
  return idleCount;
}

/** A dentry in no directory, for what is only ever reached by a descriptor; `name` is what /proc shows. No use is counted. */
export function namelessDentry(fs: Filesystem, name: Bytes, inode: Inode): Dentry {
  const d = new Dentry(fs, name, null, inode);
  iget(inode);
  live++;
  return d;
}
