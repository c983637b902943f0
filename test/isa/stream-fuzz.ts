/** `npx tsx test/isa/stream-fuzz.ts`: random streams for as long as one likes. docs/fuzz-isa.md holds what came of it. */
import { ALL_OTHERS, compareStream, listing } from './stream.ts';
import { streamProgram, type StreamOptions } from './stream-program.ts';

const USAGE = `usage: npx tsx test/isa/stream-fuzz.ts [--seed N] [--instructions N] [--list BLOCK]
  Runs random programs on the interpreter (physical and Sv39), the step function, the oracle and qemu-riscv64 until
  that many instructions have retired on the first, and ends with status 1 at the first difference.
  --list prints the code of one block of the program that --seed makes.
`;
const REPORT_MS = 30_000;

const streamOptions = (seed: number): StreamOptions => ({ seed, blocks: 200, blockLength: 180, rounds: 4 });

function numberOf(args: readonly string[], name: string): number | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : Number(args[at + 1]);
}

function main(args: readonly string[]): number {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  let seed = numberOf(args, '--seed') ?? 1;
  const block = numberOf(args, '--list');
  if (block !== undefined) {
    process.stdout.write(`${listing(streamProgram(streamOptions(seed)), block)}\n`);
    return 0;
  }
  const wanted = numberOf(args, '--instructions') ?? 1_000_000;
  const start = Date.now();
  let reported = start;
  let done = 0;
  while (done < wanted) {
    const { instructions, differences } = compareStream(streamOptions(seed), ALL_OTHERS);
    done += instructions;
    if (differences.length > 0) {
      process.stdout.write(`${differences.join('\n')}\n`);
      return 1;
    }
    const isLast = done >= wanted;
    if (isLast || Date.now() - reported > REPORT_MS) {
      reported = Date.now();
      const seconds = Math.round((reported - start) / 1000);
      process.stdout.write(`${done} instructions, last seed ${seed}, no difference, ${seconds} s\n`);
    }
    seed++;
  }
  return 0;
}

process.exitCode = main(process.argv.slice(2));
