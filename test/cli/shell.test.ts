/** The system at its console, as a person uses it: prompt, line editing, job control, window size. Needs images/out. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtImage } from '../../emulator/host/node/files.ts';
import { expectRestored, openTerminal, pty, type Terminal } from './terminal.ts';

const canRun = pty !== undefined && existsSync(builtImage('rootfs.img'));
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const CTRL_Z = '\x1a';
const LEFT = '\x1b[D';
const UP = '\x1b[A';
const ERASE = '\x7f';

async function atPrompt(): Promise<Terminal> {
  const terminal = openTerminal([]);
  await terminal.waitFor(/# $/);
  return terminal;
}

/** Types a line and waits for a line of output, and for the next prompt. */
async function enter(terminal: Terminal, keys: string, output: RegExp): Promise<void> {
  const from = terminal.shown.length;
  terminal.type(`${keys}\r`);
  await terminal.waitFor(output, from);
  await terminal.waitFor(/# $/, from);
}

/** ^C, and the prompt that follows. */
async function interrupt(terminal: Terminal): Promise<void> {
  const from = terminal.shown.length;
  terminal.type(CTRL_C);
  await terminal.waitFor(/\^C[^]*# $/, from);
}

test.skipIf(!canRun)('a session: editing, history, ^C, ^Z and fg, end of input', async () => {
  const terminal = await atPrompt();
  await enter(terminal, `echo helXo${LEFT}${ERASE}l`, /\nhello\s/);
  await enter(terminal, UP, /\nhello\s/);

  terminal.type('sleep 100\r');
  await terminal.waitFor(/sleep 100\s/);
  await interrupt(terminal);
  await enter(terminal, 'echo status $?', /\nstatus 130\s/);

  terminal.type('sleep 200\r');
  await terminal.waitFor(/sleep 200\s/);
  const stopped = terminal.shown.length;
  terminal.type(CTRL_Z);
  await terminal.waitFor(/Stopped/, stopped);
  await enter(terminal, 'jobs', /Stopped.*sleep 200/);
  const foreground = terminal.shown.length;
  terminal.type('fg\r');
  await terminal.waitFor(/\nsleep 200\s/, foreground);
  await interrupt(terminal);
  await enter(terminal, 'echo fg $?', /\nfg 130\s/);
  await enter(terminal, 'jobs; echo none left', /\nnone left\s/);

  terminal.type(CTRL_D);
  await terminal.waitFor(/status 0\r\n/);
  await terminal.ended;
  expectRestored(terminal.shown);
});

test.skipIf(!canRun)('a new window size reaches the foreground', async () => {
  const terminal = await atPrompt();
  terminal.type(`sh -c 'trap "echo got it; exit" WINCH; echo wait"ing"; while :; do sleep 0.1; done'\r`);
  await terminal.waitFor(/waiting/);
  terminal.resize(132, 50);
  await terminal.waitFor(/\ngot it/);
  terminal.type('\x01x');
  await terminal.waitFor(/status 0\r\n/);
  expect(await terminal.ended).toBe(0);
});
