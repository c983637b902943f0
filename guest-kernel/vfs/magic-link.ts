/** Symbolic links that lead to an object instead of a path: /proc/PID/{exe,cwd,root,fd/N}. */
import { Result } from "../lib/result";
import { Inode } from "./inode";
import { PathOut } from "./path";

export abstract class MagicLink extends Inode {
  /** Errors: -ENOENT, -EACCES, -ELOOP. */
  abstract follow(out: PathOut): Result;
}
