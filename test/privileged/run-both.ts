/** Runs a bare program that prints bytes and ends through the test finisher: on our machine and on QEMU. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCpu } from '../../emulator/host/cli/flags/cpu-flag.ts';
import { machineConfig } from '../../emulator/session/machine-options.ts';
import { Machine, Stop } from '../../emulator/machine/machine.ts';

const QEMU = 'qemu-system-riscv64';
const INSTRUCTIONS_MAX = 200_000_000;
const TIMEOUT_MS = 60_000;
export const hasJudge = /version 7\.2\./.test(spawnSync(QEMU, ['--version'], { encoding: 'utf8' }).stdout ?? '');

/** `cpu` is what follows rv64 in -cpu. */
export function runOnOurs(program: Uint8Array, cpu = ''): Uint8Array {
  const machine = new Machine(machineConfig({ bios: program, cpu: parseCpu(`rv64${cpu}`) }));
  const pieces: Uint8Array[] = [];
  machine.onConsole = bytes => void pieces.push(bytes);
  machine.powerOn();
  const stop = machine.advance(INSTRUCTIONS_MAX);
  if (stop !== Stop.Ended) throw new Error(`our machine stopped with ${stop} at ${machine.cpu.pc.toString(16)}`);
  return Uint8Array.from(Buffer.concat(pieces));
}

/**
 * Without `cpu`, QEMU's own default, H and triggers included. It looks at rights, triggers and the like where a translated
 * block begins: with `isByInstruction` that is every instruction.
 */
export function runOnQemu(program: Uint8Array, cpu?: string, isByInstruction = false): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'strata-privileged-'));
  try {
    const [image, output] = [join(folder, 'program'), join(folder, 'output')];
    writeFileSync(image, program);
    const serial = ['-serial', `file:${output}`, '-monitor', 'none', '-display', 'none'];
    const model = cpu === undefined ? [] : ['-cpu', `rv64,h=off${cpu}`];
    const args = ['-M', 'virt', '-m', '128M', ...model, '-bios', image, ...serial];
    if (isByInstruction) args.push('-singlestep');
    execFileSync(QEMU, args, { timeout: TIMEOUT_MS, stdio: 'ignore' });
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
