/** Command line to options, by the flag table: one or two dashes, `-flag value` or `-flag=value`; `--` ends the flags. */
import { UserError } from '../../../base/user-error.ts';
import { ABSENT_FLAGS } from './absent-flags.ts';
import { FLAGS, type Flag } from './flags.ts';
import { nearestHint } from './nearest.ts';
import { defaultOptions, type CliOptions } from './options.ts';
import { settleStreams } from './stream-flags.ts';

const BY_NAME: ReadonlyMap<string, Flag> = new Map(
  FLAGS.flatMap(flag => flag.names.map(name => [name, flag] as const)),
);

export function parseCommandLine(args: readonly string[]): CliOptions {
  const options = defaultOptions();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') {
      const command = args.slice(i + 1).join(' ');
      if (command.trim() === '')
        throw new UserError('no command behind --', "write one, as in: qemu-like -- 'ls -l /'");
      options.command = command;
      break;
    }
    if (!/^--?[A-Za-z]/.test(arg)) {
      throw new UserError(
        `${arg}: not a flag`,
        'write -kernel FILE for a kernel, or -- COMMAND for a command; --help lists the flags',
      );
    }
    const [name, inline] = splitFlag(arg);
    const flag = BY_NAME.get(name);
    if (!flag) {
      const instead = ABSENT_FLAGS.get(name);
      if (instead !== undefined) throw new UserError(`${arg}: not here`, instead);
      throw new UserError(
        `${arg}: unknown flag`,
        `${nearestHint(name, [...BY_NAME.keys()], '-')}--help lists the flags`,
      );
    }
    options.given.push(flag.names[0]!);
    if (flag.argument === undefined) {
      if (inline !== undefined) throw new UserError(`${arg}: -${name} takes no value`, `write -${name}`);
      flag.apply(options, '');
      continue;
    }
    const value = inline ?? args[++i];
    if (value === undefined) throw new UserError(`-${name}: its value is missing`, `write -${name} ${flag.argument}`);
    flag.apply(options, value);
  }
  settleStreams(options);
  return options;
}

/** `-m=64M` as well as `-m 64M`. */
function splitFlag(arg: string): [name: string, inline: string | undefined] {
  const body = arg.replace(/^--?/, '');
  const at = body.indexOf('=');
  return at < 0 ? [body, undefined] : [body.slice(0, at), body.slice(at + 1)];
}
