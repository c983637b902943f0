/** The stub behind its sockets: addresses, connections that come and go, what is no packet, and the machine's end. */
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ENTRY, Program, R } from '../../emulator/machine/test-kernel.ts';
import { kernel } from '../cli/cli.ts';
import { openTerminal, pty } from '../cli/terminal.ts';
import { Remote, Target } from './remote.ts';

const PASS = 0x5555;
const FAIL_3 = 0x0003_3333;
const RESET = 0x7777;
/** As gdb is told: qSupported. */
const PACKET_MAX = 0x4000;
const GOINGS_ON = 100;

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach(stop => stop()));

function start(args: readonly string[]): Target {
  const target = new Target('qemu-like', args);
  stops.push(() => target.stop());
  return target;
}
async function waiting(args: readonly string[]): Promise<{ target: Target; address: string }> {
  const machine = await Target.waiting('qemu-like', args);
  stops.push(() => machine.target.stop());
  return machine;
}
/** Where the machine says that it listens. */
async function listening(target: Target): Promise<{ host: string; port: number }> {
  const pattern = /gdb: target remote (.*):(\d+)\n/;
  await target.until(() => pattern.test(target.stderr));
  const [, host, port] = pattern.exec(target.stderr)!;
  return { host: host?.replace(/[[\]]/g, '') || '127.0.0.1', port: Number(port) };
}

const counting = (): string => kernel('counting', new Program().op('addi', { rd: R.t2, rs1: R.t2, imm: 1 }).loop(1));
const ending = (name: string, value: number): string => kernel(name, new Program().print('begun\n').finish(value));
const QUIET = ['-nographic', '-serial', 'none', '-kernel'];

describe('addresses', () => {
  test.each([
    ['tcp::0', '127.0.0.1'],
    ['tcp:localhost:0', 'localhost'],
    ['tcp:127.0.0.2:0,server=on,wait=off', '127.0.0.2'],
  ])('-gdb %s takes a free port of %s and says which', async (gdb, host) => {
    const target = start(['-S', '-gdb', gdb, ...QUIET, counting()]);
    const address = await listening(target);
    expect(address.host).toBe(host);
    const remote = await Remote.to(address);
    expect(await remote.ask('?')).toBe('T05thread:01;');
  });

  test('-s is port 1234 of the loopback, and says so when somebody has it', async () => {
    const target = start(['-S', '-s', ...QUIET, counting()]);
    await target.until(() => target.stderr !== '');
    if (target.stderr.includes('in use')) {
      expect([await target.ended, target.stderr]).toEqual([125, expect.stringContaining('-gdb tcp:127.0.0.1:1234')]);
    } else {
      const remote = await Remote.to(await listening(target));
      expect([target.stderr, await remote.ask('qC')]).toEqual(['qemu-like: gdb: target remote :1234\n', 'QC01']);
    }
  });

  test('a port that is in use and an address that is not ours are the user’s errors', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    stops.push(() => server.close());
    await new Promise(resolve => server.once('listening', resolve));
    const bound = server.address();
    const taken = `tcp::${typeof bound === 'object' ? bound?.port : 0}`;
    for (const [gdb, problem] of [
      [taken, 'the port is in use'],
      ['tcp:192.0.2.1:0', 'EADDRNOTAVAIL'],
      ['unix:/nowhere/gdb', '/nowhere/gdb: listen '],
    ] as const) {
      const target = start(['-S', '-gdb', gdb, ...QUIET, counting()]);
      expect(await target.ended).toBe(125);
      expect(target.stderr).toContain(problem);
    }
  });

  test.skipIf(!pty)('-S without gdb waits for the monitor; -gdb none listens nowhere', async () => {
    const terminal = openTerminal(['-S', '-s', '-gdb', 'none', '-kernel', ending('stopped', FAIL_3)]);
    await terminal.waitFor(/:/);
    terminal.type('\x01cinfo status\r');
    await terminal.waitFor(/paused, 0\.000 s, 0 instructions/);
    expect(terminal.shown).not.toContain('begun');
    terminal.type('cont\r');
    await terminal.waitFor(/begun\r\n(.*\r\n)*status 3\r\n/);
    await terminal.ended;
    expect(terminal.shown).not.toContain('gdb:');
  });
});

describe('connections', () => {
  test('a second one is refused while one is there; the first lives on, and another may come after it', async () => {
    const { address } = await waiting([...QUIET, counting()]);
    const first = await Remote.to(address);
    expect(await first.ask('?')).toBe('T05thread:01;');
    const second = await Remote.to(address);
    second.tell('k');
    expect(await first.ask('qC')).toBe('QC01');
    await second.closed;
    expect([second.received, await first.ask('qC')]).toEqual(['', 'QC01']);
    first.leave();
    const third = await Remote.to(address);
    expect(await third.ask('?')).toBe('T05thread:01;');
  });

  test('Ctrl-C stops a run; who leaves lets it run on, with or without a word; who comes finds it further on', async () => {
    const { address } = await waiting([...QUIET, counting()]);
    const counted = async (remote: Remote): Promise<bigint> => {
      const bytes = await remote.ask('p7');
      return BigInt(`0x${bytes.match(/../g)!.reverse().join('')}`);
    };
    let last = -1n;
    for (const leave of ['D', 'D;1', undefined, undefined]) {
      const remote = await Remote.to(address);
      await remote.ask(`Z0,${(ENTRY - 4).toString(16)},4`);
      let count = await counted(remote);
      // A Ctrl-C may come before the first instruction.
      for (let i = 0; i < GOINGS_ON && count <= last; i++) {
        remote.tell('c');
        expect(await remote.interrupt()).toBe('T02thread:01;');
        count = await counted(remote);
      }
      expect(count).toBeGreaterThan(last);
      last = count;
      expect(await counted(remote)).toBe(count);
      if (leave === undefined) remote.leave();
      else expect(await remote.ask(leave)).toBe('OK');
      await remote.closed;
    }
  });

  test('extended-remote: the connection outlives the detachment, and attaches again', async () => {
    const { address } = await waiting([...QUIET, counting()]);
    const remote = await Remote.to(address);
    expect([await remote.ask('!'), await remote.ask('D;1')]).toEqual(['OK', 'OK']);
    const asked = ['g', 'm80200000,4', 'c', 'vCont;c', 'vAttach;2', 'qC'];
    const answers: string[] = [];
    for (const each of asked) answers.push(await remote.ask(each));
    expect(answers).toEqual(['E22', 'E22', 'E22', 'E22', 'E22', 'QC01']);
    remote.raw(Uint8Array.of(3));
    expect(await remote.ask('vAttach;1')).toBe('T05thread:01;');
    const before = await remote.ask('p7');
    expect(before).not.toBe('0000000000000000');
    expect(await remote.ask('p7')).toBe(before);
  });

  test.each(['k', 'vKill;1'])('%s ends the machine with status 0', async packet => {
    const { target, address } = await waiting([...QUIET, counting()]);
    const remote = await Remote.to(address);
    remote.tell(packet);
    await remote.closed;
    expect([await target.ended, remote.arrived]).toEqual([0, ['W00']]);
  });
});

describe('what is no packet', () => {
  test('garbage, bad checksums, packets that are too long: asked for again or skipped, and the next one is answered', async () => {
    const { address } = await waiting([...QUIET, counting()]);
    const remote = await Remote.to(address);
    for (const [bytes, answer] of [
      ['+++\0\xff}#00garbage', ''],
      ['$g#00', '-'],
      ['$g#zz', '-'],
      ['$#00', '+$#00'],
      ['$qC#b4', '+$QC01#f5'],
      ['$qC$qC#b4', '+$QC01#f5'],
      ['-', '$OK#9a'],
      [`$m${'0'.repeat(PACKET_MAX)}#00`, '-'],
      [`$${'q'.repeat(3 * PACKET_MAX)}#00`, '-'],
      ['$m0}#b4', ''],
    ] as const) {
      remote.received = '';
      remote.raw(bytes);
      // A packet that has no acknowledgement of its own shows where the answer ends; an open one is closed by it.
      remote.raw('$Hg1#e0');
      await remote.until(() => remote.received.endsWith('+$OK#9a'));
      expect([bytes.slice(0, 20), remote.received]).toEqual([bytes.slice(0, 20), `${answer}+$OK#9a`]);
    }
  });

  test.each(['$', '$m8020', '$m80200000,4#', '$m80200000,4#6', '$X80200000,4:}'])(
    'a connection that ends behind %s does no harm',
    async half => {
      const { address } = await waiting([...QUIET, counting()]);
      const remote = await Remote.to(address);
      expect(await remote.ask('m80200000,4')).toBe('93831300');
      remote.raw(half);
      remote.leave();
      await remote.closed;
      const next = await Remote.to(address);
      expect(await next.ask('m80200000,4')).toBe('93831300');
      next.tell('c');
      expect(await next.interrupt()).toBe('T02thread:01;');
    },
  );
});

describe('the end of the machine is the end of the program', () => {
  // QEMU 7.2 says so of semihosting's exit alone; its finisher closes the connection without a word.
  test.each([
    [PASS, 0],
    [FAIL_3, 3],
  ])('finisher %i: W and the status', async (value, status) => {
    const { target, address } = await waiting([...QUIET, ending(`ends-${status}`, value)]);
    const remote = await Remote.to(address);
    remote.tell('c');
    await remote.closed;
    expect([await target.ended, remote.arrived]).toEqual([status, [`W0${status}`]]);
  });

  test('a step that ends it; a reboot is no end', async () => {
    const steps = 40;
    const { target, address } = await waiting([...QUIET, ending('stepped', FAIL_3)]);
    const remote = await Remote.to(address);
    let answer = '';
    for (let i = 0; i < steps && !answer.startsWith('W'); i++) answer = await remote.ask('s');
    expect([answer, await target.ended]).toEqual(['W03', 3]);

    const again = await waiting([...QUIET, ending('reboots', RESET)]);
    const other = await Remote.to(again.address);
    const entry = `Z0,${ENTRY.toString(16)},4`;
    expect(await other.ask(entry)).toBe('OK');
    for (let i = 0; i < 3; i++) expect(await other.ask('c')).toBe('T05thread:01;');
  });
});
