/**
 * gdb itself at the stub: a bare-metal program, where real QEMU must make the same gdb say the same, and our kernel by its
 * source lines. Needs gdb-multiarch; dist/ and images/out (npm run build); QEMU 7.2 for the comparison.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { builtImage } from '../../emulator/host/node/files.ts';
import { elf, Program, R } from '../../emulator/machine/test-kernel.ts';
import { file, QEMU_LIKE } from '../cli/cli.ts';

const BASE = 0x8000_0000;
const DATA = 0x8010_0000;
const GDB_TIMEOUT_MS = 20_000;
const TRIES = 200;
const TRY_MS = 25;

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const hasGdb = has('gdb-multiarch');
const hasQemu = hasGdb && has('qemu-system-riscv64');
const hasImages = existsSync(builtImage('rootfs.img')) && existsSync(builtImage('kernel.elf'));

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach(stop => stop()));

/** Starts a machine that waits for gdb at a Unix socket. */
async function waiting(command: string, args: readonly string[]): Promise<string> {
  const socket = join(mkdtempSync(join(tmpdir(), 'strata-gdb-')), 'gdb');
  const [program, first] = command === 'qemu-like' ? [process.execPath, [QEMU_LIKE]] : [command, []];
  const gdb = command === 'qemu-like' ? `unix:${socket}` : `unix:${socket},server=on,wait=off`;
  const child = spawn(program, [...first, '-S', '-gdb', gdb, ...args], { stdio: ['ignore', 'ignore', 'ignore'] });
  stops.push(() => child.kill('SIGKILL'));
  for (let i = 0; i < TRIES && !existsSync(socket); i++) await new Promise(resolve => setTimeout(resolve, TRY_MS));
  return socket;
}

/** What gdb prints for these commands at the machine. */
function gdb(socket: string, commands: readonly string[], symbols?: string): string {
  const setup = ['set pagination off', 'set confirm off', 'set width 0', `target remote ${socket}`];
  const args = ['-nx', '-batch', ...[...setup, ...commands].flatMap(line => ['-ex', line])];
  const { stdout, stderr, error } = spawnSync('gdb-multiarch', [...args, ...(symbols === undefined ? [] : [symbols])], {
    encoding: 'utf8',
    timeout: GDB_TIMEOUT_MS,
    env: { ...process.env, DEBUGINFOD_URLS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error) throw new Error(`gdb: ${error.message}\n${stdout}\n${stderr}`);
  // What the monitor says is on stderr.
  return `${stdout}\n${stderr}`;
}

/** t2 counts; each round stores it at DATA and loads what is behind. */
function counter(): string {
  const program = new Program()
    .li(R.t0, DATA)
    .op('slli', { rd: R.t0, rs1: R.t0, imm: 32 })
    .op('srli', { rd: R.t0, rs1: R.t0, imm: 32 })
    .op('addi', { rd: R.t2, rs1: R.t2, imm: 1 })
    .op('sd', { rs1: R.t0, rs2: R.t2, imm: 0 })
    .op('ld', { rd: R.t1, rs1: R.t0, imm: 8 })
    .loop(3);
  return file('counter.elf', elf(program.bytes(), BASE));
}

/** Registers that one of the two has alone. */
const OURS_ONLY = /^(fflags|frm|fcsr|cycle|time|instret|hpmcounter\d+|stimecmp|mhpmcounter(19|2\d|3[01]))$/;
const THEIRS_ONLY = /^pmpcfg[13]$/;

describe.skipIf(!hasQemu)("gdb says the same at QEMU's machine and at ours", () => {
  const machines = [
    ['qemu-like', ['-M', 'virt', '-bios', 'none', '-nographic', '-serial', 'none', '-kernel']],
    [
      'qemu-system-riscv64',
      [
        '-M',
        'virt',
        '-cpu',
        'rv64,h=off',
        '-bios',
        'none',
        '-nographic',
        '-serial',
        'none',
        '-monitor',
        'none',
        '-kernel',
      ],
    ],
  ] as const;
  const both = async (commands: readonly string[], more: readonly string[] = []): Promise<string[]> => {
    const kernel = counter();
    const outputs: string[] = [];
    for (const [command, args] of machines)
      outputs.push(gdb(await waiting(command, [...args, kernel, ...more]), commands));
    // Where each stands before its first instruction is its own business (QEMU: in its boot ROM).
    return outputs.map(text => text.slice(text.indexOf('\n')));
  };

  test('breakpoints, steps, watchpoints, registers, memory', async () => {
    const [ours, theirs] = await both([
      // a2: QEMU tells the program where its boot ROM says what firmware asks.
      ...[`break *${BASE + 12}`, 'continue', 'set $a2 = 0', 'info threads', 'x/8i $pc', 'stepi', 'info registers'],
      ...[`hbreak *${BASE + 16}`, 'continue', 'stepi 3', 'continue', 'p $t2', 'delete'],
      ...[`watch *(long *)${DATA}`, 'continue', 'continue', 'delete'],
      ...[`rwatch *(long *)${DATA + 8}`, 'continue', 'p $pc', 'delete'],
      ...[`awatch *(long *)${DATA}`, 'continue', 'delete', 'set $t2 = 0x123456789', 'stepi 4', `x/2gx ${DATA}`],
      ...[`set *(int *)${DATA} = 7`, `x/2wx ${DATA}`, 'p $ft0 = 1.5', 'p $ft0', 'p $priv', 'p/x $misa', 'p/x $mhartid'],
      ...['maintenance packet qqemu.PhyMemMode', 'maintenance packet Qqemu.PhyMemMode:1', `x/gx ${DATA}`],
      ...['maintenance packet qqemu.sstepbits', 'maintenance packet qqemu.sstep', `p $pc = ${BASE}`, 'stepi'],
    ]);
    expect(ours).toBe(theirs);
    expect(ours).toContain('Hardware watchpoint');
  });

  test('four harts: threads, one that goes on alone, one that is stepped', async () => {
    const [ours, theirs] = await both(
      [
        ...['set scheduler-locking on', `break *${BASE + 12}`, 'continue', 'delete'],
        ...['thread 3', `break *${BASE + 16}`, 'continue', 'p $mhartid', 'stepi', 'p $pc', 'delete'],
        ...['thread 4', `watch *(long *)${DATA}`, 'continue', 'p $mhartid', 'delete', 'thread 2', 'p $mhartid'],
      ],
      ['-smp', '4'],
    );
    // The others have not begun: there, QEMU's are in its boot ROM.
    const [here, there] = [ours, theirs].map(text => text!.replace(/^#0 .*$/gm, ''));
    expect(here).toBe(there);
    expect(here).toContain('Thread 4 hit Hardware watchpoint 3');
  });

  test('registers have the same names, in the same order', async () => {
    const [ours, theirs] = await both([`break *${BASE + 12}`, 'continue', 'maintenance print remote-registers']);
    const numbers = (text: string): string[] =>
      text
        .split('\n')
        .map(line => line.trim().split(/\s+/))
        .filter(words => /^\d+$/.test(words[1] ?? '') && /^\d+$/.test(words.at(-2) ?? '') && words[0] !== "''")
        .map(words => words[0]!)
        .filter(line => !OURS_ONLY.test(line) && !THEIRS_ONLY.test(line));
    expect(numbers(ours!)).toEqual(numbers(theirs!));
    expect(numbers(ours!).length).toBeGreaterThan(100);
  });
});

describe.skipIf(!hasGdb || !hasImages)('gdb at our kernel', () => {
  const kernel = builtImage('kernel.elf');

  test('a source line, the way there, a step, memory that changes, the monitor', async () => {
    const socket = await waiting('qemu-like', ['-serial', 'none', '-icount', 'auto']);
    const output = gdb(
      socket,
      [
        ...[
          'break syscall/file.ts:62',
          'continue',
          'backtrace',
          'next',
          'step',
          'finish',
          'x/2i $pc',
          'p $satp != 0',
          'delete',
        ],
        ...['set $place = (long *)$sp', 'watch -location *$place', 'continue', 'info registers pc sstatus', 'delete'],
        ...['info threads', 'monitor info status', 'p $fcsr', 'detach'],
      ],
      kernel,
    );
    expect(output).toMatch(/Breakpoint 1, sysOpenat \(\) at guest-kernel\/syscall\/file\.ts:\d+\n/);
    expect(output).toMatch(
      /#1 .* in systemCall \(\) at .*\n#2 .* in trapUser \(\) at guest-kernel\/trap\/trap\.ts:\d+\n/,
    );
    expect(output).toMatch(/Hardware watchpoint 2: .*\n\nOld value = .*\nNew value = /);
    expect(output).toContain('\n* 1    Thread 1.1 (CPU#0 [running])');
    expect(output).toContain('VM status: paused');
    expect(output).toContain('[Inferior 1 (process 1) detached]');
  });

  test('functions by name before they are loaded, conditions, callers, all harts, loads and accesses', async () => {
    const socket = await waiting('qemu-like', ['-serial', 'none', '-icount', 'auto', '-smp', '4']);
    const output = gdb(
      socket,
      [
        ...['break sysOpenat', 'tbreak trapUser', 'continue', 'backtrace', 'continue', 'backtrace', 'finish', 'delete'],
        ...['tbreak systemCall if $sp != 0 && $s0 == $s0', 'continue', 'until', 'tbreak trap_entry', 'continue'],
        ...['stepi 4', 'x/i $pc', 'break systemCall if $sp == 0', 'tbreak systemCall', 'continue', 'delete'],
        ...['eval "rwatch *(long *) 0x%lx", $sp + 24', 'continue', 'delete', 'tbreak systemCall', 'continue'],
        ...['eval "awatch *(long *) 0x%lx", $sp + 24', 'continue', 'delete', 'info threads', 'thread apply all bt 1'],
        ...['p $satp != 0', 'x/gx $sp', 'maintenance packet Qqemu.PhyMemMode:1', 'x/2hx 0x80200000'],
        ...['maintenance packet Qqemu.PhyMemMode:0', 'monitor info registers', 'detach'],
      ],
      kernel,
    );
    expect(output).toMatch(/^Breakpoint 1 at 0x\w+: file guest-kernel\/syscall\/file\.ts, line \d+\.$/m);
    expect(output).toMatch(/Thread \d hit Temporary breakpoint 2, trapUser \(\) at guest-kernel\/trap\/trap\.ts:\d+\n/);
    expect(output).toMatch(/#1 .* in systemCall \(\) at .*\n#2 .* in trapUser \(\) at .*\n#3 .* in trap_entry \(\)\n/);
    expect(output).toMatch(/^0x\w+ in systemCall \(\) at guest-kernel\/syscall\/table\.ts:\d+$/m);
    expect(output).toContain('Thread 1 hit Temporary breakpoint 4, 0x');
    expect(output).toMatch(/^=> 0x\w+ <trap_entry\+12>:/m);
    // The one whose condition does not hold is at the same place.
    expect(output).toContain('Thread 1 hit Temporary breakpoint 6, systemCall ()');
    expect(output).toMatch(/hit Hardware read watchpoint 7: .*\n\nValue = /);
    expect(output).toMatch(/hit Hardware access \(read\/write\) watchpoint 9: .*\n\n(Old v|V)alue = /);
    expect(output.match(/^Thread \d \(Thread 1\.\d \(CPU#\d \[(running|halted )\]\)\):\n#0 /gm)).toHaveLength(4);
    expect(output).toMatch(/^\$1 = 1\n0x\w+:\t0x\w{16}\n.*\nreceived: "OK"\n0x80200000:\t0x\w{4}\t0x\w{4}\n/m);
    expect(output).toMatch(/^CPU#0\n mode +S\n pc /m);
  });

  test('Ctrl-C stops it; the machine goes on when gdb leaves', async () => {
    const socket = await waiting('qemu-like', ['-serial', 'none']);
    const output = gdb(socket, ['shell (sleep 2; kill -INT $PPID) &', 'continue', 'info registers pc'], kernel);
    expect(output).toMatch(/Program received signal SIGINT|received signal SIGINT/);
    expect(gdb(socket, ['info threads'], kernel)).toContain('Thread 1.1');
  });
});
