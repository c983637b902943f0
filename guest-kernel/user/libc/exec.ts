/** execvp: looks a command up in PATH and executes it. */
import { Errno } from "../../abi/errno";
import { Bytes, b } from "../../lib/bytes";
import { join } from "./dir";
import { execve } from "./sys";

/** Returns only on failure: -ENOENT, or the most telling other error. `envp` gives PATH as well. */
export function execSearch(argv: Bytes[], envp: Bytes[]): i64 {
  if (argv[0].indexOf(0x2f) >= 0) return execve(argv[0], argv, envp);
  let path = b("/bin:/sbin:/usr/bin:/usr/sbin");
  const prefix = b("PATH=");
  for (let i = 0; i < envp.length; i++) if (envp[i].startsWith(prefix)) path = envp[i].slice(prefix.len);
  let error: i64 = -Errno.ENOENT;
  for (let from = 0; from <= path.len;) {
    const colon = path.indexOf(0x3a, from);
    const end = colon < 0 ? path.len : colon;
    const r = execve(join(path.slice(from, end), argv[0]), argv, envp);
    if (r != -Errno.ENOENT && r != -Errno.ENOTDIR) error = r;
    from = end + 1;
  }
  return error;
}
