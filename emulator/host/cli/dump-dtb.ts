/** `-M virt,dumpdtb=FILE`: the device tree that this command line's guest would find, and no run, as QEMU. */
import { UserError } from '../../base/user-error.ts';
import { Machine } from '../../machine/machine.ts';
import { outputFile } from '../node/files.ts';
import { buildMachine } from './build-machine.ts';
import type { CliOptions } from './flags/options.ts';

export function dumpDeviceTree(options: CliOptions, path: string): void {
  if (options.loadvm !== undefined)
    throw new UserError('dumpdtb beside -loadvm: nothing is switched on', 'leave one of them out');
  const { config, files } = buildMachine(options, () => {});
  try {
    const tree = new Machine(config).powerOn();
    const { write, close } = outputFile(path, 'dumpdtb');
    write(tree);
    close();
  } finally {
    for (const file of files) file.close();
  }
  process.stderr.write(`qemu-like: device tree written to ${path}\n`);
}
