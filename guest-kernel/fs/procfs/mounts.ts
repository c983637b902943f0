/** /proc/PID/mounts and mountinfo, proc(5): the mounts that the task can reach from its root. */
import { majorOf, minorOf } from "../../dev/dev-number";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result } from "../../lib/result";
import { Task } from "../../proc/task";
import { Dentry } from "../../vfs/dentry";
import { FsState } from "../../vfs/fs-context";
import {
  MNT_NOATIME,
  MNT_NODEV,
  MNT_NODIRATIME,
  MNT_NOEXEC,
  MNT_NOSUID,
  MNT_READONLY,
  MNT_RELATIME,
  Mount,
  allMounts,
} from "../../vfs/mount";
import { Path } from "../../vfs/path";
import { writeNameBelow } from "../../vfs/path-name";

/** Appends `s` with blanks and backslashes as octal escapes, so that fields stay apart. */
function escaped(out: BytesBuilder, s: Bytes): BytesBuilder {
  for (let i = 0; i < s.len; i++) {
    const c = s[i];
    if (c == 0x20 || c == 0x09 || c == 0x0a || c == 0x5c) out.byte(0x5c).octal(c, 3);
    else out.byte(c);
  }
  return out;
}

/** Where `m` is as seen from `root`, or null: not reachable. */
function place(m: Mount, root: Path): Bytes | null {
  const name = new BytesBuilder();
  return writeNameBelow(name, m, m.root, root) ? name.take() : null;
}

function mountOptions(out: BytesBuilder, m: Mount, isReadOnly: bool): void {
  out.text(isReadOnly ? "ro" : "rw");
  if (m.has(MNT_NOSUID)) out.text(",nosuid");
  if (m.has(MNT_NODEV)) out.text(",nodev");
  if (m.has(MNT_NOEXEC)) out.text(",noexec");
  if (m.has(MNT_NOATIME)) out.text(",noatime");
  if (m.has(MNT_NODIRATIME)) out.text(",nodiratime");
  if (m.has(MNT_RELATIME)) out.text(",relatime");
}

/** source, place, type, options, 0 0. */
export function writeMounts(t: Task, out: BytesBuilder): Result {
  if (t.fs == null) return 0;
  const root = (t.fs as FsState).root;
  const all = allMounts();
  for (let i = 0; i < all.length; i++) {
    const m = all[i];
    const at = place(m, root);
    if (at == null) continue;
    escaped(out, m.source).byte(0x20);
    escaped(out, at).byte(0x20).text(m.fs.type).byte(0x20);
    mountOptions(out, m, m.isReadOnly);
    m.fs.showOptions(out);
    out.text(" 0 0\n");
  }
  return 0;
}

/** id, parent, device, root, place, options, "-", type, source, the filesystem's options. */
export function writeMountinfo(t: Task, out: BytesBuilder): Result {
  if (t.fs == null) return 0;
  const root = (t.fs as FsState).root;
  const all = allMounts();
  for (let i = 0; i < all.length; i++) {
    const m = all[i];
    const at = place(m, root);
    if (at == null) continue;
    const parent = m.parent;
    out
      .dec(m.id)
      .byte(0x20)
      .dec(parent == null ? m.id : parent.id)
      .byte(0x20);
    out.unsigned(majorOf(m.fs.dev)).byte(0x3a).unsigned(minorOf(m.fs.dev)).byte(0x20);
    escaped(out, nameInFilesystem(m.root)).byte(0x20);
    escaped(out, at).byte(0x20);
    mountOptions(out, m, m.has(MNT_READONLY));
    out.text(" - ").text(m.fs.type).byte(0x20);
    escaped(out, m.source)
      .byte(0x20)
      .text(m.fs.readOnly ? "ro" : "rw");
    m.fs.showOptions(out);
    out.byte(0x0a);
  }
  return 0;
}

/** The mount's root as a path inside its filesystem: not "/" for a bind mount. */
function nameInFilesystem(d: Dentry): Bytes {
  const names = new Array<Bytes>();
  let at = d;
  let up = at.parent;
  while (up != null) {
    names.push(at.name);
    at = up;
    up = at.parent;
  }
  const out = new BytesBuilder();
  if (names.length == 0) out.byte(0x2f);
  for (let i = names.length - 1; i >= 0; i--) out.byte(0x2f).bytes(names[i]);
  return out.take();
}
