/** The multi-call program: argv[0]'s last component says which applet runs; `strata APPLET …` names it outright. */
import { baseName } from "./libc/dir";
import { stderr, stdout } from "./libc/out";
import { args, complainOf, programName, readStartup, setProgramName } from "./libc/program";
import { exit } from "./libc/sys";
import { appletNames, findApplet } from "./applets";
import { Bytes, b } from "../lib/bytes";

function run(argv: Bytes[]): i32 {
  let name = baseName(argv[0]);
  // A login shell's name begins with '-'.
  if (name.len > 1 && name[0] == 0x2d) name = name.slice(1);
  if (name.equals(b("strata"))) {
    if (argv.length < 2) {
      const names = appletNames();
      for (let i = 0; i < names.length; i++) stdout.bytes(names[i]).line();
      return 0;
    }
    argv = argv.slice(1);
    name = argv[0];
  }
  setProgramName(name);
  const applet = findApplet(name);
  if (!applet) {
    complainOf(name, "applet not found");
    return 127;
  }
  return applet(argv);
}

export function main(sp: u64): void {
  readStartup(sp);
  if (args.length == 0) args.push(b("strata"));
  let status = run(args);
  const written = stdout.flush();
  if (written < 0 && status == 0) {
    stderr.bytes(programName).text(": write error").line();
    status = 1;
  }
  stderr.flush();
  exit(status);
}
