/** On a terminal (node-pty): raw while the machine runs, escape keys, and the terminal as it was on every way out. */
import { expect, test } from 'vitest';
import { echoKernel } from './cli.ts';
import { expectRestored, openTerminal, pty } from './terminal.ts';

test.skipIf(!pty)('keys reach the guest raw; Ctrl-A x quits with 0', async () => {
  const terminal = openTerminal(['-kernel', echoKernel()]);
  await terminal.waitFor(/ready/);
  // Ctrl-C and Ctrl-Z are the guest's.
  terminal.type('ab\x03\x1acd');
  await terminal.waitFor(/ab..cd/s);
  expect(terminal.shown).toContain('ab\x03\x1acd');
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
  await terminal.waitFor(/paused, \d/);
  terminal.type('cont\rinfo status\r');
  await terminal.waitFor(/running, \d/);
  terminal.type('frob\r');
  await terminal.waitFor(/unknown command: 'frob'/);
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
