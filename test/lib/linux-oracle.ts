/**
 * Runs a guest script on this machine's own Linux: what Linux's overlayfs does decides what ours must do. The script gets
 * a mount namespace of its own, so nothing of it stays. Needs root.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseKtap, type KtapReport } from './ktap.ts';

const TIMEOUT_MS = 60_000;
const TOOLS = ['unshare', 'mount', 'getfattr', 'setfattr'];

/** Why scripts cannot run here, or null. */
export function oracleProblem(): string | null {
  if (process.platform !== 'linux') return `${process.platform} is not Linux`;
  if (process.getuid?.() !== 0) return 'mounting needs root';
  if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay')) return `Linux ${release()} has no overlayfs here`;
  for (const tool of TOOLS) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' });
    } catch {
      return `${tool} is not installed`;
    }
  }
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
  } catch {
    return 'mount namespaces are not allowed';
  }
  return null;
}

/** Runs `script` by `shell`; a script that hangs or dies has a `problem` in its report. */
export function runOnLinux(script: URL, shell = 'sh'): Promise<KtapReport> {
  return new Promise(resolve => {
    const child = spawn('unshare', ['-m', '--propagation', 'private', shell, fileURLToPath(script)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let text = '';
    child.stdout.on('data', (part: Buffer) => (text += part.toString('utf8')));
    child.stderr.on('data', (part: Buffer) => (text += part.toString('utf8')));
    child.on('close', () => resolve(parseKtap(text)));
  });
}
