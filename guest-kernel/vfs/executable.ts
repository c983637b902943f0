/** The program that a task runs, for /proc/PID/exe: shared by the tasks that fork made of one execve. */
import { Shared } from "../proc/held";
import { Path } from "./path";

@final
export class Executable extends Shared {
  private users: i32 = 1;

  /** Takes `path` over. */
  constructor(public path: Path) {
    super();
  }

  ref(): void {
    this.users++;
  }

  drop(): void {
    if (--this.users == 0) this.path.drop();
  }
}
