/** Who a task acts as. Capabilities follow the effective uid: 0 has all of them, nobody else any. */

@final
export class Cred {
  uid: u32 = 0;
  euid: u32 = 0;
  suid: u32 = 0;
  fsuid: u32 = 0;
  gid: u32 = 0;
  egid: u32 = 0;
  sgid: u32 = 0;
  fsgid: u32 = 0;
  /** Supplementary groups, never changed in place. */
  groups: StaticArray<u32> = [];

  clone(): Cred {
    const c = new Cred();
    c.uid = this.uid;
    c.euid = this.euid;
    c.suid = this.suid;
    c.fsuid = this.fsuid;
    c.gid = this.gid;
    c.egid = this.egid;
    c.sgid = this.sgid;
    c.fsgid = this.fsgid;
    c.groups = this.groups;
    return c;
  }

  /** Any capability whatever. */
  get isCapable(): bool {
    return this.euid == 0;
  }

  /** CAP_DAC_OVERRIDE, CAP_FOWNER and the like, which follow fsuid where files are concerned. */
  get isFsCapable(): bool {
    return this.fsuid == 0;
  }

  /** Whether file access as `gid` is this task's group access. */
  inGroup(gid: u32): bool {
    if (this.fsgid == gid) return true;
    const g = this.groups;
    for (let i = 0; i < g.length; i++) if (g[i] == gid) return true;
    return false;
  }
}
