/**
 * Monitor commands (QEMU's names): look at a machine and switch it. Text in, text out; the host brings the terminal. A
 * command is one row; each word of it may be cut short where that leaves one meaning.
 */
import type { Cpu } from '../cpu/cpu.ts';
import type { Machine } from '../machine/machine.ts';
import { deviceTree, drives, memoryTree, networks } from './monitor/board-view.ts';
import { examine } from './monitor/examine.ts';
import { mappings } from './monitor/page-tables.ts';
import { registers } from './monitor/registers.ts';
import { withStore, type SnapshotStore } from './monitor/snapshots.ts';

/** What the host does for the monitor. */
export interface MonitorHost {
  readonly machine: Machine;
  isStopped: boolean;
  /** The hart that commands look at. */
  hart: number;
  /** Absent: a host that keeps none. */
  readonly snapshots?: SnapshotStore;
  /** A debugger hears of the command `stop`. */
  onStopped?: (() => void) | undefined;
  quit(): void;
}

interface MonitorCommand {
  /** Words with single spaces. */
  readonly name: string;
  /** Another name for it, as QEMU has them. */
  readonly alias?: string;
  /** What follows the name, for help. */
  readonly takes?: string;
  readonly help: string;
  /** @param args what stands behind the name; `format` what stands behind a slash */
  run(host: MonitorHost, args: string, format: string): string;
}

const COMMANDS: readonly MonitorCommand[] = [
  { name: 'help', alias: '?', help: 'this list', run: () => COMMANDS.map(helpLine).join('') },
  {
    name: 'info registers',
    takes: '[-a]',
    help: "the hart's registers; -a: all harts'",
    run: (host, args) =>
      (args === '-a' ? host.machine.harts.map((cpu, i) => [cpu, i] as const) : [[selected(host), host.hart] as const])
        .map(([cpu, i]) => registers(cpu, i))
        .join('\n'),
  },
  { name: 'info mem', help: 'what the page tables map', run: host => mappings(selected(host), host.machine.ram) },
  { name: 'info mtree', help: 'the physical address space', run: ({ machine }) => memoryTree(machine) },
  { name: 'info qtree', help: 'the devices', run: ({ machine }) => deviceTree(machine) },
  { name: 'info block', alias: 'info blocks', help: 'the drives', run: ({ machine }) => drives(machine) },
  { name: 'info network', help: 'the network cards and their forwards', run: ({ machine }) => networks(machine) },
  {
    name: 'info cpus',
    help: 'the harts; * is the one that commands look at',
    run: host =>
      host.machine.harts
        .map(
          (cpu, i) =>
            `${i === host.hart ? '*' : ' '} CPU #${i}: pc 0x${cpu.pc.toString(16)}, ${cpu.instret} instructions\n`,
        )
        .join(''),
  },
  {
    name: 'info status',
    help: 'running or stopped, time, instructions',
    run: ({ machine, isStopped }) =>
      `VM status: ${isStopped ? 'paused' : 'running'}, ${(machine.nowMs / 1000).toFixed(3)} s, ${machine.instret} instructions\n`,
  },
  {
    name: 'info snapshots',
    help: 'the snapshots of the current directory',
    run: ({ snapshots }) => withStore(snapshots, store => store.list()),
  },
  {
    name: 'savevm',
    takes: 'NAME',
    help: 'keep this moment in the file NAME.snapshot; a NAME with a dot or slash is a file',
    run: ({ snapshots }, name) => withStore(snapshots, store => store.save(name)),
  },
  {
    name: 'loadvm',
    takes: 'NAME',
    help: 'go back to a moment that was kept',
    run: ({ snapshots }, name) => withStore(snapshots, store => store.load(name)),
  },
  { name: 'cpu', takes: 'N', help: 'choose the hart that commands look at', run: chooseHart },
  {
    name: 'x',
    takes: '/FMT ADDRESS',
    help: 'memory by virtual address, such as x/10i $pc or x/4xg $sp',
    run: (host, args, format) => examine(selected(host), host.machine.ram, format, args, 'virtual'),
  },
  {
    name: 'xp',
    takes: '/FMT ADDRESS',
    help: 'memory by physical address',
    run: (host, args, format) => examine(selected(host), host.machine.ram, format, args, 'physical'),
  },
  {
    name: 'stop',
    alias: 's',
    help: 'stop the machine',
    run: host => {
      setStopped(host, true);
      host.onStopped?.();
      return '';
    },
  },
  { name: 'cont', alias: 'c', help: 'let it go on', run: host => setStopped(host, false) },
  {
    name: 'system_reset',
    help: 'reset the machine',
    run: ({ machine }) => {
      machine.requestReset();
      return '';
    },
  },
  {
    name: 'system_powerdown',
    help: 'end the machine at once, as a power switch does',
    run: ({ machine }) => {
      machine.end(0);
      return '';
    },
  },
  {
    name: 'quit',
    alias: 'q',
    help: 'end with status 0',
    run: host => {
      host.quit();
      return '';
    },
  },
];

/** Runs one line; what it returns is to be printed. */
export function runMonitorCommand(host: MonitorHost, line: string): string {
  const format = /^\s*xp?\s*\/(\S*)/.exec(line);
  const words = line
    .replace(/\/\S*/, format ? '' : '$&')
    .trim()
    .split(/\s+/);
  if (words[0] === '') return '';
  const found = COMMANDS.filter(command => matches(command.name, words) || matches(command.alias, words));
  const exact = found.filter(command =>
    [command.name, command.alias].includes(words.slice(0, length(command)).join(' ')),
  );
  const command = exact[0] ?? (found.length === 1 ? found[0] : undefined);
  if (!command) {
    const choice = found.length > 1 ? `could be ${found.map(c => c.name).join(', ')}` : 'type help for a list';
    return `unknown command: '${line.trim()}'; ${choice}\n`;
  }
  const rest = words.slice(length(command)).join(' ');
  if (rest !== '' && command.takes === undefined) return `${command.name}: takes nothing, '${rest}' is too much\n`;
  return command.run(host, rest, format?.[1] ?? '');
}

const length = (command: MonitorCommand): number => command.name.split(' ').length;

function matches(name: string | undefined, words: readonly string[]): boolean {
  return name?.split(' ').every((part, i) => words[i] !== undefined && part.startsWith(words[i])) ?? false;
}

function helpLine({ name, alias, takes, help }: MonitorCommand): string {
  const names = [`${name}${takes?.startsWith('/') ? '' : ' '}${takes ?? ''}`.trim(), ...(alias ? [alias] : [])].join(
    ', ',
  );
  return `${names.padEnd(24)} ${help}\n`;
}

function selected({ machine, hart }: MonitorHost): Cpu {
  return machine.harts[hart] ?? machine.cpu;
}

function chooseHart(host: MonitorHost, args: string): string {
  if (!/^\d+$/.test(args) || host.machine.harts[Number(args)] === undefined) {
    return `cpu ${args}: the machine has harts 0 to ${host.machine.harts.length - 1}\n`;
  }
  host.hart = Number(args);
  return '';
}

/** Stops the machine behind the instruction in progress, or lets it go on. */
export function setStopped(host: MonitorHost, isStopped: boolean): string {
  host.isStopped = isStopped;
  if (isStopped) host.machine.pause();
  else host.machine.onWake();
  return '';
}
