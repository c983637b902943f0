/** The file that a task runs, for /proc/PID/exe: shared by a task and what it forks. */
import { Shared } from "../proc/held";
import { Path } from "./path";

@final
export class Executable extends Shared {
  private refs: i32 = 1;

  /** Takes `path` over. */
  constructor(public path: Path) {
    super();
  }

  ref(): void {
    this.refs++;
  }

  drop(): void {
    if (--this.refs == 0) this.path.drop();
  }
}
