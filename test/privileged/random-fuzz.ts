/** `npx tsx test/privileged/random-fuzz.ts`: random privileged streams for as long as one likes (docs/fuzz-isa.md). */
import { disassemble } from '../../emulator/isa/disasm.ts';
import { viewOf } from '../../emulator/base/bytes.ts';
import { BASE } from './harness.ts';
import { compareUnits, shrink } from './random-compare.ts';
import { randomProgram, type Unit } from './random-harness.ts';
import { randomUnit } from './random-units.ts';

const USAGE = `usage: npx tsx test/privileged/random-fuzz.ts [--seed N] [--units N] [--one INDEX]
  Runs random units of privileged code on our machine and on qemu-system-riscv64, 400 a program, until that many were
  compared, and ends with status 1 at the first program that differs, with the first unit made small.
  --one compares, shrinks and lists one unit of the program that --seed makes.
`;
const UNITS_PER_PROGRAM = 400;
const REPORT_MS = 30_000;

function numberOf(args: readonly string[], name: string): number | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : Number(args[at + 1]);
}

function describe(unit: Unit): string {
  const { image, starts } = randomProgram([unit]);
  const view = viewOf(image);
  const lines = [`mode ${unit.mode}, mstatus ${unit.status.toString(16)}`];
  for (const [kind, blocks] of Object.entries({ setup: unit.setup, armers: unit.armers, body: unit.body })) {
    lines.push(...blocks.map(({ name }) => `${kind}: ${name}`));
  }
  for (let at = starts[0]! - BASE; at < image.length && lines.length < 700;) {
    const low = view.getUint16(at, true);
    const isLong = (low & 3) === 3;
    const word = isLong ? view.getUint32(at, true) : low;
    lines.push(`${(BASE + at).toString(16)}: ${disassemble(word, BigInt(BASE + at))}`);
    at += isLong ? 4 : 2;
  }
  return lines.join('\n');
}

function tell(unit: Unit, isListed: boolean): void {
  const small = shrink(unit);
  const [difference] = compareUnits([small]);
  process.stdout.write(`${difference ?? 'no difference when it is alone'}\n`);
  const text = describe(small);
  process.stdout.write(
    `${
      isListed
        ? text
        : text
            .split('\n')
            .filter(line => !line.startsWith('8'))
            .join('\n')
    }\n`,
  );
}

function main(args: readonly string[]): number {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  let seed = numberOf(args, '--seed') ?? 1;
  const one = numberOf(args, '--one');
  if (one !== undefined) {
    tell(randomUnit(seed, one), true);
    return 0;
  }
  const wanted = numberOf(args, '--units') ?? UNITS_PER_PROGRAM;
  const start = Date.now();
  let reported = start;
  for (let done = 0; done < wanted; seed++) {
    const units = Array.from({ length: UNITS_PER_PROGRAM }, (_, i) => randomUnit(seed, i));
    const differences = compareUnits(units);
    done += units.length;
    if (differences.length > 0) {
      process.stdout.write(`seed ${seed}: ${differences.length} differ\n${differences.slice(0, 10).join('\n')}\n`);
      const first = /^unit (\d+)/.exec(differences[0]!)?.[1];
      if (first !== undefined) tell(units[Number(first)]!, false);
      return 1;
    }
    const isLast = done >= wanted;
    if (isLast || Date.now() - reported > REPORT_MS) {
      reported = Date.now();
      process.stdout.write(
        `${done} units, last seed ${seed}, no difference, ${Math.round((reported - start) / 1000)} s\n`,
      );
    }
  }
  return 0;
}

process.exitCode = main(process.argv.slice(2));
