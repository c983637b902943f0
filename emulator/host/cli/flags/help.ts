/** `--help` and docs/FLAGS.md, printed from the flag table. */
import { EXTENSIONS } from '../../../isa/extensions.ts';
import { DEVICE_MODELS } from './device-models.ts';
import { FLAGS, type Flag } from './flags.ts';

/** What a status of ours means; the guest's own are passed through. */
const STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  [
    'n',
    "the guest's own: of the command behind `--`, of the console's shell, or through the test finisher; 255 is a kernel panic",
  ],
  ['0', 'powered off, or Ctrl-A x'],
  ['124', '-timeout is over'],
  ['125', 'could not start: two lines on stderr say why and what to do'],
  ['130', 'interrupted (Ctrl-C without a terminal)'],
];

const KEYS: readonly (readonly [key: string, meaning: string])[] = [
  ['Ctrl-A x', 'quit'],
  ['Ctrl-A c', 'monitor, and back'],
  ['Ctrl-A h', 'help on these keys'],
  ['Ctrl-A Ctrl-A', 'send Ctrl-A'],
];

const INTRO = `Boots a RISC-V machine (QEMU's virt board) with its serial console on this terminal. Without flags: the kernel and the
root image of images/out/. With a command behind --, the guest's shell runs it, and its status is ours.`;

const PIPE_NOTE = `Without a terminal on stdin, what is piped in is typed at the console, and its end is passed on as Ctrl-D (again
whenever the guest has been silent for a quarter of a second), so that the shell ends and the machine powers off.`;

/** Of the second column, and of the whole. */
const COLUMN = 30;
const WIDTH = 118;

export function helpText(): string {
  const rows = FLAGS.map(flag => entry(usage(flag), flag.help));
  return [
    'usage: qemu-like [flags] [-- command…]',
    '',
    INTRO,
    '',
    ...rows,
    '',
    'keys:',
    ...KEYS.map(([key, meaning]) => entry(key, meaning)),
    '',
    'exit status:',
    ...STATUSES.map(([status, meaning]) => entry(status, meaning)),
    '',
    PIPE_NOTE,
    '',
  ].join('\n');
}

/** What `-M help` and the like print. */
export function listText(of: 'machines' | 'cpus' | 'devices' | 'accels'): string {
  switch (of) {
    case 'machines':
      return `Supported machines are:\n${'virt'.padEnd(21)}RISC-V VirtIO board (default)\n`;
    case 'cpus':
      return ['rv64', 'max', '', 'extensions:', ...EXTENSIONS.map(({ name, help }) => entry(name, help)), ''].join(
        '\n',
      );
    case 'devices':
      return DEVICE_MODELS.map(({ name, alias, bus, props }) => {
        const where = bus === 'pci' ? ', bus PCI' : bus === 'mmio' ? ', bus virtio-bus' : '';
        const also = alias === undefined ? '' : `, alias "${alias}"`;
        return `name "${name}"${where}${also}: ${props.join(', ')}\n`;
      }).join('');
    case 'accels':
      return 'Accelerators supported by qemu-like:\ntcg (the interpreter)\n';
  }
}

export function keysText(): string {
  return KEYS.map(([key, meaning]) => `${entry(key, meaning)}\n`).join('');
}

export function flagsMarkdown(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const table = (head: string, rows: readonly (readonly string[])[]): string[] => [
    head,
    '|---|---|',
    ...rows.map(row => `| ${row.map(cell).join(' | ')} |`),
    '',
  ];
  return [
    '# Flags of qemu-like',
    '',
    '<!-- Generated from emulator/host/cli/flags/flags.ts. -->',
    '',
    `${INTRO} A flag has one dash or two; "ours" marks what QEMU has not.`,
    '',
    ...table(
      '| flag | meaning |',
      FLAGS.map(f => [`\`${usage(f)}\``, f.isOurs ? `${f.help} (ours)` : f.help]),
    ),
    '## Keys',
    '',
    ...table('| key | meaning |', KEYS),
    '## Exit status',
    '',
    ...table('| status | meaning |', STATUSES),
    PIPE_NOTE,
    '',
  ].join('\n');
}

function usage(flag: Flag): string {
  return `-${flag.names[0]}${flag.argument === undefined ? '' : ` ${flag.argument}`}`;
}

/** Two columns; what is too wide for the first stands on a line of its own. */
function entry(left: string, right: string): string {
  const indent = `\n  ${' '.repeat(COLUMN)}`;
  const meaning = wrapped(right, WIDTH - COLUMN).join(indent);
  return left.length < COLUMN ? `  ${left.padEnd(COLUMN)}${meaning}` : `  ${left}${indent}${meaning}`;
}

/** Lines of at most `width` characters, broken between words. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
