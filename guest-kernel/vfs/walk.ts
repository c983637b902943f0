/**
 * Path walk, path_resolution(7): symbolic links (at most 40), "." and "..", mounts, trailing slashes.
 *
 * A walk stands at (mount, dentry) without counting them: nothing is pruned or unmounted before its end (dentry.ts).
 * `parent` stops before the last component, which creating, removing and renaming look up themselves with `lookupLast`;
 * `resolve` goes all the way. Errors, as they are met: -ENOENT, -ENOTDIR, -EACCES, -ENAMETOOLONG, -ELOOP.
 */
import { Errno } from "../abi/errno";
import { Bytes, BytesBuilder } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { Dentry, addDentry, cachedDentry, forgetDentry } from "./dentry";
import { fsState } from "./fs-context";
import { InodeOut, S_IFLNK } from "./inode";
import { MagicLink } from "./magic-link";
import { Mount, mountOn } from "./mount";
import { Path, PathOut } from "./path";
import { MAY_EXEC, permission } from "./permission";

const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;
const MAX_LINKS: i32 = 40;
export const NAME_MAX: i32 = 255;
export const PATH_MAX: i32 = 4096;

const NO_NAME = Bytes.alloc(0);
/** Between a driver's lookup and the new dentry; no lookup begins inside another. */
const found = new InodeOut();

/** What the last component is: Walk.lastKind. */
export const LAST_NAME: i32 = 0;
export const LAST_DOT: i32 = 1;
export const LAST_DOTDOT: i32 = 2;
/** The path was "/". */
export const LAST_ROOT: i32 = 3;

@final
export class Walk {
  mount: Mount;
  dentry: Dentry;
  /** After parent(). */
  last: Bytes = NO_NAME;
  lastKind: i32 = LAST_ROOT;
  /** The path ended in a slash: what it names must be a directory, and a link is followed. */
  hasTrailingSlash: bool = false;
  private rootMount: Mount;
  private rootDentry: Dentry;
  private links: i32 = 0;
  /** Where a magic link led; counted here until the walk is over. */
  private jumped: Path | null = null;

  /** Starts at `base`: the working directory, or what a descriptor refers to. */
  constructor(base: Path) {
    const root = fsState().root;
    this.mount = base.mount;
    this.dentry = base.dentry;
    this.rootMount = root.mount;
    this.rootDentry = root.dentry;
  }

  /** The place where the walk stands, counted. */
  path(): Path {
    return new Path(this.mount, this.dentry);
  }

  /** Every walk ends with this, once its result is counted or used. */
  end(): void {
    const j = this.jumped;
    if (j != null) {
      this.jumped = null;
      j.drop();
    }
  }

  /** Walks to the directory that holds, or would hold, the last component. */
  parent(path: Bytes): Result {
    if (path.len == 0) return fail(Errno.ENOENT);
    let rest = path;
    if (rest[0] == SLASH) this.toRoot();
    let at = skipSlashes(rest, 0);
    while (at < rest.len) {
      const r = this.enterable();
      if (failed(r)) return r;
      const slash = rest.indexOf(SLASH, at);
      const end = slash < 0 ? rest.len : slash;
      const name = rest.slice(at, end);
      if (name.len > NAME_MAX) return fail(Errno.ENAMETOOLONG);
      at = skipSlashes(rest, end);
      if (at == rest.len) {
        this.last = name;
        this.lastKind = kindOf(name);
        this.hasTrailingSlash = end < rest.len;
        return 0;
      }
      const s = this.step(name);
      if (failed(s)) return s;
      if (this.dentry.node.type != S_IFLNK) continue;
      const text = new BytesBuilder();
      const l = this.enterLink(text);
      if (failed(l)) return l;
      // A magic link has led to its object already.
      if (text.len == 0) continue;
      rest = text.bytes(rest.slice(end)).take();
      if (rest[0] == SLASH) this.toRoot();
      at = skipSlashes(rest, 0);
    }
    this.lastKind = LAST_ROOT;
    this.hasTrailingSlash = false;
    return this.dentry.node.isDir ? 0 : fail(Errno.ENOTDIR);
  }

  /** Walks to what `path` names; a last symbolic link is followed with `follow` or before a trailing slash. */
  resolve(path: Bytes, follow: bool): Result {
    let r = this.parent(path);
    for (;;) {
      if (failed(r)) return r;
      if (this.lastKind != LAST_NAME) {
        if (this.lastKind == LAST_DOTDOT) this.up();
        return 0;
      }
      const from = this.dentry;
      r = this.step(this.last);
      if (failed(r)) return r;
      if (this.dentry.node.type != S_IFLNK || !(follow || this.hasTrailingSlash)) break;
      const text = new BytesBuilder();
      r = this.enterLinkAt(from, text);
      if (failed(r)) return r;
      if (text.len == 0) break;
      if (this.hasTrailingSlash) text.byte(SLASH);
      r = this.parent(text.take());
    }
    return this.hasTrailingSlash && !this.dentry.node.isDir ? fail(Errno.ENOTDIR) : 0;
  }

  /**
   * The dentry of the last component, perhaps negative; the walk stays at its parent and mounts are not crossed.
   * Only after parent() with LAST_NAME.
   */
  lookupLast(): Result {
    return this.lookup(this.last);
  }

  /** What lookupLast found. */
  child: Dentry | null = null;

  /** Continues with the link that lookupLast found, up to the last component of its target. */
  parentOfLink(): Result {
    const from = this.dentry;
    this.dentry = this.child as Dentry;
    const text = new BytesBuilder();
    const r = this.enterLinkAt(from, text);
    if (failed(r)) return r;
    if (text.len == 0) {
      // A magic link: the walk stands on its object.
      this.lastKind = LAST_ROOT;
      return 0;
    }
    if (this.hasTrailingSlash) text.byte(SLASH);
    return this.parent(text.take());
  }

  /** Goes to what covers the present place. */
  crossMounts(): void {
    for (let m = mountOn(this.mount, this.dentry); m != null; m = mountOn(this.mount, this.dentry)) {
      this.mount = m;
      this.dentry = m.root;
    }
  }

  /** "..", which stops at the task's root and leaves a mount by its mountpoint. */
  up(): void {
    while (!(this.mount == this.rootMount && this.dentry == this.rootDentry)) {
      if (this.dentry != this.mount.root) {
        this.dentry = this.dentry.parent as Dentry;
        break;
      }
      const at = this.mount.mountpoint;
      const outer = this.mount.parent;
      if (at == null || outer == null) break;
      this.dentry = at;
      this.mount = outer;
    }
    this.crossMounts();
  }

  private toRoot(): void {
    this.mount = this.rootMount;
    this.dentry = this.rootDentry;
  }

  /** The present place is a directory that may be searched. */
  private enterable(): Result {
    const i = this.dentry.node;
    return i.isDir ? permission(i, MAY_EXEC) : fail(Errno.ENOTDIR);
  }

  private step(name: Bytes): Result {
    const kind = kindOf(name);
    if (kind == LAST_DOT) return 0;
    if (kind == LAST_DOTDOT) {
      this.up();
      return 0;
    }
    const r = this.lookup(name);
    if (failed(r)) return r;
    const d = this.child as Dentry;
    if (d.isNegative) return fail(Errno.ENOENT);
    this.linkParent = this.dentry;
    this.dentry = d;
    this.crossMounts();
    return 0;
  }

  /** The directory that the last step left: where a relative link starts. */
  private linkParent: Dentry | null = null;

  private enterLink(text: BytesBuilder): Result {
    return this.enterLinkAt(this.linkParent as Dentry, text);
  }

  /** Goes back to `from`, the link's directory, and reads the link; a magic link jumps and leaves `text` empty. */
  private enterLinkAt(from: Dentry, text: BytesBuilder): Result {
    if (++this.links > MAX_LINKS) return fail(Errno.ELOOP);
    const link = this.dentry.node;
    if (link instanceof MagicLink) {
      const to = new PathOut();
      const r = (link as MagicLink).follow(to);
      if (failed(r)) return r;
      this.end();
      this.jumped = to.path;
      this.mount = to.path.mount;
      this.dentry = to.path.dentry;
      return 0;
    }
    const r = link.readlink(text);
    if (failed(r)) return r;
    this.dentry = from;
    return text.len == 0 ? fail(Errno.ENOENT) : 0;
  }

  /** Puts the dentry of `name`, perhaps negative, into `child`. */
  private lookup(name: Bytes): Result {
    const dir = this.dentry.node;
    const cached = cachedDentry(dir, name);
    if (cached != null) {
      const i = cached.inode;
      const isGood = i == null ? dir.fs.cacheAbsence : i.isCurrent() || cached.mounts > 0;
      if (isGood && cached.parent == this.dentry) {
        this.child = cached;
        return 0;
      }
      forgetDentry(cached);
    }
    // A removed directory has no names.
    if (dir.nlink == 0) return fail(Errno.ENOENT);
    const out = found;
    out.inode = null;
    const r = dir.lookup(name, out);
    if (failed(r) && r != fail(Errno.ENOENT)) return r;
    this.child = addDentry(this.dentry, name, failed(r) ? null : out.inode);
    out.inode = null;
    return 0;
  }
}

/** The first position from `from` on that holds no slash. */
function skipSlashes(s: Bytes, from: i32): i32 {
  let i = from;
  while (i < s.len && s[i] == SLASH) i++;
  return i;
}

function kindOf(name: Bytes): i32 {
  if (name.len == 1 && name[0] == DOT) return LAST_DOT;
  if (name.len == 2 && name[0] == DOT && name[1] == DOT) return LAST_DOTDOT;
  return LAST_NAME;
}

/** As resolvePath, and on to the topmost mount there: what umount(2) takes off. */
export function resolveMountpoint(base: Path, path: Bytes, follow: bool, out: PathOut): Result {
  const w = new Walk(base);
  const r = w.resolve(path, follow);
  if (!failed(r)) {
    w.crossMounts();
    out.path = w.path();
  }
  w.end();
  return r;
}

/** What `path` names from `base` on, counted, in `out`. */
export function resolvePath(base: Path, path: Bytes, follow: bool, out: PathOut): Result {
  const w = new Walk(base);
  const r = w.resolve(path, follow);
  if (!failed(r)) out.path = w.path();
  w.end();
  return r;
}
