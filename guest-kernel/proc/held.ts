/** What the VFS keeps in a task. proc/ knows no file; these are all that fork, exec and exit need. */

import { Result } from "../lib/result";
import { Pager } from "../mm/pager";

/** Something counted that a parked system call keeps between restarts (an open file, a directory position). */
export abstract class Held {
  /** The call ended without taking it over. */
  abstract drop(): void;
}

/** Held by several tasks. */
export abstract class Shared extends Held {
  abstract ref(): void;
}

/** What mmap learns of an open file; valid only when the Result is 0. */
@final
export class MappingOut {
  /** Counted; the receiver owns the reference. */
  pager: Pager | null = null;
  /** PROT_* that mprotect may ask for later: a shared mapping of a file open for reading alone never becomes writable. */
  maxProt: u32 = 7;
}

/** A descriptor table. */
export abstract class Files {
  /** A pager for descriptor `fd`. Errors: -EBADF, -EACCES (not open for what `prot` and `shared` need), -ENODEV. */
  abstract mapping(fd: i32, prot: u32, shared: bool, out: MappingOut): Result;
  /** A copy for fork, or null: -ENOMEM. */
  abstract clone(): Files | null;
  /** execve has passed its point of no return. */
  abstract closeOnExec(): void;
  /** The task ends. Never parks. */
  abstract closeAll(): void;
}

/** Root, working directory, umask. */
export abstract class FsContext {
  umask: u32 = 0o022;
  /** A copy for fork, or null: -ENOMEM. */
  abstract clone(): FsContext | null;
  /** The task ends. */
  abstract drop(): void;
}
