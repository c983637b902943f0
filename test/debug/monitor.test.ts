/** Monitor commands beside QEMU's: what both print of the same machine in the same state must be the same text. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { viewOf } from '../../emulator/base/bytes.ts';
import { runMonitorCommand, type MonitorHost } from '../../emulator/debug/monitor.ts';
import { satp } from '../../emulator/isa/csr-numbers.ts';
import { Machine } from '../../emulator/machine/machine.ts';
import { elf, Program, R, testConfig } from '../../emulator/machine/test-kernel.ts';
import { hasQemu } from '../lib/qemu.ts';

const BASE = 0x8000_0000;
const ROOT = BASE + 0x1000;
const MIDDLE = BASE + 0x2000;
const LEAVES = BASE + 0x3000;
const SV39 = 8;

const pte = (pa: number, bits: number): bigint => (BigInt(pa >>> 12) << 10n) | BigInt(bits);
const V = 1;
const [RX, RW, RO] = [0xa, 0x6, 0x2];
const [U, G, A, D] = [0x10, 0x20, 0x40, 0x80];

/** Sets satp and a few registers, then spins in M-mode. */
function program(): Uint8Array {
  const code = new Program()
    .li(R.t0, SV39)
    .op('slli', { rd: R.t0, rs1: R.t0, imm: 60 })
    .li(R.t1, ROOT >>> 12)
    .op('add', { rd: R.t0, rs1: R.t0, rs2: R.t1 })
    .op('csrrw', { rd: 0, rs1: R.t0, uimm: satp, imm: satp })
    .li(R.a0, 0x1234_5678)
    .spin()
    .bytes();
  const image = new Uint8Array(0x4000);
  image.set(code);
  const view = viewOf(image);
  const put = (table: number, index: number, value: bigint): void =>
    view.setBigUint64(table - BASE + 8 * index, value, true);
  put(ROOT, 2, pte(BASE, RX | RW | V | A | D));
  put(ROOT, 5, pte(0x4000_0000, RW | V | G));
  put(ROOT, 511, pte(MIDDLE, V));
  put(MIDDLE, 0, pte(0x8020_0000, RX | V | A));
  put(MIDDLE, 1, pte(0x8040_0000, RX | V | A));
  put(MIDDLE, 2, pte(0x8080_0000, RX | V | A));
  put(MIDDLE, 511, pte(LEAVES, V));
  for (let i = 0; i < 8; i++) put(LEAVES, i, pte(BASE + 0x1000 * i, RO | U | V | (i < 4 ? A : 0)));
  put(LEAVES, 511, pte(BASE, RW | U | V));
  return image;
}

const COMMANDS = [
  'info mem',
  'x/4xw 0x80001010',
  'x/5xb 0x80000000',
  'x/2dh 0x80000000',
  'x/2dg 0x80001ff0',
  'x/9cb 0x80000000',
  'x/3og 0x80002000',
  'x/2ug 0x80002000',
  'xp/4xg 0x80002ff8',
  'xp /2xw 0x80000000',
  'x/1xw 0x90000000',
];

describe.skipIf(!hasQemu())('beside QEMU', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-monitor-'));
  const kernel = join(folder, 'kernel.elf');
  let qemu: ReadonlyMap<string, string>;
  let host: MonitorHost;

  beforeAll(async () => {
    writeFileSync(kernel, elf(program(), BASE));
    qemu = await askQemu(kernel, [...COMMANDS, 'info registers']);
    const machine = new Machine(
      testConfig(new Program(), { bios: 'none', kernel: { name: 'k', bytes: elf(program(), BASE) } }),
    );
    machine.powerOn();
    machine.advance(1000);
    host = { machine, isStopped: true, hart: 0, quit: () => {} };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(COMMANDS)('%s', command => {
    expect(runMonitorCommand(host, command)).toBe(qemu.get(command)!.replaceAll('\r\n', '\n'));
  });

  test('info registers: every line of ours that is no CSR of a later extension stands there too', () => {
    const theirs = new Set(
      qemu
        .get('info registers')!
        .split('\r\n')
        .map(line => line.trim()),
    );
    const ours = runMonitorCommand(host, 'info registers')
      .split('\n')
      .map(line => line.trim());
    // a1 is the device tree's address, t0 and t1 are the program's; the rest of the integer registers are the ROM's business.
    const comparable = ours.filter(line => /^(pc|satp|m|s|f\d)/.test(line) && !/^(mode|mip|mstatus)/.test(line));
    expect(comparable.length).toBeGreaterThan(15);
    expect(comparable.filter(line => !theirs.has(line))).toEqual([]);
  });
});

/** The answers of a QEMU that has run `kernel` for a while, over QMP. */
function askQemu(kernel: string, commands: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const args = [
    '-M',
    'virt',
    '-m',
    '16M',
    '-cpu',
    'rv64,h=off',
    '-bios',
    'none',
    '-kernel',
    kernel,
    '-display',
    'none',
    '-qmp',
    'stdio',
  ];
  const child = spawn('qemu-system-riscv64', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = new Map<string, string>();
  const queue = [...commands];
  const tell = (message: object): void => void child.stdin.write(`${JSON.stringify(message)}\n`);
  const ask = (): void => {
    const next = queue[0];
    if (next === undefined) tell({ execute: 'quit' });
    else tell({ execute: 'human-monitor-command', arguments: { 'command-line': next } });
  };
  let text = '';
  child.stdout.on('data', bytes => {
    text += String(bytes);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const message = JSON.parse(text.slice(0, end)) as { QMP?: unknown; return?: unknown };
      text = text.slice(end + 1);
      if (message.QMP) tell({ execute: 'qmp_capabilities' });
      else if (typeof message.return === 'string') {
        answers.set(queue.shift()!, message.return);
        ask();
      } else if (message.return) setTimeout(ask, 200); // the program has long reached its spin
    }
  });
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`QEMU answered ${answers.size} of ${commands.length} commands in 20 s`));
    }, 20_000);
    child.on('exit', () => {
      clearTimeout(deadline);
      resolve(answers);
    });
  });
}
