/** Monitor commands (QEMU's names): look at a machine and switch it. Text in, text out; the host brings the terminal. */
import { Privilege, type Cpu } from '../cpu/cpu.ts';
import { X_NAMES } from '../isa/registers.ts';
import type { Machine } from '../machine/machine.ts';

/** What the host does for the monitor. */
export interface MonitorHost {
  readonly machine: Machine;
  isStopped: boolean;
  quit(): void;
}

interface MonitorCommand {
  readonly name: string;
  readonly help: string;
  run(host: MonitorHost): string;
}

const COMMANDS: readonly MonitorCommand[] = [
  { name: 'help', help: 'this list', run: () => COMMANDS.map(c => `${c.name.padEnd(16)} ${c.help}\n`).join('') },
  { name: 'info registers', help: "the hart's registers", run: ({ machine }) => registers(machine.cpu) },
  {
    name: 'info status',
    help: 'running or stopped, time, instructions',
    run: ({ machine, isStopped }) =>
      `${isStopped ? 'stopped' : 'running'}, ${(machine.nowMs / 1000).toFixed(3)} s, ${machine.cpu.instret} instructions\n`,
  },
  { name: 'stop', help: 'stop the machine', run: host => setStopped(host, true) },
  { name: 'cont', help: 'let it go on', run: host => setStopped(host, false) },
  {
    name: 'system_reset',
    help: 'reset the machine',
    run: ({ machine }) => {
      machine.requestReset();
      return '';
    },
  },
  {
    name: 'quit',
    help: 'end with status 0',
    run: host => {
      host.quit();
      return '';
    },
  },
];

const CSRS: readonly (readonly [name: string, number: number])[] = [
  ['mstatus', 0x300],
  ['mip', 0x344],
  ['mie', 0x304],
  ['mideleg', 0x303],
  ['medeleg', 0x302],
  ['mtvec', 0x305],
  ['stvec', 0x105],
  ['mepc', 0x341],
  ['sepc', 0x141],
  ['mcause', 0x342],
  ['scause', 0x142],
  ['mtval', 0x343],
  ['stval', 0x143],
  ['satp', 0x180],
];

/** Runs one line; what it returns is to be printed. */
export function runMonitorCommand(host: MonitorHost, line: string): string {
  const words = line.trim().replace(/\s+/g, ' ');
  if (words === '') return '';
  const matches = COMMANDS.filter(command => command.name === words);
  const command = matches[0] ?? onlyOne(COMMANDS.filter(c => c.name.startsWith(words)));
  return command ? command.run(host) : `unknown command: ${words}; type help\n`;
}

function onlyOne<T>(found: readonly T[]): T | undefined {
  return found.length === 1 ? found[0] : undefined;
}

function setStopped(host: MonitorHost, isStopped: boolean): string {
  host.isStopped = isStopped;
  if (isStopped) host.machine.pause();
  else host.machine.onWake();
  return '';
}

function registers(cpu: Cpu): string {
  const hex = (value: bigint): string => value.toString(16).padStart(16, '0');
  const mode = { [Privilege.U]: 'U', [Privilege.S]: 'S', [Privilege.M]: 'M' }[cpu.privilege];
  const cells = [
    `pc       ${hex(cpu.pc)}`,
    `mode     ${mode}`.padEnd(25),
    ...CSRS.map(([name, number]) => `${name.padEnd(8)} ${hex(cpu.getCsr(number) ?? 0n)}`),
    ...X_NAMES.map((name, i) => `${name.padEnd(8)} ${hex(cpu.getReg(i))}`),
  ];
  const lines: string[] = [];
  for (let i = 0; i < cells.length; i += 4) lines.push(cells.slice(i, i + 4).join('  '));
  return `${lines.join('\n')}\n`;
}
