/** From nothing to the prompt: wall time and retired instructions, and what a booted machine costs to roll back and fork. */
import { statSync } from 'node:fs';
import { boot, builtImage, FileBackend, powerOn, Vm } from '../../emulator/host/node/index.ts';
import { ConsoleSession } from './console-session.ts';
import type { Figure } from './figures.ts';
import { instructionsUntil } from './instructions.ts';
import { machines, type PeerMachine } from './machines.ts';

const PROMPT = /strata:.*[#$] $/;
const FIRST_LINE = /Linux version/;
const RUNS = 5;
const STEP_INSTRUCTIONS = 1000;

interface Start {
  readonly first: number;
  readonly prompt: number;
}

/** ms until the first kernel line and until the prompt; medians of a few runs. */
async function startOf(machine: PeerMachine): Promise<Start> {
  const runs: Start[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await startOnce(machine));
  const median = (pick: (r: Start) => number): number => runs.map(pick).sort((a, b) => a - b)[RUNS >> 1]!;
  return { first: median(r => r.first), prompt: median(r => r.prompt) };
}

async function startOnce({ command, args }: PeerMachine): Promise<Start> {
  const session = new ConsoleSession(command, args);
  try {
    const first = await session.waitFor(FIRST_LINE);
    return { first, prompt: first + (await session.waitFor(PROMPT)) };
  } finally {
    session.kill();
  }
}

export async function bootFigures(): Promise<Figure[]> {
  const vm = powerOn();
  // The built-in firmware retires none: counting begins at the kernel's entry.
  const toPrompt = instructionsUntil(vm, PROMPT, STEP_INSTRUCTIONS);

  const [our, their] = machines([]);
  const ours = await startOf(our);
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
  if (their) {
    const theirs = await startOf(their);
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
  vm.restore(booted);
  const saves: number[] = [];
  const loads: number[] = [];
  let file = vm.save();
  for (let i = 0; i < 7; i++) {
    const start = performance.now();
    file = vm.save();
    const saved = performance.now();
    Vm.load(file, { openDrive: () => new FileBackend(builtImage('rootfs.img'), true) });
    saves.push(saved - start);
    loads.push(performance.now() - saved);
  }
  return [
    { group: 'moment', name: 'restore after one command', value: median(restores), unit: 'ms' },
    { group: 'moment', name: 'fork of a booted 128 MiB machine', value: median(forks), unit: 'ms' },
    { group: 'moment', name: 'snapshot file of it', value: Math.round(file.length / 1024), unit: 'KiB' },
    { group: 'moment', name: 'save it', value: median(saves), unit: 'ms' },
    { group: 'moment', name: 'load it, a new machine included', value: median(loads), unit: 'ms' },
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
