/** How every tool ends: a UserError is two lines and status 125, anything else is our bug and keeps its stack. */
import { UserError } from '../emulator/base/user-error.ts';

export function runProgram(main: () => void | Promise<void>): void {
  Promise.resolve()
    .then(main)
    .catch((e: unknown) => {
      if (!(e instanceof UserError)) throw e;
      process.stderr.write(`${e.message}\n${e.hint}\n`);
      process.exitCode = 125;
    });
}
