/** Opening fifos, fifo(7): each end waits for the other one. */
import { Errno } from "../abi/errno";
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from "../abi/fcntl";
import { Result, fail } from "../lib/result";
import { PARKED, park } from "../proc/park";
import { Held } from "../proc/held";
import { current } from "../proc/task";
import { FileOut } from "./file";
import { Inode } from "./inode";
import { Path } from "./path";
import { Pipe } from "./pipe";
import { PipeFile } from "./pipe-file";

/** An open that waits for the other end: the file is there already, so that the other end sees it. */
@final
class Waiting extends Held {
  constructor(
    public file: PipeFile,
    /** Opens of the other end when the wait began. */
    public seen: u32,
  ) {
    super();
  }
  drop(): void {
    this.file.drop();
  }
}

/** Takes `path` over. Parks until the other end is there. Errors: -ENXIO, -EINTR. */
export function openFifo(path: Path, inode: Inode, flags: u32, out: FileOut): Result {
  const progress = current().progress;
  const held = progress.held;
  if (held != null && held instanceof Waiting) {
    path.drop();
    return resume(held as Waiting, out);
  }
  let pipe = inode.pipe;
  if (pipe == null) {
    pipe = new Pipe();
    inode.pipe = pipe;
  }
  const access = flags & O_ACCMODE;
  const isNonBlocking = (flags & O_NONBLOCK) != 0;
  if (access == O_WRONLY && isNonBlocking && pipe.readers == 0) {
    path.drop();
    return fail(Errno.ENXIO);
  }
  const file = new PipeFile(path, flags, pipe);
  const isComplete = access == O_RDWR || (access == O_RDONLY ? pipe.writers > 0 : pipe.readers > 0);
  if (isComplete || isNonBlocking) {
    out.file = file;
    return 0;
  }
  const seen = access == O_RDONLY ? pipe.writeOpens : pipe.readOpens;
  return wait(new Waiting(file, seen));
}

function resume(w: Waiting, out: FileOut): Result {
  const p = w.file.pipe;
  if ((w.file.canRead ? p.writeOpens : p.readOpens) == w.seen) return wait(w);
  current().progress.held = null;
  out.file = w.file;
  return 0;
}

function wait(w: Waiting): Result {
  const r = park(w.file.canRead ? w.file.pipe.readQueue : w.file.pipe.writeQueue);
  // When the sleep does not begin, the end of the call drops what is held, as it does after a signal.
  current().progress.held = w;
  assert(r == PARKED || r < 0);
  return r;
}
