/**
 * Mounting an overlay: the checks of A1-A9 and A12-A14 in Linux's order, each with its line in the log.
 *
 * Not done: the warning about layers in use elsewhere (A11), capability probing (A35).
 */
import { Errno } from "../../abi/errno";
import { LOG_ERR, LOG_WARNING, klogLine } from "../../hal/log";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { FilesystemOut, FilesystemType, Layer, LayerOut, MountContext } from "../../vfs/filesystem-type";
import { OverlayFs } from "./filesystem";
import { OverlayLayer } from "./layer";
import { OverlayOptions } from "./options";
import { WorkDirOut, openWorkDir } from "./work-dir";

/** As Linux's FILESYSTEM_MAX_STACK_DEPTH. */
const MAX_STACK_DEPTH: i32 = 2;

@final
export class OverlayType extends FilesystemType {
  constructor() {
    super("overlay", false);
  }

  mount(ctx: MountContext, out: FilesystemOut): Result {
    const m = new OverlayMount(ctx);
    const r = m.run(out);
    if (failed(r)) m.release();
    return r;
  }
}

/** One mount under way: owns the layers that it has resolved. */
@final
class OverlayMount {
  private options: OverlayOptions = new OverlayOptions();
  private lowers: Array<Layer> = new Array<Layer>();
  private upper: Layer | null = null;
  private work: Layer | null = null;

  constructor(private ctx: MountContext) {}

  run(out: FilesystemOut): Result {
    let r = this.options.parse(this.ctx.data);
    if (!failed(r)) r = this.resolveAll();
    if (!failed(r)) r = this.checkUpper();
    if (!failed(r)) r = this.checkOverlap();
    if (!failed(r)) r = this.checkDepth();
    return failed(r) ? r : this.build(out);
  }

  release(): void {
    const upper = this.upper;
    const work = this.work;
    for (let i = 0; i < this.lowers.length; i++) this.lowers[i].drop();
    if (upper != null) upper.drop();
    if (work != null) work.drop();
  }

  private resolveAll(): Result {
    const o = this.options;
    const out = new LayerOut();
    for (let i = 0; i < o.lowers.length; i++) {
      const r = this.resolve(o.lowers[i], out);
      if (failed(r)) return r;
      this.lowers.push(out.layer);
    }
    const upper = o.upper;
    const work = o.work;
    if (upper == null || work == null) return 0;
    const u = this.resolve(upper, out);
    if (failed(u)) return u;
    this.upper = out.layer;
    const w = this.resolve(work, out);
    if (failed(w)) return w;
    this.work = out.layer;
    return 0;
  }

  /** Errors: those of the walk, -EINVAL when it is no directory (A6). */
  private resolve(path: Bytes, out: LayerOut): Result {
    const r = this.ctx.resolve(path, out);
    if (failed(r)) {
      klogLine(new BytesBuilder().text("overlayfs: failed to resolve '").bytes(path).text("': ").dec(r), LOG_ERR);
      return r;
    }
    if (out.layer.inode.isDir) return 0;
    out.layer.drop();
    klogLine(new BytesBuilder().text("overlayfs: '").bytes(path).text("' not a directory"), LOG_ERR);
    return fail(Errno.EINVAL);
  }

  private checkUpper(): Result {
    const upper = this.upper;
    const work = this.work;
    if (upper == null || work == null) return 0;
    if (upper.fs instanceof OverlayFs) return refuse("filesystem of upperdir is an overlay, not supported as upperdir");
    if (upper.isReadOnly) return refuse("upper fs is r/o, try multi-lower layers mount");
    if (upper.mountId != work.mountId) return refuse("workdir and upperdir must reside under the same mount");
    if (work.isWithin(upper) || upper.isWithin(work)) return refuse("workdir and upperdir must be separate subtrees");
    return 0;
  }

  /** No lower may be, or lie inside, another layer or the work directory; an upper inside a lower is fine (A9 A10). */
  private checkOverlap(): Result {
    const upper = this.upper;
    const work = this.work;
    for (let i = 0; i < this.lowers.length; i++) {
      const lower = this.lowers[i];
      let bad = (upper != null && isInside(lower, upper)) || (work != null && isInside(lower, work));
      for (let k = 0; k < this.lowers.length && !bad; k++) bad = k != i && isInside(lower, this.lowers[k]);
      if (!bad) continue;
      klogLine(
        new BytesBuilder().text("overlayfs: overlapping lowerdir path '").bytes(this.options.lowers[i]).text("'"),
        LOG_ERR,
      );
      return fail(Errno.ELOOP);
    }
    return 0;
  }

  private checkDepth(): Result {
    const upper = this.upper;
    let depth = upper != null ? upper.fs.stackDepth : 0;
    for (let i = 0; i < this.lowers.length; i++) depth = max(depth, this.lowers[i].fs.stackDepth);
    return depth < MAX_STACK_DEPTH ? 0 : refuse("maximum fs stacking depth exceeded");
  }

  private build(out: FilesystemOut): Result {
    const upper = this.upper;
    const work = this.work;
    const staging = new WorkDirOut();
    if (work != null) {
      const r = openWorkDir(work.inode, staging);
      if (failed(r)) {
        const line = new BytesBuilder().text("overlayfs: failed to create directory work (").dec(r);
        klogLine(line.text("); mounting read-only"), LOG_WARNING);
      }
    }
    const lowers = new Array<OverlayLayer>();
    for (let i = 0; i < this.lowers.length; i++) lowers.push(new OverlayLayer(this.lowers[i], i + 1));
    const top = upper != null ? new OverlayLayer(upper, 0) : null;
    const fs = new OverlayFs(this.options, top, lowers, staging.work);
    if (this.ctx.readOnly) fs.readOnly = true;
    // The upper keeps the filesystem of both in use.
    if (work != null) work.drop();
    out.fs = fs;
    return 0;
  }
}

function isInside(a: Layer, b: Layer): bool {
  return a.fs == b.fs && a.isWithin(b);
}

function refuse(why: string): Result {
  klogLine(new BytesBuilder().text("overlayfs: ").text(why), LOG_ERR);
  return fail(Errno.EINVAL);
}
