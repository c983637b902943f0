/** Debian's Linux: from process start to the first line of init, and its disks on both transports, beside QEMU's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { powerOn } from '../../emulator/host/node/index.ts';
import { debianLinux } from '../debian/linux.ts';
import { ConsoleSession } from './console-session.ts';
import type { Figure } from './figures.ts';
import { instructionsUntil } from './instructions.ts';
import { machinesOf, type PeerMachine } from './machines.ts';

const MODULES = ['virtio_mmio', 'virtio_blk'];
const HEADLINE = 'echo; echo init runs\n';
const INIT_LINE = /init runs/;
/** A loop in place of an interactive shell: that one asks the terminal for its size behind each prompt. */
const COMMANDS = `dmesg -n 1
printf '# '
while read -r line; do eval "$line"; printf '# '; done
`;
const PROMPT = /^# $/m;
const APPEND = 'console=ttyS0';
const MEMORY_MIB = 256;
const RUNS = 3;
/** Of a thousand million: as near as the figure needs. */
const STEP_INSTRUCTIONS = 20_000;
const HARTS = [1, 4];

const DISK_MIB = 128;
const SMALL_BYTES = 4096;
const SMALL_COUNT = 4000;
const MB = 1e6;

/** Paths of files. */
interface Guest {
  readonly kernel: string;
  readonly initrd: string;
}

export async function linuxFigures(): Promise<Figure[]> {
  const debian = debianLinux();
  if (debian === null) {
    process.stderr.write("bench: Debian's packages cannot be downloaded here: no rows of Linux\n");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), 'strata-linux-'));
  try {
    const linux: Guest = { kernel: debian.kernel, initrd: join(folder, 'initrd') };
    writeFileSync(linux.initrd, debian.initrd({ modules: MODULES, first: HEADLINE, then: COMMANDS }));
    const figures: Figure[] = [];
    for (const harts of HARTS) figures.push(...(await bootFigures(linux, harts)));
    return [...figures, ...(await diskFigures(linux, folder))];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function machines(linux: Guest, more: readonly string[]): [ours: PeerMachine, theirs?: PeerMachine] {
  const args = ['-M', 'virt', '-m', `${MEMORY_MIB}M`, '-nographic', '-bios', 'default'];
  return machinesOf([...args, '-kernel', linux.kernel, '-initrd', linux.initrd, '-append', APPEND, ...more]);
}

async function bootFigures(linux: Guest, harts: number): Promise<Figure[]> {
  const name = `process start to init, -smp ${harts}`;
  const [our, their] = machines(linux, ['-smp', `${harts}`]);
  const ours: number[] = [];
  const theirs: number[] = [];
  // In turn, so that what else the host does meets both.
  for (let run = 0; run < RUNS; run++) {
    ours.push(await msToInit(our));
    if (their) theirs.push(await msToInit(their));
  }
  const vm = powerOn({ ...linux, append: APPEND, memoryMiB: MEMORY_MIB, harts, drives: [] });
  return [
    {
      group: 'linux',
      name,
      value: Math.min(...ours) / 1000,
      unit: 's',
      ...(their ? { peer: { name: 'qemu', value: Math.min(...theirs) / 1000 } } : {}),
    },
    {
      group: 'linux',
      name: `kernel entry to init, -smp ${harts}`,
      value: instructionsUntil(vm, INIT_LINE, STEP_INSTRUCTIONS),
      unit: 'instructions',
    },
  ];
}

async function msToInit({ command, args }: PeerMachine): Promise<number> {
  const session = new ConsoleSession(command, args);
  try {
    return await session.waitFor(INIT_LINE);
  } finally {
    session.kill();
  }
}

/** dd past the guest's page cache, so that each of its requests is one of the device. */
const DISK_ROWS = [
  { name: 'reads', argument: (disk: string) => `if=${disk} of=/dev/null iflag=direct` },
  { name: 'writes', argument: (disk: string) => `if=/dev/zero of=${disk} oflag=direct` },
];

async function diskFigures(linux: Guest, folder: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const model of ['virtio-blk-device', 'virtio-blk-pci']) {
    const image = join(folder, `${model}.img`);
    // Written, not sparse: what is measured is the device and not the host's holes.
    writeFileSync(image, Buffer.alloc(DISK_MIB << 20, 0x5a));
    const [our, their] = machines(linux, [
      '-drive',
      `file=${image},format=raw,if=none,id=d`,
      '-device',
      `${model},drive=d`,
    ]);
    const ours = await diskSpeeds(our);
    const theirs = their && (await diskSpeeds(their));
    ours.forEach(({ name, unit, value }, i) => {
      const peer = theirs && { peer: { name: 'qemu', value: theirs[i]!.value } };
      figures.push({ group: 'linux', name: `${model} ${name}`, value, unit, ...peer });
    });
  }
  return figures;
}

async function diskSpeeds({ command, args }: PeerMachine): Promise<{ name: string; unit: string; value: number }[]> {
  const session = new ConsoleSession(command, args);
  try {
    await session.waitFor(PROMPT);
    await session.run('true');
    const speeds: { name: string; unit: string; value: number }[] = [];
    for (const { name, argument } of DISK_ROWS) {
      const dd = `dd ${argument('/dev/vda')} 2>/dev/null`;
      const largeMs = await fastest(session, `${dd} bs=1M count=${DISK_MIB}`);
      const smallMs = await fastest(session, `${dd} bs=${SMALL_BYTES} count=${SMALL_COUNT}`);
      speeds.push(
        { name: `${name}, 1 MiB each`, unit: 'MB/s', value: (DISK_MIB << 20) / MB / (largeMs / 1000) },
        { name: `${name}, 4 KiB each`, unit: 'IOPS', value: SMALL_COUNT / (smallMs / 1000) },
      );
    }
    return speeds;
  } finally {
    session.kill();
  }
}

async function fastest(session: ConsoleSession, line: string): Promise<number> {
  let ms = Infinity;
  for (let run = 0; run < RUNS; run++) ms = Math.min(ms, await session.run(line));
  return ms;
}
