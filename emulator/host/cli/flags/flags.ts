/** The command line, one row for each flag: the parser, `--help` and docs/FLAGS.md read this table. */
import { UserError } from '../../../base/user-error.ts';
import { HARTS_MAX, ICOUNT_SHIFT_AUTO } from '../../../machine/config.ts';
import { EXTENSIONS } from '../../../isa/extensions.ts';
import { addFlash, applyFwCfg, applyHarts, applyMachine, applyMemory } from './board-flags.ts';
import { parseCpu } from './cpu-flag.ts';
import { checkDevice, DEVICE_MODELS } from './device-models.ts';
import { applyBlockdev, applyDrive } from './drive-flags.ts';
import { nearestHint } from './nearest.ts';
import { applyNet, applyNetdev, applyNic } from './net-flags.ts';
import { applyObject } from './object-flags.ts';
import { parseProps, splitFirst } from './option-list.ts';
import { LOG_ITEMS } from './log-items.ts';
import { applyChardev, applyMon, applyMonitor, applySerial } from './stream-flags.ts';
import type { CliOptions, DeviceFlag } from './options.ts';

export interface Flag {
  /** First the name that help shows. */
  readonly names: readonly string[];
  /** Name of its argument, where it takes one. */
  readonly argument?: string;
  readonly help: string;
  /** Not QEMU's. */
  readonly isOurs?: boolean;
  apply(options: CliOptions, value: string): void;
}

const ICOUNT_MAX = 10;
/** One argument, and no effect on what a guest can see. */
const ACCEPTED = ['msg', 'sandbox', 'overcommit'];

export const FLAGS: readonly Flag[] = [
  {
    names: ['M', 'machine'],
    argument: 'virt[,dumpdtb=FILE,aclint=on|off]',
    help: 'the board; there is one. dumpdtb: write its device tree to FILE, and end; aclint: MSWI, MTIMER and SSWI devices instead of a CLINT',
    apply: applyMachine,
  },
  {
    names: ['cpu'],
    argument: 'rv64|max[,EXT=on|off…]',
    help: `the processor; extensions are ${EXTENSIONS.map(({ name }) => name).join(', ')} (all on but svinval); max: all on`,
    apply: (o, v) => {
      if (v === 'help' || v === '?') o.show = 'cpus';
      else o.cpu = parseCpu(v);
    },
  },
  {
    names: ['m'],
    argument: '[size=]SIZE',
    help: 'guest memory: MiB, or with suffix M or G (128M)',
    apply: applyMemory,
  },
  {
    names: ['smp'],
    argument: '[cpus=]N',
    help: `number of harts, 1 to ${HARTS_MAX} (1); sockets=, cores= and threads= must multiply to it`,
    apply: applyHarts,
  },
  {
    names: ['kernel'],
    argument: 'FILE',
    help: 'ELF or Linux Image to start (images/out/kernel.elf, with images/out/rootfs.img as first drive)',
    apply: (o, v) => (o.kernel = v),
  },
  { names: ['initrd'], argument: 'FILE', help: 'initial RAM disk for the kernel', apply: (o, v) => (o.initrd = v) },
  {
    names: ['dtb'],
    argument: 'FILE',
    help: "a device tree instead of the board's own; -append, -initrd and a seed still go into its /chosen",
    apply: (o, v) => (o.dtb = v),
  },
  { names: ['append'], argument: 'TEXT', help: "the kernel's command line", apply: (o, v) => (o.append = v) },
  {
    names: ['bios'],
    argument: 'default|none|FILE',
    help: 'SBI built in; none: the kernel starts in M-mode; or firmware such as OpenSBI',
    apply: (o, v) => (o.bios = v),
  },
  {
    names: ['fw_cfg'],
    argument: 'name=NAME,file=F|string=TEXT',
    help: 'a file that firmware and Linux (/sys/firmware/qemu_fw_cfg) find by NAME, which should begin with opt/',
    apply: applyFwCfg,
  },
  {
    names: ['drive'],
    argument: 'file=F,format=raw|qcow2,if=virtio|none|pflash[,id=X,readonly=on]',
    help: 'a disk image: a disk on PCI, with if=none the drive of a -device, with if=pflash,unit=0|1 a bank of flash; qcow2 needs readonly=on or -snapshot',
    apply: applyDrive,
  },
  {
    names: ['blockdev'],
    argument: 'driver=raw|qcow2|file,node-name=X,file.driver=file,file.filename=F',
    help: 'a disk image for -device …,drive=X; or driver=file,node-name=F,filename=F in front of driver=raw,node-name=X,file=F',
    apply: applyBlockdev,
  },
  {
    names: ['pflash'],
    argument: 'FILE',
    help: 'as -drive if=pflash,format=raw: the next bank of flash, 32 MiB. Harts start in bank 0, in M-mode; bank 1 is S-mode firmware',
    apply: (o, v) =>
      addFlash(o, { file: v, id: '', isReadOnly: false, format: 'raw', isVirtio: false }, undefined, `-pflash ${v}`),
  },
  {
    names: ['device'],
    argument: 'MODEL[,PROP=VALUE…]',
    help: `${DEVICE_MODELS.map(({ name }) => name).join(', ')}; the first gets the first slot`,
    apply: applyDevice,
  },
  {
    names: ['netdev'],
    argument: 'user,id=X[,hostfwd=…,guestfwd=…]',
    help: 'a network of the guest and the loopback of the host, for -device virtio-net-pci,netdev=X (docs/network.md)',
    apply: applyNetdev,
  },
  {
    names: ['nic'],
    argument: 'user[,OPTION=…]|none',
    help: '-netdev user and -device virtio-net-pci in one; without any of them there is no network card',
    apply: applyNic,
  },
  { names: ['net'], argument: 'none', help: 'as -nic none', apply: applyNet },
  {
    names: ['object'],
    argument: 'filter-dump,id=X,netdev=N,file=F|rng-random,id=X',
    help: 'filter-dump: write all packets of a -netdev to F, in the format of tcpdump and Wireshark; rng-random: for -device virtio-rng-pci,rng=X',
    apply: applyObject,
  },
  {
    names: ['chardev'],
    argument: 'null|file|stdio|socket,id=X[,path=F|host=H,port=P][,server=on,wait=off,telnet=on]',
    help: 'the host end of a virtconsole, of -serial chardev:X or -mon chardev=X; a socket is at a path or of TCP (127.0.0.1 unless given)',
    apply: applyChardev,
  },
  {
    names: ['rtc'],
    argument: 'base=utc|DATE',
    help: 'time of day at power-on, such as base=2026-01-31T12:00:00 (the host’s; with -icount 2026-01-01)',
    apply: applyRtc,
  },
  { names: ['display'], argument: 'none', help: 'there is no display', apply: only('display', 'none') },
  {
    names: ['monitor'],
    argument: 'none|stdio|unix:PATH|tcp:H:P|telnet:H:P|chardev:X',
    help: 'a monitor there, too; that of the console is at Ctrl-A c',
    apply: applyMonitor,
  },
  { names: ['mon'], argument: 'chardev=X', help: 'as -monitor chardev:X', apply: applyMon },
  { names: ['nodefaults'], help: 'accepted: there are no default devices to leave out', apply: () => {} },
  { names: ['name'], argument: 'NAME', help: 'accepted', apply: () => {} },
  { names: ['nographic'], help: 'serial console on stdio; there is no other', apply: () => {} },
  {
    names: ['serial'],
    argument: 'mon:stdio|file:F|unix:PATH|tcp:H:P|telnet:H:P|chardev:X|none',
    help: 'where the serial console goes; sockets take ,server=on,wait=off',
    apply: applySerial,
  },
  {
    names: ['pidfile'],
    argument: 'FILE',
    help: 'write our process id there, and remove it at the end',
    apply: (o, v) => (o.pidFile = v),
  },
  { names: ['singlestep', 'one-insn-per-tb'], help: 'accepted: each instruction is one already', apply: () => {} },
  ...ACCEPTED.map(name => ({
    names: [name],
    argument: 'WORD',
    help: "accepted: it concerns QEMU's process alone",
    apply: () => {},
  })),
  { names: ['vga'], argument: 'none', help: 'there is no display', apply: only('vga', 'none') },
  { names: ['parallel'], argument: 'none', help: 'there is no parallel port', apply: only('parallel', 'none', 'null') },
  { names: ['no-user-config'], help: 'accepted: there is none', apply: () => {} },
  { names: ['snapshot'], help: 'writes to drives stay in memory and are lost', apply: o => (o.isSnapshot = true) },
  {
    names: ['loadvm'],
    argument: 'NAME',
    help: 'go on from a snapshot of savevm: NAME.snapshot, or a file when NAME has a dot or slash. The machine is the one it has; a -drive says where an image lies now',
    apply: (o, v) => (o.loadvm = v),
  },
  { names: ['no-reboot'], help: 'a reboot of the guest ends the machine', apply: o => (o.isRebootRefused = true) },
  {
    names: ['icount'],
    argument: 'N|auto',
    help: 'virtual time: an instruction takes 2^N ns (auto: 3)',
    apply: applyIcount,
  },
  {
    names: ['global'],
    argument: 'virtio-mmio.force-legacy=true|false',
    help: 'virtio-mmio version 1 (the default, as QEMU 7.2) or 2',
    apply: applyGlobal,
  },
  {
    names: ['gdb'],
    argument: 'tcp:[HOST]:PORT|unix:PATH|none',
    help: 'wait for gdb there (target remote :PORT); HOST is 127.0.0.1 unless given',
    apply: applyGdb,
  },
  { names: ['s'], help: '-gdb tcp::1234', apply: o => applyGdb(o, 'tcp::1234') },
  {
    names: ['S'],
    help: 'start stopped: continue from gdb, or with cont in the monitor (Ctrl-A c)',
    apply: o => (o.startsStopped = true),
  },
  { names: ['d'], argument: 'ITEM,…', help: `log to stderr: ${LOG_ITEMS.join(', ')}`, apply: applyLog },
  { names: ['D'], argument: 'FILE', help: 'log to FILE instead', apply: (o, v) => (o.logFile = v) },
  {
    names: ['accel'],
    argument: 'interp',
    help: 'how instructions run; tcg means it too',
    isOurs: true,
    apply: applyAccel,
  },
  {
    names: ['timeout'],
    argument: 'TIME',
    help: 'end with status 124 after TIME of the guest (30s, 500ms, 2m)',
    isOurs: true,
    apply: applyTimeout,
  },
  {
    names: ['report'],
    argument: 'FILE',
    help: 'write exit status, times and instruction count as JSON',
    isOurs: true,
    apply: (o, v) => (o.reportFile = v),
  },
  {
    names: ['profile'],
    argument: 'FILE.cpuprofile',
    help: 'sample what runs in the guest each 0.1 ms of its time; Chrome DevTools and VS Code show the file',
    isOurs: true,
    apply: (o, v) => (o.profileFile = v),
  },
  {
    names: ['symbols'],
    argument: 'FILE',
    help: 'names for -profile besides those of -kernel: an ELF file, System.map or /proc/kallsyms',
    isOurs: true,
    apply: (o, v) => o.symbolFiles.push(v),
  },
  {
    names: ['tohost'],
    help: 'run a test program that ends (1: status 0, else half of it) and prints through its symbol tohost, with no firmware, from its ELF entry',
    isOurs: true,
    apply: applyTohost,
  },
  {
    names: ['signature'],
    argument: 'FILE',
    help: 'as -tohost; at the end, write the memory from begin_signature to end_signature to FILE',
    isOurs: true,
    apply: (o, v) => {
      applyTohost(o);
      o.signatureFile = v;
    },
  },
  {
    names: ['signature-granularity'],
    argument: 'BYTES',
    help: 'bytes on a line of the signature (16)',
    isOurs: true,
    apply: applyGranularity,
  },
  { names: ['version'], help: 'print the version', apply: o => (o.show = 'version') },
  {
    names: ['help', 'h'],
    help: 'print this; -M, -cpu, -device and -accel help list their words',
    apply: o => (o.show = 'help'),
  },
];

function bad(flag: string, value: string, hint: string): UserError {
  return new UserError(`-${flag} ${value}: not understood`, hint);
}

/** A flag of QEMU's that has one possible value here. */
function only(flag: string, ...values: readonly string[]): Flag['apply'] {
  return (_options, given) => {
    if (!values.includes(given)) throw bad(flag, given, `only -${flag} ${values[0]} is possible`);
  };
}

function applyAccel(options: CliOptions, value: string): void {
  if (value === 'help' || value === '?') {
    options.show = 'accels';
    return;
  }
  if (value !== 'interp' && value.split(',')[0] !== 'tcg') throw bad('accel', value, 'only -accel interp is possible');
}

/** QEMU's form: no zone, which means UTC. */
function applyRtc(options: CliOptions, value: string): void {
  const props = parseProps(value);
  const base = props.get('base') ?? 'utc';
  const unknown = [...props.keys()].find(name => name !== 'base' && name !== 'clock');
  const epochMs = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?$/.test(base)
    ? Date.parse(`${base.padEnd(19, 'T00:00:00')}Z`)
    : NaN;
  if (unknown !== undefined || (base !== 'utc' && Number.isNaN(epochMs)))
    throw bad('rtc', value, 'write base=utc or base=2026-01-31T12:00:00');
  options.epochMs = base === 'utc' ? undefined : epochMs;
}

function applyTohost(options: CliOptions): void {
  options.isTohost = true;
  if (options.bios === 'default') options.bios = 'none';
}

function applyGranularity(options: CliOptions, value: string): void {
  const bytes = Number(value);
  if (![1, 2, 4, 8, 16, 32, 64].includes(bytes)) throw bad('signature-granularity', value, 'write 4, 8 or 16');
  options.signatureGranularity = bytes;
}

function splitModel(value: string): DeviceFlag {
  const [model, rest] = splitFirst(value);
  return { model, props: parseProps(rest) };
}

function applyDevice(options: CliOptions, value: string): void {
  if (value === 'help' || value === '?') {
    options.show = 'devices';
    return;
  }
  const device = splitModel(value);
  checkDevice(device);
  options.devices.push(device);
}

function applyIcount(options: CliOptions, value: string): void {
  const text = value.replace(/^shift=/, '').replace(/,.*$/, '');
  const shift = text === 'auto' ? ICOUNT_SHIFT_AUTO : /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(shift <= ICOUNT_MAX)) throw bad('icount', value, `write a number from 0 to ${ICOUNT_MAX}, or auto`);
  options.icountShift = shift;
}

function applyGlobal(options: CliOptions, value: string): void {
  const match = /^virtio-mmio\.force-legacy=(true|false|on|off)$/.exec(value);
  if (!match) throw bad('global', value, 'only virtio-mmio.force-legacy=true|false is possible');
  options.isVirtioLegacy = match[1] === 'true' || match[1] === 'on';
}

function applyGdb(options: CliOptions, value: string): void {
  const tcp = /^tcp:(?:\[(.*)\]|([^,]*?)):(\d+)(?:,.*)?$/.exec(value);
  const unix = /^unix:([^,]+)(?:,.*)?$/.exec(value);
  const port = Number(tcp?.[3]);
  if (value === 'none') options.gdb = undefined;
  else if (tcp && port < 0x10000) options.gdb = { kind: 'tcp', host: tcp[1] || tcp[2] || '127.0.0.1', port };
  else if (unix) options.gdb = { kind: 'unix', path: unix[1]! };
  else throw bad('gdb', value, 'write tcp::PORT, tcp:HOST:PORT or unix:PATH');
}

function applyLog(options: CliOptions, value: string): void {
  for (const item of value.split(',')) {
    if (!LOG_ITEMS.includes(item))
      throw bad('d', value, `${nearestHint(item, LOG_ITEMS)}known are ${LOG_ITEMS.join(', ')}`);
    options.logItems.push(item);
  }
}

function applyTimeout(options: CliOptions, value: string): void {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(value);
  if (!match) throw bad('timeout', value, 'write a time such as 30s, 500ms or 2m');
  options.timeoutMs = Number(match[1]) * { ms: 1, s: 1000, m: 60_000 }[(match[2] ?? 's') as 'ms' | 's' | 'm'];
}
