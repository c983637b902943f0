/** A place in the tree of mounts: a dentry as seen through one mount. */
import { Held } from "../proc/held";
import { Dentry, dget, dput } from "./dentry";
import { Inode } from "./inode";
import { Mount, mntGet, mntPut } from "./mount";

/** Owns one use of its mount and of its dentry, until drop(). Never changed. */
@final
export class Path extends Held {
  constructor(
    public mount: Mount,
    public dentry: Dentry,
  ) {
    super();
    mntGet(mount);
    dget(dentry);
  }

  get inode(): Inode {
    return this.dentry.node;
  }

  clone(): Path {
    return new Path(this.mount, this.dentry);
  }

  is(mount: Mount, dentry: Dentry): bool {
    return this.mount == mount && this.dentry == dentry;
  }

  drop(): void {
    const d = this.dentry;
    const m = this.mount;
    dput(d);
    mntPut(m);
  }
}

/** Receives a path; valid only when the Result is 0. The receiver drops it. */
@final
export class PathOut {
  private held: Path | null = null;

  get path(): Path {
    return this.held as Path;
  }
  set path(p: Path) {
    this.held = p;
  }
}
