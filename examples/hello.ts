/** A guest program: greets, and counts what it was given. Built with `npm run asrv -- examples/hello.ts -o hello`. */
import { stdout } from '../guest-kernel/user/libc/out';
import { args, readStartup } from '../guest-kernel/user/libc/program';
import { exit } from '../guest-kernel/user/libc/sys';

export function main(sp: u64): void {
  readStartup(sp);
  stdout
    .text('hello from ')
    .bytes(args[0])
    .text(' with ')
    .dec(args.length - 1)
    .text(' arguments')
    .line();
  exit(stdout.flush() < 0 ? 1 : 0);
}
