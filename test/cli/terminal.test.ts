/** On a terminal (node-pty): raw while the machine runs, escape keys, and the terminal as it was on every way out. */
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { echoKernel, QEMU_LIKE } from './cli.ts';

const pty = await import('node-pty').catch(() => undefined);
const DEADLINE_MS = 20_000;

interface Terminal {
  type(text: string): void;
  waitFor(pattern: RegExp): Promise<string>;
  readonly shown: string;
  readonly ended: Promise<number>;
}

/** A shell that runs qemu-like between two looks at the terminal's settings. */
function openTerminal(args: readonly string[]): Terminal {
  const line = `stty -g; ${process.execPath} ${QEMU_LIKE} ${args.join(' ')}; echo "status $?"; stty -g`;
  const child = pty!.spawn('/bin/sh', ['-c', line], { cols: 100, rows: 30, cwd: resolve('.') });
  let shown = '';
  const looks = new Set<() => void>();
  child.onData(data => {
    shown += data;
    looks.forEach(look => look());
  });
  const ended = new Promise<number>(done => child.onExit(({ exitCode }) => done(exitCode)));
  const waitFor = (pattern: RegExp): Promise<string> =>
    new Promise((done, fail) => {
      const deadline = setTimeout(() => {
        child.kill('SIGKILL');
        fail(new Error(`the terminal never showed ${pattern}; it shows:\n${shown}`));
      }, DEADLINE_MS);
      const look = (): void => {
        if (!pattern.test(shown)) return;
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
    get shown() {
      return shown;
    },
    ended,
  };
}

/** Both looks at the settings show the same. */
function expectRestored(shown: string): void {
  const settings = [...shown.matchAll(/^[0-9a-f]+(?::[0-9a-f]+){10,}/gm)].map(match => match[0]);
  expect(settings).toHaveLength(2);
  expect(settings[0]).toBe(settings[1]);
}

test.skipIf(!pty)('keys reach the guest raw; Ctrl-A x quits with 0', async () => {
  const terminal = openTerminal(['-kernel', echoKernel()]);
  await terminal.waitFor(/ready/);
  // Ctrl-C and Ctrl-Z are the guest's.
  terminal.type('ab\x03\x1acd');
  await terminal.waitFor(/ab\x03\x1acd/);
  terminal.type('\x01h');
  await terminal.waitFor(/Ctrl-A c +monitor/);
  terminal.type('\x01x');
  await terminal.waitFor(/status 0\r\n/);
  await terminal.ended;
  expectRestored(terminal.shown);
});

test.skipIf(!pty)('the monitor looks at the machine, stops it and lets it go', async () => {
  const terminal = openTerminal(['-kernel', echoKernel()]);
  await terminal.waitFor(/ready/);
  terminal.type('\x01cinfo registers\r');
  await terminal.waitFor(/satp +0{16}/);
  terminal.type('stop\rinfo status\r');
  await terminal.waitFor(/stopped, \d/);
  terminal.type('cont\rinfo status\r');
  await terminal.waitFor(/running, \d/);
  terminal.type('frob\r');
  await terminal.waitFor(/unknown command: frob/);
  terminal.type('\x01c');
  terminal.type('zz');
  await terminal.waitFor(/zz/);
  terminal.type('\x01cquit\r');
  await terminal.waitFor(/status 0\r\n/);
  await terminal.ended;
  expectRestored(terminal.shown);
});

test.skipIf(!pty)('the terminal is restored when the guest ends the machine', async () => {
  const terminal = openTerminal(['-kernel', echoKernel()]);
  await terminal.waitFor(/ready/);
  terminal.type('\x04');
  await terminal.waitFor(/status 3\r\n/);
  await terminal.ended;
  expectRestored(terminal.shown);
});
