/** What execve needs of a file: bytes, a pager for its mappings, and whose rights it runs with. */
import { Bytes } from "../lib/bytes";
import { Result } from "../lib/result";
import { Pager } from "../mm/pager";

export abstract class ProgramFile {
  /** Permission and set-id bits, and the owner. */
  mode: u32 = 0o755;
  uid: u32 = 0;
  gid: u32 = 0;
  /** Set-id bits count here (not on a nosuid mount). */
  honoursSetId: bool = false;
  /** Absolute path, for /proc/PID/exe. */
  path: Bytes = Bytes.alloc(0);

  /** Reads up to `n` bytes at `off` into kernel memory; fewer at the end. Errors: -EIO. */
  abstract read(off: u64, dst: usize, n: usize): Result;
  /** A counted pager; the receiver owns the reference. */
  abstract pager(): Pager;
  /** execve is done with it; mappings live on. */
  abstract close(): void;
}

@final
export class ProgramOut {
  file: ProgramFile | null = null;
}
