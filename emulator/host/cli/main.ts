/** `qemu-like`: a RISC-V machine on the command line. Exit statuses: help.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/user-error.ts';
import { packageRoot } from '../node/files.ts';
import { helpText, listText } from './flags/help.ts';
import { parseCommandLine } from './flags/parse.ts';
import { Run } from './run.ts';

const STATUS_COULD_NOT_START = 125;

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseCommandLine(args);
    if (options.show === 'help') process.stdout.write(helpText());
    else if (options.show === 'version') process.stdout.write(`${version()}\n`);
    else if (options.show !== undefined) process.stdout.write(listText(options.show));
    else if (options.dumpDtb !== undefined) (await import('./dump-dtb.ts')).dumpDeviceTree(options, options.dumpDtb);
    else return await (await Run.create(options)).finish();
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`qemu-like: ${error.message}\n           ${error.hint}\n`);
    return STATUS_COULD_NOT_START;
  }
}

function version(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return `strata ${manifest.version}`;
}

/** Everything written must be out before the process ends, and an open stdin must not keep it. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });
}

/** The program is bundled as CommonJS, which starts faster and knows no `await` out here. */
void main(process.argv.slice(2)).then(async status => {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(status);
});
