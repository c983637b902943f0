/** Every filesystem that mount(2) knows: the only list of drivers, in the order of /proc/filesystems. */
import { b } from "../lib/bytes";
import { Result } from "../lib/result";
import { FilesystemOut, FilesystemType, MountContext, registerFilesystem } from "../vfs/filesystem-type";
import { Filesystem } from "../vfs/inode";
import { fsGet } from "../vfs/superblock";
import { registerMemoryDevices } from "./devfs/memory-devices";
import { populateDevices } from "./devfs/populate";
import { Ext4Type } from "./ext4/mount";
import { OverlayType } from "./overlay/mount";
import { ProcType } from "./procfs/mount";
import { TmpType } from "./tmpfs/mount";
import { TmpOptions } from "./tmpfs/options";
import { TmpFs } from "./tmpfs/tmpfs";

/** devtmpfs: one tmpfs for every mount, filled once and never shut down. */
@final
class DevType extends FilesystemType {
  private only: Filesystem | null = null;

  constructor() {
    super("devtmpfs", false);
  }

  mount(_ctx: MountContext, out: FilesystemOut): Result {
    let fs = this.only;
    if (fs == null) {
      const o = new TmpOptions();
      o.parse(b("mode=755"));
      fs = new TmpFs(o, "devtmpfs");
      fsGet(fs);
      populateDevices(fs.root());
      this.only = fs;
    }
    out.fs = fs;
    return 0;
  }
}

export function registerDrivers(): void {
  registerMemoryDevices();
  registerFilesystem(new ProcType());
  registerFilesystem(new DevType());
  registerFilesystem(new TmpType());
  registerFilesystem(new Ext4Type());
  registerFilesystem(new OverlayType());
}
