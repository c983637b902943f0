/** Runs bin/qemu-like as a user does, with small kernels written to a folder of their own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { elf, Program, R } from '../../emulator/machine/test-kernel.ts';

export const QEMU_LIKE = resolve('bin/qemu-like');
const DEADLINE_MS = 30_000;

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliInputs {
  /** Absent: no input, as from /dev/null. */
  readonly stdin?: string;
  /** Typed once stdout has this text, instead of at once; then the input ends. */
  readonly stdinAfter?: string;
  /** Sent once stdout has this text. */
  readonly signalAfter?: { readonly text: string; readonly signal: NodeJS.Signals };
}

export function runCli(args: readonly string[], inputs: CliInputs = {}): Promise<CliResult> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [QEMU_LIKE, ...args], {
      stdio: [inputs.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (data: Buffer) => {
      stdout += data.toString();
      if (inputs.stdinAfter !== undefined && stdout.includes(inputs.stdinAfter)) child.stdin?.end(inputs.stdin);
      if (inputs.signalAfter && stdout.includes(inputs.signalAfter.text)) child.kill(inputs.signalAfter.signal);
    });
    child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
    if (inputs.stdinAfter === undefined) child.stdin?.end(inputs.stdin);
    child.on('error', fail);
    child.on('close', status => {
      clearTimeout(deadline);
      done({ status, stdout, stderr });
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'strata-cli-'));

/** A file in the tests' folder. */
export function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

export function kernel(name: string, program: Program): string {
  return file(`${name}.elf`, elf(program.bytes()));
}

/** Prints "ready", then echoes the console by polling; ends with status 3 when it reads Ctrl-D. */
export function echoKernel(): string {
  const program = new Program()
    .print('ready\n')
    .li(R.t2, 0x04)
    .li(R.t0, 0x1000_0000)
    .op('lbu', { rd: R.t1, rs1: R.t0, imm: 5 })
    .op('andi', { rd: R.t1, rs1: R.t1, imm: 1 })
    .op('beq', { rs1: R.t1, rs2: 0, imm: -8 })
    .op('lbu', { rd: R.t1, rs1: R.t0, imm: 0 })
    .op('beq', { rs1: R.t1, rs2: R.t2, imm: 12 })
    .op('sb', { rs1: R.t0, rs2: R.t1, imm: 0 })
    .loop(6)
    .finish(0x0003_3333);
  return kernel('echo', program);
}
