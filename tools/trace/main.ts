/** `trace`: the same guest on our machine and on QEMU, instruction by instruction, to the first difference. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../emulator/base/user-error.ts';
import { buildMachine } from '../../emulator/host/cli/build-machine.ts';
import { parseCommandLine } from '../../emulator/host/cli/flags/parse.ts';
import { X_NAMES } from '../../emulator/isa/registers.ts';
import { VIRTUAL_EPOCH_MS } from '../../emulator/machine/config.ts';
import { elfSymbols } from '../../emulator/machine/elf-file.ts';
import { Machine } from '../../emulator/machine/machine.ts';
import { runProgram } from '../run-program.ts';
import { Lockstep, type Difference } from './lockstep.ts';
import { QemuLog } from './qemu-log.ts';

const HELP = `usage: trace [--limit N] [--context N] [--qemu PROGRAM] -- FLAGS

Runs the guest that FLAGS describe (QEMU's own: -kernel, -bios, -m, -append, -drive, -device …) on our machine and on
qemu-system-riscv64 7.2, in step, and prints the first instruction after which pc or an integer register differs.
What a clock says and when an interrupt comes is taken over from QEMU. Both need the same firmware: -bios FILE or none.

  --limit N       stop after N equal instructions (1000000)
  --context N     print so many instructions in front of it (8)
  --qemu PROGRAM  the other side (qemu-system-riscv64)

Exit status: 0 no difference, 1 a difference, 125 could not start. About 40000 instructions a second.
`;
const NS_PER_INSTRUCTION_SHIFT = 3;
/** Our clock runs slower than QEMU's, so that no interrupt comes to us first. */
const OUR_SHIFT = 0;

interface Options {
  limit: number;
  context: number;
  qemu: string;
  flags: readonly string[];
}

function parse(args: readonly string[]): Options | undefined {
  const options: Options = { limit: 1_000_000, context: 8, qemu: 'qemu-system-riscv64', flags: [] };
  for (let i = 0; i < args.length; i += 2) {
    const [name, value] = [args[i]!, args[i + 1]];
    if (name === '--help' || name === '-h') return undefined;
    if (name === '--') {
      options.flags = args.slice(i + 1);
      return options;
    }
    if (name === '--limit' && Number(value) > 0) options.limit = Number(value);
    else if (name === '--context' && Number(value) > 0) options.context = Number(value);
    else if (name === '--qemu' && value !== undefined) options.qemu = value;
    else throw new UserError(`trace: ${name} ${value ?? ''}: not understood`, 'see trace --help');
  }
  throw new UserError('trace: no guest', 'write -- and the flags, as in: trace -- -bios none -kernel FILE');
}

function ourMachine(flags: readonly string[]): { machine: Machine; symbols: SymbolTable } {
  const { config } = buildMachine(parseCommandLine(flags), () => {});
  if (config.bios === 'default') {
    throw new UserError(
      'trace: the built-in SBI is no firmware that QEMU could run',
      'write -bios none, or -bios FILE, as in -bios /usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin',
    );
  }
  const machine = new Machine({ ...config, icountShift: OUR_SHIFT, epochMs: VIRTUAL_EPOCH_MS, seed: 1 });
  machine.isPaced = true;
  machine.powerOn();
  const files = [config.kernel, typeof config.bios === 'string' ? undefined : config.bios];
  const symbols = files.flatMap(file => (file ? [...elfSymbols(file.bytes)] : [])).map(([name, at]) => ({ name, at }));
  return { machine, symbols: symbols.toSorted((a, b) => a.at - b.at) };
}
type SymbolTable = readonly { readonly name: string; readonly at: number }[];

/** What we are without being told: QEMU's first board is another one, and its rv64 has a hypervisor extension. */
function qemuDefaults(flags: readonly string[]): string[] {
  const has = (name: RegExp): boolean => flags.some(flag => name.test(flag));
  return [
    ...(has(/^--?(M|machine)$/) ? [] : ['-M', 'virt']),
    ...(has(/^--?cpu$/) ? [] : ['-cpu', 'rv64,h=off']),
    ...(has(/^--?m$/) ? [] : ['-m', '128M']),
  ];
}

/** QEMU would put random bytes into a tree of its own making; a dumped one stays as it is. */
function dumpDeviceTree(qemu: string, flags: readonly string[], file: string): void {
  const args = [...flags, '-machine', `dumpdtb=${file}`, '-display', 'none', '-serial', 'null', '-monitor', 'none'];
  const { status, error, stderr } = spawnSync(qemu, args, { encoding: 'utf8' });
  if (error) throw new UserError(`${qemu}: ${error.message}`, 'install qemu-system-riscv64, or name it with --qemu');
  if (status !== 0) throw new UserError(`${qemu}: ${stderr.trim()}`, 'give flags that QEMU understands too');
}

function startQemu(qemu: string, flags: readonly string[], deviceTree: string, pipe: string): ChildProcess {
  const ours = ['-dtb', deviceTree, '-icount', `shift=${NS_PER_INSTRUCTION_SHIFT},sleep=off`];
  const clock = ['-rtc', `base=${new Date(VIRTUAL_EPOCH_MS).toISOString().slice(0, 19)},clock=vm`];
  const quiet = ['-display', 'none', '-serial', 'null', '-monitor', 'none', '-no-reboot'];
  const log = ['-singlestep', '-d', 'exec,cpu,nochain', '-D', pipe];
  return spawn(qemu, [...flags, ...ours, ...clock, ...quiet, ...log], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function compare(options: Options): Promise<{ lockstep: Lockstep; symbols: SymbolTable }> {
  const { machine, symbols } = ourMachine(options.flags);
  const folder = mkdtempSync(join(tmpdir(), 'strata-trace-'));
  try {
    const deviceTree = join(folder, 'dtb');
    const flags = [...qemuDefaults(options.flags), ...options.flags];
    dumpDeviceTree(options.qemu, flags, deviceTree);
    const tree = readFileSync(deviceTree);
    const lockstep = new Lockstep(machine, { deviceTree: tree, limit: options.limit });
    // QEMU opens its log by name, and writes it faster into a pipe than to stderr.
    const pipe = join(folder, 'log');
    spawnSync('mkfifo', [pipe]);
    const child = startQemu(options.qemu, flags, deviceTree, pipe);
    const log = createReadStream(pipe, 'latin1');
    const reader = new QemuLog(row => lockstep.row(row));
    try {
      for await (const piece of log) if (!reader.push(piece as string)) break;
    } finally {
      child.kill('SIGKILL');
    }
    return { lockstep, symbols };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function place(pc: bigint, symbols: SymbolTable): string {
  const at = Number(BigInt.asUintN(64, pc));
  const symbol = symbols.findLast(s => s.at <= at);
  const near = symbol && at - symbol.at < 0x10_0000 ? `  ${symbol.name}+0x${(at - symbol.at).toString(16)}` : '';
  return near;
}
const hex = (value: bigint): string => value.toString(16).padStart(16, '0');

function explain({ after, history, fields }: Difference, context: number, symbols: SymbolTable): string {
  const line = ({ pc, text }: { pc: bigint; text: string }): string =>
    `  ${hex(pc)}  ${text.padEnd(32)}${place(pc, symbols)}`.trimEnd();
  const name = (field: string): string =>
    /^x\d/.test(field) ? `${field}/${X_NAMES[Number(field.slice(1))] ?? ''}` : field;
  return [
    after ? 'The first difference is after' : 'They differ from the start.',
    ...(after ? [line(after), ''] : []),
    `  ${'register'.padEnd(10)}${'ours'.padEnd(18)}QEMU`,
    ...fields.map(f => `  ${name(f.name).padEnd(10)}${hex(f.ours)}  ${hex(f.theirs)}`),
    '',
    'Before it:',
    ...history.slice(0, -1).slice(-context).map(line),
  ].join('\n');
}

runProgram(async () => {
  const options = parse(process.argv.slice(2));
  if (!options) {
    process.stdout.write(HELP);
    return;
  }
  const { lockstep, symbols } = await compare(options);
  const { same, clocks, interrupts, difference } = lockstep;
  const taken = `${clocks} readings of a clock and ${interrupts} interrupts taken over from QEMU`;
  process.stdout.write(`${same} equal instructions, ${taken}.\n`);
  if (same === 0 && !difference) throw new UserError('trace: QEMU never came to where our guest starts', 'see -kernel');
  if (difference) {
    process.stdout.write(`${explain(difference, options.context, symbols)}\n`);
    process.exitCode = 1;
  }
});
