/** What a task knows of its controlling terminal; tty/ extends it. */

export abstract class Terminal {
  /** The session that it controls, or 0. */
  session: i32 = 0;
  /** Its foreground process group, or 0. */
  foreground: i32 = 0;

  /** Its device number, for /proc/PID/stat and /dev/tty. */
  abstract get rdev(): u64;

  /** The session leader has gone and `session` is 0: tells the foreground group, and readers get end of file or -EIO. */
  abstract hangup(): void;
}
