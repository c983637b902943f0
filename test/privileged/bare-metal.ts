/** Runs a program as firmware, in M-mode at the start of RAM, on QEMU 7.2 and on our machine. Both return what it printed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCpu } from '../../emulator/host/cli/cpu-flag.ts';
import { machineConfig } from '../../emulator/host/node/boot.ts';
import { Machine, Stop } from '../../emulator/machine/machine.ts';

const QEMU = 'qemu-system-riscv64';
export const hasJudge = /version 7\.2\./.test(spawnSync(QEMU, ['--version'], { encoding: 'utf8' }).stdout ?? '');
const SLICE = 10_000_000;

/** `cpu` is what follows rv64 in -cpu. */
export function runOnQemu(program: Uint8Array, cpu: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'strata-csr-'));
  try {
    const [image, out] = [join(folder, 'program'), join(folder, 'out')];
    writeFileSync(image, program);
    const args = [
      '-M',
      'virt',
      '-cpu',
      `rv64,h=off,debug=off${cpu}`,
      '-display',
      'none',
      '-monitor',
      'none',
      '-bios',
      image,
    ];
    execFileSync(QEMU, [...args, '-serial', `file:${out}`], { timeout: 20_000, stdio: 'ignore' });
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function runOnOurs(program: Uint8Array, cpu: string): Uint8Array {
  const { kernel: _none, ...config } = machineConfig({ kernel: { name: '', bytes: program }, drives: [] });
  const machine = new Machine({ ...config, cpu: parseCpu(`rv64${cpu}`), bios: { name: 'csr-scan', bytes: program } });
  const printed: Uint8Array[] = [];
  machine.onConsole = bytes => printed.push(bytes.slice());
  machine.powerOn();
  let stop: Stop = Stop.Budget;
  for (let i = 0; stop === Stop.Budget && i < 100; i++) stop = machine.advance(SLICE);
  if (stop !== Stop.Ended) throw new Error(`the program hangs at ${machine.cpu.pc.toString(16)}`);
  return Buffer.concat(printed);
}
