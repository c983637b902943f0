/** A pseudo-terminal with a shell in it that runs qemu-like between two looks at the terminal's settings. */
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { QEMU_LIKE } from './cli.ts';

/** Undefined where there is no build of it for this host. */
export const pty = await import('@lydell/node-pty').catch(() => undefined);
const DEADLINE_MS = 20_000;

export interface Terminal {
  type(text: string): void;
  /** Resolves when what is shown from `from` on matches. */
  waitFor(pattern: RegExp, from?: number): Promise<string>;
  resize(columns: number, rows: number): void;
  readonly shown: string;
  readonly ended: Promise<number>;
}

export function openTerminal(args: readonly string[]): Terminal {
  const line = `stty -g; ${process.execPath} ${QEMU_LIKE} ${args.join(' ')}; echo "status $?"; stty -g`;
  const child = pty!.spawn('/bin/sh', ['-c', line], { cols: 100, rows: 30, cwd: resolve('.') });
  let shown = '';
  const looks = new Set<() => void>();
  child.onData(data => {
    shown += data;
    looks.forEach(look => look());
  });
  const ended = new Promise<number>(done => child.onExit(({ exitCode }) => done(exitCode)));
  const waitFor = (pattern: RegExp, from = 0): Promise<string> =>
    new Promise((done, fail) => {
      const deadline = setTimeout(() => {
        child.kill('SIGKILL');
        fail(new Error(`the terminal never showed ${pattern}; it shows:\n${shown}`));
      }, DEADLINE_MS);
      const look = (): void => {
        if (!pattern.test(shown.slice(from))) return;
        clearTimeout(deadline);
        looks.delete(look);
        done(shown);
      };
      looks.add(look);
      look();
    });
  return {
    type: text => child.write(text),
    waitFor,
    resize: (columns, rows) => child.resize(columns, rows),
    get shown() {
      return shown;
    },
    ended,
  };
}

/** Both looks at the settings show the same. */
export function expectRestored(shown: string): void {
  const settings = [...shown.matchAll(/^[0-9a-f]+(?::[0-9a-f]+){10,}/gm)].map(match => match[0]);
  expect(settings).toHaveLength(2);
  expect(settings[0]).toBe(settings[1]);
}
