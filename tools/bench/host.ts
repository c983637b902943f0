/** What a machine at its prompt costs its host: memory, and processor time while the guest waits. Beside QEMU's. */
import { ConsoleSession } from './console-session.ts';
import type { Figure } from './figures.ts';
import { machines, type PeerMachine } from './machines.ts';

const PROMPT = /[#$] $/;
const SETTLE_MS = 1500;
const WATCHED_MS = 4000;

interface Cost {
  readonly residentMiB: number;
  readonly idlePercent: number;
}

export async function hostFigures(): Promise<Figure[]> {
  const [ours, theirs] = machines([]);
  const cost = await costOf(ours);
  const figures: Figure[] = [
    { group: 'host', name: 'resident memory, 128 MiB guest at its prompt', value: cost.residentMiB, unit: 'MiB' },
    {
      group: 'host',
      name: 'processor while the guest waits',
      value: cost.idlePercent,
      unit: '%',
      target: { atMost: 1 },
    },
  ];
  if (theirs) {
    const peer = await costOf(theirs);
    figures[0]!.peer = { name: 'qemu', value: peer.residentMiB };
    figures[1]!.peer = { name: 'qemu', value: peer.idlePercent };
  }
  return figures;
}

async function costOf({ command, args }: PeerMachine): Promise<Cost> {
  const session = new ConsoleSession(command, args);
  try {
    await session.waitFor(PROMPT);
    await sleep(SETTLE_MS);
    const before = session.cpuMs;
    await sleep(WATCHED_MS);
    return { residentMiB: session.residentMiB, idlePercent: (100 * (session.cpuMs - before)) / WATCHED_MS };
  } finally {
    session.kill();
  }
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
