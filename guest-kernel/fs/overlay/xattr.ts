/**
 * Extended attributes (J1-J5): the overlay's own, trusted.overlay.*, are neither shown nor reached. A user's attribute of
 * such a name is stored as trusted.overlay.overlay.*, so that overlays nest.
 */
import { Errno } from "../../abi/errno";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { Inode } from "../../vfs/inode";
import { WHOLE_FILE, copyUp } from "./copy-up";
import { OverlayInode } from "./inode";
import { OVERLAY_PREFIX } from "./marks";

const ESCAPED_PREFIX = b("trusted.overlay.overlay.");
const SECURITY_PREFIX = b("security.");
const NAME_MAX: i32 = 255;

/** The name on the layer, or null when it would be too long. */
function realName(name: Bytes): Bytes | null {
  if (!name.startsWith(OVERLAY_PREFIX)) return name;
  const escaped = ESCAPED_PREFIX.concat(name.slice(OVERLAY_PREFIX.len));
  return escaped.len > NAME_MAX ? null : escaped;
}

/** The overlay's own, not one that a user stored under an escaped name. */
function isPrivate(name: Bytes): bool {
  return name.startsWith(OVERLAY_PREFIX) && !name.startsWith(ESCAPED_PREFIX);
}

/** Errors: -EOPNOTSUPP (name too long to escape, or as the layer), -ENODATA. */
export function getXattr(n: OverlayInode, name: Bytes, out: BytesBuilder): Result {
  const real = realName(name);
  return real == null ? fail(Errno.EOPNOTSUPP) : n.real.getxattr(real, out);
}

export function setXattr(n: OverlayInode, name: Bytes, value: Bytes, flags: u32): Result {
  const real = realName(name);
  if (real == null) return fail(Errno.EOPNOTSUPP);
  const c = copyUp(n, WHOLE_FILE);
  if (failed(c)) return c;
  const r = n.upper!.setxattr(real, value, flags);
  n.refresh();
  return r;
}

/** What is not there is not worth a copy-up (J5). */
export function removeXattr(n: OverlayInode, name: Bytes): Result {
  const real = realName(name);
  if (real == null) return fail(Errno.EOPNOTSUPP);
  if (n.upper == null) {
    const g = n.real.getxattr(real, new BytesBuilder());
    if (failed(g)) return g;
    const c = copyUp(n, WHOLE_FILE);
    if (failed(c)) return c;
  }
  const r = n.upper!.removexattr(real);
  n.refresh();
  return r;
}

export function listXattrs(n: OverlayInode, out: BytesBuilder): Result {
  const names = new BytesBuilder();
  const r = n.real.listxattr(names);
  if (failed(r)) return r;
  const all = names.take();
  for (let at = 0; at < all.len;) {
    const end = all.indexOf(0, at);
    const name = all.slice(at, end);
    at = end + 1;
    if (isPrivate(name)) continue;
    if (name.startsWith(ESCAPED_PREFIX)) out.bytes(OVERLAY_PREFIX).bytes(name.slice(ESCAPED_PREFIX.len)).byte(0);
    else out.bytes(name).byte(0);
  }
  return 0;
}

/**
 * Copies a layer's attributes to what is being staged (D18): the overlay's own are skipped; where the upper does not take
 * a kind, that is an error for security.* alone.
 */
export function copyXattrs(from: Inode, to: Inode): Result {
  const names = new BytesBuilder();
  const r = from.listxattr(names);
  if (failed(r)) return r == fail(Errno.EOPNOTSUPP) ? 0 : r;
  const all = names.take();
  for (let at = 0; at < all.len;) {
    const end = all.indexOf(0, at);
    const name = all.slice(at, end);
    at = end + 1;
    if (isPrivate(name)) continue;
    const value = new BytesBuilder();
    const g = from.getxattr(name, value);
    if (failed(g)) return g;
    const s = to.setxattr(name, value.take(), 0);
    if (failed(s) && (s != fail(Errno.EOPNOTSUPP) || name.startsWith(SECURITY_PREFIX))) return s;
  }
  return 0;
}
