/** From nothing to the prompt: wall time and retired instructions, and what a booted machine costs to roll back and fork. */
import { spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { boot, powerOn, type Vm } from '../../emulator/host/node/index.ts';
import { Stop } from '../../emulator/machine/machine.ts';
import type { Figure } from './figures.ts';

const PROMPT = /strata:.*[#$] $/;
const FIRST_LINE = /Linux version/;
const QEMU = 'qemu-system-riscv64';
const RUNS = 5;
const STEP_INSTRUCTIONS = 1000;

/** ms until a program's output matches, and until it has printed its first kernel line; the median of a few runs. */
async function wallUntil(command: string, args: string[]): Promise<{ first: number; prompt: number }> {
  const runs: { first: number; prompt: number }[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await once(command, args));
  const median = (pick: (r: (typeof runs)[number]) => number): number =>
    runs.map(pick).sort((a, b) => a - b)[RUNS >> 1]!;
  return { first: median(r => r.first), prompt: median(r => r.prompt) };
}

function once(command: string, args: string[]): Promise<{ first: number; prompt: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    let first = 0;
    child.stdout.on('data', (d: Buffer) => {
      text += d.toString('latin1');
      if (first === 0 && FIRST_LINE.test(text)) first = performance.now() - start;
      if (!PROMPT.test(text)) return;
      resolve({ first, prompt: performance.now() - start });
      child.kill('SIGKILL');
    });
    child.on('exit', () => reject(new Error(`${command} ended before its prompt:\n${text.slice(-1000)}`)));
  });
}

/** Counts until the console matches. Steps by little, because output is handed over only at the end of each step. */
function instructionsUntil(vm: Vm, pattern: RegExp): number {
  const { machine } = vm;
  machine.resume();
  machine.time.start();
  while (!pattern.test(vm.console)) {
    const stop = machine.advance(STEP_INSTRUCTIONS);
    if (stop === Stop.Ended) throw new Error(`the machine ended before its prompt:\n${vm.console}`);
    if (stop === Stop.Idle) machine.skipIdle();
  }
  machine.time.stop();
  return vm.instret;
}

export async function bootFigures(): Promise<Figure[]> {
  const vm = powerOn();
  // The built-in firmware retires none: counting begins at the kernel's entry.
  const toPrompt = instructionsUntil(vm, PROMPT);

  const ours = await wallUntil(process.execPath, ['bin/qemu-like']);
  const figures: Figure[] = [
    {
      group: 'boot',
      name: 'kernel entry to prompt',
      value: toPrompt,
      unit: 'instructions',
      target: { atMost: 60e6 },
    },
    { group: 'boot', name: 'process start to first kernel line', value: ours.first, unit: 'ms' },
    { group: 'boot', name: 'process start to prompt', value: ours.prompt, unit: 'ms' },
  ];
  if (spawnSync(QEMU, ['--version']).status === 0) {
    const drive = ['-drive', 'file=images/out/rootfs.img,format=raw,if=none,id=r,readonly=on'];
    const args = ['-M', 'virt', '-m', '128M', '-nographic', '-kernel', 'images/out/kernel.elf', ...drive];
    const theirs = await wallUntil(QEMU, [...args, '-device', 'virtio-blk-device,drive=r']);
    figures[1]!.peer = { name: 'qemu', value: theirs.first };
    figures[2]!.peer = { name: 'qemu', value: theirs.prompt };
  }
  return [...figures, ...(await momentFigures()), ...sizeFigures()];
}

/** Restore after a command has dirtied some pages, and fork. */
async function momentFigures(): Promise<Figure[]> {
  const vm = await boot();
  const booted = vm.snapshot();
  const restores: number[] = [];
  for (let i = 0; i < 20; i++) {
    await vm.sh('ls -R /etc > /tmp/x');
    const start = performance.now();
    vm.restore(booted);
    restores.push(performance.now() - start);
  }
  const forks = Array.from({ length: 5 }, () => {
    const start = performance.now();
    vm.fork(booted);
    return performance.now() - start;
  });
  const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;
  return [
    { group: 'moment', name: 'restore after one command', value: median(restores), unit: 'ms' },
    { group: 'moment', name: 'fork of a booted 128 MiB machine', value: median(forks), unit: 'ms' },
  ];
}

function sizeFigures(): Figure[] {
  return ['kernel.elf', 'rootfs.img', 'strata'].map(name => ({
    group: 'size',
    name,
    value: Math.round(statSync(`images/out/${name}`).size / 1024),
    unit: 'KiB',
  }));
}
