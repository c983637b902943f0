/** What the VFS keeps in a task. proc/ knows no file; these are all that fork, exec and exit need. */

/** Something counted that a parked system call keeps between restarts (an open file, a directory position). */
export abstract class Held {
  /** The call ended without taking it over. */
  abstract drop(): void;
}

/** A descriptor table. */
export abstract class Files {
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
