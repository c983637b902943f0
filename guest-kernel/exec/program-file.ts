/** What execve needs of a file: bytes, a pager for its mappings, and whose rights it runs with. */
import { Result } from "../lib/result";
import { Pager } from "../mm/pager";
import { Shared } from "../proc/held";

export abstract class ProgramFile {
  /** Permission and set-id bits, and the owner. */
  mode: u32 = 0o755;
  uid: u32 = 0;
  gid: u32 = 0;
  /** Set-id bits count here (not on a nosuid mount). */
  honoursSetId: bool = false;

  /** Reads up to `n` bytes at `off` into kernel memory; fewer at the end. Errors: -EIO. */
  abstract read(off: u64, dst: usize, n: usize): Result;
  /** A counted pager; the receiver owns the reference. */
  abstract pager(): Pager;
  /** What the task holds for /proc/PID/exe; the receiver owns one use. */
  abstract executable(): Shared | null;
  /** execve is done with it; mappings live on. */
  abstract close(): void;
}

@final
export class ProgramOut {
  file: ProgramFile | null = null;
}
