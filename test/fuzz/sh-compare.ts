/** Runs one script in two shells, each in an empty directory with the same environment, and compares what came of it. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { snippet } from './sh-gen.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
export const USERLAND = join(ROOT, 'images/out/strata');
const TIMEOUT_MS = 20_000;

export interface Outcome {
  stdout: string;
  status: number | string;
}

export interface Difference {
  seed: number;
  script: string;
  dash: Outcome;
  ours: Outcome;
}

async function run(command: readonly string[], script: string): Promise<Outcome> {
  const dir = await mkdtemp(join(tmpdir(), 'sh-fuzz-'));
  const [program = '', ...args] = command;
  const child = spawn(program, [...args, '-c', script, 'snippet'], {
    cwd: dir,
    env: { PATH: '/usr/bin:/bin', HOME: '/home/u', LC_ALL: 'C', PWD: dir },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (c: Buffer) => chunks.push(c));
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const status = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  clearTimeout(timer);
  await rm(dir, { recursive: true, force: true });
  return { stdout: Buffer.concat(chunks).toString('latin1').replaceAll(dir, 'DIR'), status };
}

/** Null: both shells did the same. `sh` is our userland's binary. */
export async function compareSeed(seed: number, sh = USERLAND): Promise<Difference | null> {
  const script = snippet(seed);
  const [dash, ours] = await Promise.all([run(['dash'], script), run(['qemu-riscv64', sh, 'sh'], script)]);
  const same = dash.stdout === ours.stdout && dash.status === ours.status;
  return same ? null : { seed, script, dash, ours };
}

export function describeDifference(d: Difference): string {
  const show = (o: Outcome): string => `${o.stdout}[status ${o.status}]`;
  return `seed ${d.seed}\n${d.script}--- dash\n${show(d.dash)}\n--- sh\n${show(d.ours)}\n`;
}
