/** mount -t tmpfs: a fresh instance each time. */
import { Result, failed } from "../../lib/result";
import { FilesystemOut, FilesystemType, MountContext } from "../../vfs/filesystem-type";
import { TmpOptions } from "./options";
import { TmpFs } from "./tmpfs";

@final
export class TmpType extends FilesystemType {
  constructor() {
    super("tmpfs", false);
  }

  mount(ctx: MountContext, out: FilesystemOut): Result {
    const o = new TmpOptions();
    const r = o.parse(ctx.data);
    if (failed(r)) return r;
    out.fs = new TmpFs(o);
    out.fs.readOnly = ctx.readOnly;
    return 0;
  }
}
