/** A task's root, working directory and umask. */
import { Cred } from "../proc/cred";
import { FsContext } from "../proc/held";
import { currentOrNull } from "../proc/task";
import { Path } from "./path";

@final
export class FsState extends FsContext {
  /** Owns both paths. */
  constructor(
    public root: Path,
    public cwd: Path,
  ) {
    super();
  }

  /** Root and working directory at `at`, for the first task. */
  static at(at: Path): FsState {
    return new FsState(at.clone(), at.clone());
  }

  clone(): FsContext | null {
    const c = new FsState(this.root.clone(), this.cwd.clone());
    c.umask = this.umask;
    return c;
  }

  drop(): void {
    this.root.drop();
    this.cwd.drop();
  }

  /** Takes `p` over. */
  setRoot(p: Path): void {
    const old = this.root;
    this.root = p;
    old.drop();
  }

  /** Takes `p` over. */
  setCwd(p: Path): void {
    const old = this.cwd;
    this.cwd = p;
    old.drop();
  }
}

/** Before there is a task, the kernel itself walks paths. */
let kernelFs: FsState | null = null;
const kernelCred = new Cred();

export function setKernelFs(fs: FsState): void {
  kernelFs = fs;
}

/** Of the current task, or the kernel's during boot. */
export function fsState(): FsState {
  const t = currentOrNull();
  return (t == null || t.fs == null ? kernelFs : t.fs) as FsState;
}

export function cred(): Cred {
  const t = currentOrNull();
  return t == null ? kernelCred : t.cred;
}
