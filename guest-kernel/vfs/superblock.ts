/** Filesystem instances in use, their root dentries, and anonymous device numbers. */
import { makeDev } from "../dev/dev-number";
import { Dentry, dput, forgetDentry, newRootDentry, pruneAllDentries } from "./dentry";
import { Filesystem } from "./inode";

const roots = new Array<Dentry>();
let lastAnonymous: u32 = 0;

/** st_dev for a filesystem without a device: major 0, ascending. */
export function anonymousDev(): u64 {
  return makeDev(0, ++lastAnonymous);
}

/** One more user: a mount, an overlay layer. */
export function fsGet(fs: Filesystem): void {
  fs.users++;
}

/** One user less; the last one shuts the instance down. */
export function fsPut(fs: Filesystem): void {
  assert(fs.users > 0, "filesystem released twice");
  if (--fs.users > 0) return;
  for (let i = 0; i < roots.length; i++) {
    const root = roots[i];
    if (root.fs != fs) continue;
    roots.splice(i, 1);
    pruneAllDentries(fs);
    forgetDentry(root);
    dput(root);
    break;
  }
  fs.sync();
  fs.shutdown();
}

/** The dentry of its root, made on first use and kept until the instance is shut down. */
export function rootDentry(fs: Filesystem): Dentry {
  for (let i = 0; i < roots.length; i++) if (roots[i].fs == fs) return roots[i];
  const d = newRootDentry(fs);
  roots.push(d);
  return d;
}

/** The instance of type `type` on device `dev` that is in use, or null. */
export function filesystemOn(type: string, dev: u64): Filesystem | null {
  for (let i = 0; i < roots.length; i++) {
    const fs = roots[i].fs;
    if (fs.dev == dev && fs.type == type) return fs;
  }
  return null;
}

/** sync(2): every instance in use. */
export function syncAll(): void {
  for (let i = 0; i < roots.length; i++) roots[i].fs.sync();
}
